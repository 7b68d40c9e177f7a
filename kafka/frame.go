package kafka

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

var (
	// errStopped ends a reader between two requests, where the server or the connection's own side wants no more.
	errStopped = errors.New("no more requests are taken")
	// errIdle ends a connection that has asked nothing for the idle timeout.
	errIdle = errors.New("idle")
)

// frameReader cuts requests off a connection.
type frameReader struct {
	conn    net.Conn
	buf     *bufio.Reader
	limit   int32
	idle    time.Duration       // how long the next request may be awaited
	stall   time.Duration       // how long a request may stop in its middle
	budget  *semaphore.Weighted // bytes of large requests, of all connections
	stopped atomic.Bool
}

// frame is the bytes of one request, without their length. The memory belongs to whoever has it.
type frame struct {
	bytes []byte
	held  int64 // of the budget
}

// stop makes next return errStopped, also while it waits. What has come of a request is lost.
func (r *frameReader) stop() {
	r.stopped.Store(true)
	_ = r.conn.SetReadDeadline(time.Unix(1, 0))
}

// deadline sets how long a read may take. After stop there is no more time.
func (r *frameReader) deadline(d time.Duration) error {
	if err := r.conn.SetReadDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	if r.stopped.Load() { // asked last: a stop that comes now sets the deadline after us
		return errStopped
	}
	return nil
}

// next returns the next frame. waiting tells whether requests are unanswered: then a client may well be silent.
// The caller gives frame.held back to the budget when the request no longer needs the memory.
func (r *frameReader) next(ctx context.Context, waiting func() bool) (frame, error) {
	var head [4]byte
	if err := r.first(&head[0], waiting); err != nil {
		return frame{}, err
	}
	if err := r.fill(head[1:], 1, 4); err != nil {
		return frame{}, err
	}
	n := int32(binary.BigEndian.Uint32(head[:]))
	if n < minRequest || n > r.limit {
		return frame{}, badLength(n, head, r.limit)
	}
	f := frame{}
	if n > firstRead {
		if err := r.budget.Acquire(ctx, int64(n)); err != nil {
			return frame{}, errStopped
		}
		f.held = int64(n)
	}
	var err error
	if f.bytes, err = r.body(int(n)); err != nil {
		r.release(f)
		return frame{}, err
	}
	return f, nil
}

func (r *frameReader) release(f frame) {
	if f.held > 0 {
		r.budget.Release(f.held)
	}
}

// first waits for the first byte of a request.
func (r *frameReader) first(b *byte, waiting func() bool) error {
	for {
		if err := r.deadline(r.idle); err != nil {
			return err
		}
		c, err := r.buf.ReadByte()
		switch {
		case err == nil:
			*b = c
			return nil
		case r.stopped.Load():
			return errStopped
		case errors.Is(err, os.ErrDeadlineExceeded) && waiting():
		case errors.Is(err, os.ErrDeadlineExceeded):
			return errIdle
		default:
			return err
		}
	}
}

// body reads n bytes. The room for them grows as they come.
func (r *frameReader) body(n int) ([]byte, error) {
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

// fill reads until dst is full. Each read has the stall timeout, so a client may be slow but has to move.
func (r *frameReader) fill(dst []byte, have, of int) error {
	for len(dst) > 0 {
		if r.buf.Buffered() == 0 {
			if err := r.deadline(r.stall); err != nil {
				return err
			}
		}
		n, err := r.buf.Read(dst)
		dst, have = dst[n:], have+n
		switch {
		case err == nil || len(dst) == 0:
		case r.stopped.Load():
			return errStopped
		case errors.Is(err, os.ErrDeadlineExceeded):
			return refuse(refusedStall, "nothing came for %v after %d of %d bytes", r.stall, have, of)
		case errors.Is(err, io.EOF):
			return fmt.Errorf("after %d of %d bytes: %w", have, of, io.ErrUnexpectedEOF)
		default:
			return err
		}
	}
	return nil
}

// minRequest is a header without a client id: key, version, correlation id.
const minRequest = 8

func badLength(n int32, head [4]byte, limit int32) error {
	if hint := guess(head); hint != "" {
		return refuse(refusedFrame, "%s", hint)
	}
	return refuse(refusedFrame, "a length of %d bytes, %d to %d are taken", n, minRequest, limit)
}

// guess tells what else the first bytes of a connection look like.
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
