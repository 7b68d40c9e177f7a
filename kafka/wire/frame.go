package wire

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// FrameOptions bound what a [FrameReader] takes. All of them are set: none has a default.
type FrameOptions struct {
	MaxBytes int32               // of one frame
	Idle     time.Duration       // how long the next request may be awaited
	Stall    time.Duration       // how long a request may stop in its middle
	Budget   *semaphore.Weighted // bytes of frames above 64 KiB, of all connections
}

// FrameReader cuts requests off a connection. Next is for one goroutine; the
// other methods may be called by any at any time.
type FrameReader struct {
	conn    net.Conn
	buf     *bufio.Reader
	o       FrameOptions
	stopped atomic.Bool
}

// NewFrameReader makes the reader of a connection. It sets the connection's read deadlines and closes nothing: the
// connection stays the caller's. The budget is shared by the readers of all connections.
func NewFrameReader(conn net.Conn, o FrameOptions) *FrameReader {
	return &FrameReader{conn: conn, buf: bufio.NewReaderSize(conn, readBuffer), o: o}
}

// Frame is one request without its length. Its memory is never used again by the reader: what is decoded from it may
// refer to it for as long as it likes.
type Frame struct {
	Bytes []byte
	held  int64 // of the budget
}

// Stop makes Next return [ErrStopped], also while it waits. What has come of a request is lost. Only the first call
// does anything: the deadline of reads belongs to whoever reads the connection afterwards. It never blocks.
func (r *FrameReader) Stop() {
	if r.stopped.Swap(true) {
		return
	}
	// Long over, so that a read that waits returns at once. A connection that is closed has no read to end.
	_ = r.conn.SetReadDeadline(time.Unix(1, 0))
}

// Stopped tells whether Stop was called.
func (r *FrameReader) Stopped() bool { return r.stopped.Load() }

// deadline sets how long a read may take. After Stop there is no more time.
func (r *FrameReader) deadline(d time.Duration) error {
	if err := r.conn.SetReadDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	if r.stopped.Load() { // asked last: a Stop that comes now sets the deadline after us
		return ErrStopped
	}
	return nil
}

// Next returns the next frame. Waiting tells whether requests are unanswered: then a client may well be silent.
// Beyond the budget it waits for frames to be released, until ctx ends. The caller releases the frame.
//
// Errors are [ErrStopped], also when ctx ends; [ErrIdle]; [ErrMalformed] for a length that no request has;
// [ErrStalled]; io.EOF between two frames and io.ErrUnexpectedEOF within one; and the connection's own.
func (r *FrameReader) Next(ctx context.Context, waiting func() bool) (Frame, error) {
	var head [4]byte
	if err := r.first(&head[0], waiting); err != nil {
		return Frame{}, err
	}
	if err := r.fill(head[1:], 1, 4); err != nil {
		return Frame{}, err
	}
	n := int32(binary.BigEndian.Uint32(head[:]))
	if n < minFrame || n > r.o.MaxBytes {
		return Frame{}, badLength(n, head, r.o.MaxBytes)
	}
	f := Frame{}
	if n > firstRead {
		if err := r.o.Budget.Acquire(ctx, int64(n)); err != nil {
			return Frame{}, ErrStopped
		}
		f.held = int64(n)
	}
	var err error
	if f.Bytes, err = r.body(int(n)); err != nil {
		r.Release(f)
		return Frame{}, err
	}
	return f, nil
}

// Release gives what a frame holds of the budget back, once its request no longer needs the memory. Once per
// frame; it may be called from any goroutine.
func (r *FrameReader) Release(f Frame) {
	if f.held > 0 {
		r.o.Budget.Release(f.held)
	}
}

// first waits for the first byte of a request. The idle timeout begins anew as long as requests are unanswered.
func (r *FrameReader) first(b *byte, waiting func() bool) error {
	for {
		if err := r.deadline(r.o.Idle); err != nil {
			return err
		}
		c, err := r.buf.ReadByte()
		switch {
		case err == nil:
			*b = c
			return nil
		case r.stopped.Load():
			return ErrStopped
		case errors.Is(err, os.ErrDeadlineExceeded) && waiting():
		case errors.Is(err, os.ErrDeadlineExceeded):
			return ErrIdle
		default:
			return err
		}
	}
}

// body reads n bytes, in a slice of its own. The room for them grows as they come, so that a length alone costs nothing.
func (r *FrameReader) body(n int) ([]byte, error) {
	body := make([]byte, min(n, firstRead))
	for have := 0; ; {
		if err := r.fill(body[have:], have, n); err != nil {
			return nil, err
		}
		if have = len(body); have == n {
			return body, nil
		}
		grown := make([]byte, min(n, frameGrowth*have))
		copy(grown, body)
		body = grown
	}
}

// fill reads until dst is full. Each read has the stall timeout, so a client may be slow but has to move. have of
// the bytes that an error speaks of came before.
func (r *FrameReader) fill(dst []byte, have, of int) error {
	for len(dst) > 0 {
		// What is there already needs no deadline, and setting one is not free.
		if r.buf.Buffered() == 0 {
			if err := r.deadline(r.o.Stall); err != nil {
				return err
			}
		}
		n, err := r.buf.Read(dst)
		dst, have = dst[n:], have+n
		switch {
		case err == nil || len(dst) == 0:
		case r.stopped.Load():
			return ErrStopped
		case errors.Is(err, os.ErrDeadlineExceeded):
			return fmt.Errorf("%w: nothing came for %v after %d of %d bytes", ErrStalled, r.o.Stall, have, of)
		case errors.Is(err, io.EOF):
			return fmt.Errorf("after %d of %d bytes: %w", have, of, io.ErrUnexpectedEOF)
		default:
			return err
		}
	}
	return nil
}

// badLength says what a length that no request has looks like: mostly another protocol on this port.
func badLength(n int32, head [4]byte, limit int32) error {
	if hint := guess(head); hint != "" {
		return fmt.Errorf("%w: %s", ErrMalformed, hint)
	}
	return fmt.Errorf("%w: a length of %d bytes, %d to %d are taken", ErrMalformed, n, minFrame, limit)
}

// guess tells what else the first bytes of a connection look like, "" where they look like nothing known. 16 03 is a
// TLS handshake record (RFC 8446, 5.1), PRI the preface of HTTP/2 (RFC 9113, 3.4).
func guess(head [4]byte) string {
	if head[0] == 0x16 && head[1] == 0x03 {
		return "this looks like TLS, which this listener does not speak: set security.protocol=PLAINTEXT"
	}
	switch string(head[:]) {
	case "GET ", "HEAD", "POST", "PUT ", "DELE", "OPTI", "CONN", "PATC":
		return "this looks like HTTP: it has a port of its own"
	case "PRI ":
		return "this looks like HTTP/2 or gRPC: they have ports of their own"
	case "SSH-":
		return "this looks like SSH"
	}
	return ""
}
