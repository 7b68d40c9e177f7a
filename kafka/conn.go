package kafka

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// conn is one client's connection. One goroutine reads requests and starts
// them, another waits for their answers and writes them, both in order: so
// several requests are under way at once, and none is answered before an earlier one.
type conn struct {
	s      *Server
	net    net.Conn
	client client
	queue  chan answer

	// ctx ends when no more requests come: the client has gone or the server drains. Long polls end with it.
	ctx    context.Context
	cancel context.CancelFunc
	once   sync.Once
}

// client is who sends a request.
type client struct {
	id    string   // as the request's header says
	host  string   // IP address it comes from
	local net.Addr // the address it connected to
	// hangUp closes the connection: the only way to tell somebody who asked for no answer that something is wrong.
	hangUp func()
}

// answer is a request on its way.
type answer struct {
	api         string
	correlation int32
	version     int16
	wait        reply
	start       time.Time
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{s: s, net: nc, queue: make(chan answer, maxInFlight)}
	c.client.local = nc.LocalAddr()
	c.client.host = nc.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(c.client.host); err == nil {
		c.client.host = host
	}
	c.client.hangUp = c.close
	c.ctx, c.cancel = context.WithCancel(s.ctx)
	return c
}

// serve runs the connection until it is closed by either side.
func (c *conn) serve() {
	var writer sync.WaitGroup
	writer.Go(c.write)
	err := c.read()
	c.cancel()
	close(c.queue)
	writer.Wait()
	c.close()
	if err != nil && !ordinary(err) && c.s.ctx.Err() == nil {
		c.s.refused("connection closed", "from", c.net.RemoteAddr(), "client", c.client.id, "err", err)
	}
}

// ordinary says that a connection ended as connections do.
func ordinary(err error) bool {
	return errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded)
}

func (c *conn) close() {
	c.once.Do(func() { _ = c.net.Close() })
}

// drain lets the reader stop before its next request; what was taken is answered.
func (c *conn) drain() { _ = c.net.SetReadDeadline(time.Unix(1, 0)) }

// read takes requests until the connection ends or sends what is none.
func (c *conn) read() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	r := frameReader{conn: c.net, buf: bufio.NewReaderSize(c.net, readBuffer), limit: c.s.o.MaxFrameBytes, idle: c.s.o.IdleTimeout, stall: c.s.o.StallTimeout}
	for c.s.ctx.Err() == nil {
		frame, err := r.next()
		if err != nil {
			return err
		}
		a, err := c.start(frame)
		if err != nil {
			return err
		}
		c.queue <- a
	}
	return nil
}

// start decodes a request and starts it.
func (c *conn) start(frame []byte) (answer, error) {
	h, rest, err := readHeader(frame)
	if err != nil {
		return answer{}, err
	}
	api, ok := c.s.apis[h.key]
	a := answer{correlation: h.correlation, version: h.version, start: time.Now(), api: kmsg.NameForKey(h.key)}
	switch {
	case !ok:
		return a, fmt.Errorf("%w: unknown or unsupported request %d (%s)", errFrame, h.key, a.api)
	case h.version < api.min || h.version > api.max:
		if h.key != apiVersionsKey {
			return a, fmt.Errorf("%w: %s version %d, %d to %d are taken", errFrame, a.api, h.version, api.min, api.max)
		}
		// The client is newer than this broker: it gets the oldest answer, which it can read, and asks again (KIP-511).
		a.version = 0
		resp := c.s.tooNew()
		a.wait = func() kmsg.Response { return resp }
		return a, nil
	}
	req := api.request()
	if err := decode(h, rest, req); err != nil {
		return a, err
	}
	if c.client.id != h.clientID {
		c.client.id = h.clientID
	}
	who := c.client
	a.wait = api.start(c.ctx, &who, req)
	return a, nil
}

// write answers the requests in their order. When an answer cannot be written,
// the connection is closed and what is left in the queue is let go.
func (c *conn) write() {
	w := frameWriter{conn: c.net, stall: c.s.o.StallTimeout}
	broken := false
	for a := range c.queue {
		if broken {
			continue
		}
		if err := c.answer(&w, a); err != nil {
			broken = true
			c.cancel()
			c.close()
			if !ordinary(err) {
				c.s.refused("connection closed", "from", c.net.RemoteAddr(), "client", c.client.id, "api", a.api, "err", err)
			}
		}
	}
}

func (c *conn) answer(w *frameWriter, a answer) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	resp := a.wait()
	if c.s.o.Events.Request != nil {
		c.s.o.Events.Request(a.api, time.Since(a.start))
	}
	if resp == nil {
		return nil
	}
	resp.SetVersion(a.version)
	return w.write(a.correlation, resp)
}

// frameWriter writes answers in steps: a client that takes nothing for the stall
// timeout is dropped, one that is slow is not.
type frameWriter struct {
	conn  net.Conn
	buf   []byte
	stall time.Duration
}

func (w *frameWriter) write(correlation int32, resp kmsg.Response) error {
	w.buf = appendResponse(w.buf[:0], correlation, resp)
	for rest := w.buf; len(rest) > 0; {
		if err := w.conn.SetWriteDeadline(time.Now().Add(w.stall)); err != nil {
			return err
		}
		n, err := w.conn.Write(rest[:min(len(rest), writeStep)])
		if err != nil {
			return fmt.Errorf("write the answer: %w", err)
		}
		rest = rest[n:]
	}
	if cap(w.buf) > writeStep {
		w.buf = nil // an idle connection keeps no giant
	}
	return nil
}
