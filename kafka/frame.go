package kafka

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// errFrame reports bytes that are no request. The connection is closed: where
// the next request begins is unknown.
var errFrame = errors.New("not a Kafka request")

// frameReader cuts requests off a connection.
type frameReader struct {
	conn  net.Conn
	buf   *bufio.Reader
	limit int32
	idle  time.Duration // how long the next request may be awaited
	stall time.Duration // how long a request may stop in its middle
}

// next returns the next frame without its length. The memory is the caller's.
func (r *frameReader) next() ([]byte, error) {
	if err := r.conn.SetReadDeadline(time.Now().Add(r.idle)); err != nil {
		return nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(r.buf, head[:]); err != nil {
		return nil, err
	}
	n := int32(binary.BigEndian.Uint32(head[:]))
	if err := r.check(n, head); err != nil {
		return nil, err
	}
	frame := make([]byte, 0, min(n, frameStep))
	for len(frame) < int(n) {
		if err := r.conn.SetReadDeadline(time.Now().Add(r.stall)); err != nil {
			return nil, err
		}
		if len(frame) == cap(frame) {
			frame = append(make([]byte, 0, min(int(n), 4*cap(frame))), frame...)
		}
		got, err := r.buf.Read(frame[len(frame):cap(frame)])
		frame = frame[:len(frame)+got]
		if err != nil && len(frame) < int(n) {
			return nil, fmt.Errorf("after %d bytes of a request of %d: %w", len(frame), n, err)
		}
	}
	return frame, nil
}

// check refuses a length before anything is allocated for it.
func (r *frameReader) check(n int32, head [4]byte) error {
	if n >= minRequest && n <= r.limit {
		return nil
	}
	if hint := guess(head); hint != "" {
		return fmt.Errorf("%w: %s", errFrame, hint)
	}
	return fmt.Errorf("%w: a length of %d bytes, %d to %d are taken", errFrame, n, minRequest, r.limit)
}

// minRequest is a header without a client id: key, version, correlation id.
const minRequest = 8

// guess tells what else the first bytes of a connection look like.
func guess(head [4]byte) string {
	switch {
	case head[0] == 0x16 && head[1] == 0x03:
		return "this looks like TLS, which this listener does not speak: set security.protocol=PLAINTEXT"
	case string(head[:]) == "GET " || string(head[:]) == "POST" || string(head[:]) == "PRI " || string(head[:]) == "HEAD":
		return "this looks like HTTP or gRPC: those have ports of their own"
	}
	return ""
}

// header is what stands before every request.
type header struct {
	key, version int16
	correlation  int32
	clientID     string
}

// readHeader reads the part of a header that all versions have.
func readHeader(frame []byte) (header, kbin.Reader, error) {
	b := kbin.Reader{Src: frame}
	h := header{key: b.Int16(), version: b.Int16(), correlation: b.Int32()}
	if id := b.NullableString(); id != nil {
		h.clientID = *id
	}
	if !b.Ok() {
		return h, b, fmt.Errorf("%w: the header is cut short", errFrame)
	}
	return h, b, nil
}

// decode reads the request behind its header. The request refers to the frame.
func decode(h header, b kbin.Reader, req kmsg.Request) error {
	req.SetVersion(h.version)
	if req.IsFlexible() {
		kmsg.SkipTags(&b)
		if !b.Ok() {
			return fmt.Errorf("%w: %s %d: the header's tags are cut short", errFrame, kmsg.NameForKey(h.key), h.version)
		}
	}
	if err := req.ReadFrom(b.Src); err != nil {
		return fmt.Errorf("%w: %s %d: %w", errFrame, kmsg.NameForKey(h.key), h.version, err)
	}
	return nil
}

// appendResponse appends a whole frame with the answer to a request.
func appendResponse(dst []byte, correlation int32, resp kmsg.Response) []byte {
	from := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(correlation))
	// ApiVersions has the old header in all versions: the client does not know
	// yet what the broker can read (KIP-511).
	if resp.IsFlexible() && resp.Key() != apiVersionsKey {
		dst = append(dst, 0)
	}
	dst = resp.AppendTo(dst)
	binary.BigEndian.PutUint32(dst[from:], uint32(len(dst)-from-4))
	return dst
}
