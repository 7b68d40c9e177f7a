// Package wire speaks Kafka's protocol one request at a time, with every byte
// and every version in the caller's hand: what a client library would hide.
package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// hangGuard bounds one exchange. It is no expectation: it only turns a hang
// into a failure that says where.
const hangGuard = 90 * time.Second

// maxAnswer is more than any answer that these tests ask for.
const maxAnswer = 256 << 20

// Conn is one connection to a Kafka listener. It is for one goroutine; the caller closes it. After an error of an exchange it
// is of no use any more.
type Conn struct {
	net.Conn
	formatter   *kmsg.RequestFormatter
	correlation int32
}

// Dial connects to a Kafka listener.
func Dial(addr string) (*Conn, error) {
	c, err := (&net.Dialer{Timeout: hangGuard}).Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return New(c), nil
}

// New speaks Kafka over an open connection.
func New(c net.Conn) *Conn {
	return &Conn{Conn: c, formatter: kmsg.NewRequestFormatter(kmsg.FormatterClientID("wire"))}
}

// Send writes a request at the version that it is set to and does not wait for
// its answer.
func (c *Conn) Send(req kmsg.Request) error {
	c.correlation++
	if err := c.SetWriteDeadline(time.Now().Add(hangGuard)); err != nil {
		return err
	}
	_, err := c.Write(c.formatter.AppendRequest(nil, req, c.correlation))
	return err
}

// Receive reads the next answer on the connection into resp, which must be of
// the kind and version that was asked for.
func (c *Conn) Receive(resp kmsg.Response) error {
	if err := c.SetReadDeadline(time.Now().Add(hangGuard)); err != nil {
		return err
	}
	body, err := c.ReadFrame()
	if err != nil {
		return err
	}
	b := kbin.Reader{Src: body}
	b.Int32() // correlation id: answers come in request order
	if resp.IsFlexible() && resp.Key() != int16(kmsg.ApiVersions) {
		kmsg.SkipTags(&b)
	}
	if err := b.Complete(); err != nil {
		return fmt.Errorf("answer header: %w", err)
	}
	return resp.ReadFrom(b.Src)
}

// ReadFrame reads one length-prefixed frame and returns what follows the length, in memory of its own. It sets no deadline.
func (c *Conn) ReadFrame() ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return nil, err
	}
	n := int32(binary.BigEndian.Uint32(size[:]))
	if n < 4 || n > maxAnswer {
		return nil, fmt.Errorf("an answer of %d bytes", n)
	}
	body := make([]byte, n)
	_, err := io.ReadFull(c, body)
	return body, err
}

// Request sends a request and waits for its answer: it makes Conn a
// [kmsg.Requestor], so that RequestWith of every request type works. The context is not looked at: hangGuard bounds the wait.
func (c *Conn) Request(_ context.Context, req kmsg.Request) (kmsg.Response, error) {
	if err := c.Send(req); err != nil {
		return nil, err
	}
	resp := req.ResponseKind()
	if err := c.Receive(resp); err != nil {
		return nil, fmt.Errorf("%s v%d: %w", kmsg.NameForKey(req.Key()), req.GetVersion(), err)
	}
	return resp, nil
}

// Closed waits until the other side closes the connection, and reports an
// error where it sends something first.
func (c *Conn) Closed() error {
	if err := c.SetReadDeadline(time.Now().Add(hangGuard)); err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, c)
	var timeout net.Error
	switch {
	case n > 0:
		return fmt.Errorf("%d bytes came instead of a close", n)
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("the connection stays open")
	}
	return nil // an end or a reset: closed either way
}
