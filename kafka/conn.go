package kafka

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"streamhouse/kafka/wire"
)

// conn is one client's connection. Its reader takes requests and starts them,
// its writer answers them, both in the order in which they came: so several are
// under way at once, and none is answered before an earlier one. Two goroutines, and no more for a request: what
// waits does so in the writer.
type conn struct {
	s      *Server
	net    net.Conn
	frames *wire.FrameReader
	// caller is who sent the last request; only the reader changes it.
	caller *client
	// queue is from the reader to the writer, which reads it to its end. Beyond maxInFlight the client's next bytes stay in
	// its socket.
	queue    chan *taken
	inFlight atomic.Int32 // requests taken and not yet answered

	ctx      context.Context // ends when no answer can be told any more
	cancel   context.CancelFunc
	polls    context.Context // ends with ctx, and earlier when no more requests are taken
	endPolls context.CancelFunc
	stayed   func() bool // forgets about the shutdown

	mu    sync.Mutex
	cause error // why the connection ends
}

// taken is a request on its way.
type taken struct {
	api         *api
	version     int16
	correlation int32
	frame       wire.Frame
	began       time.Time
	// reply is set by the reader before the request is in the queue, and called once, by the writer.
	reply reply
	ran   chan struct{} // closed when the reply is there; nil unless those behind have to wait for it
}

// newConn makes a connection that does nothing yet: serve or close it. It owns nc.
func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{s: s, net: nc, queue: make(chan *taken, maxInFlight)}
	c.frames = wire.NewFrameReader(nc, wire.FrameOptions{
		MaxBytes: s.o.MaxFrameBytes, Idle: s.o.IdleTimeout, Stall: s.o.StallTimeout, Budget: s.budget,
	})
	c.caller = &client{host: nc.RemoteAddr().String(), local: nc.LocalAddr(), conn: c}
	if host, _, err := net.SplitHostPort(c.caller.host); err == nil {
		c.caller.host = host
	}
	c.ctx, c.cancel = context.WithCancel(s.ctx)
	c.polls, c.endPolls = context.WithCancel(c.ctx)
	c.stayed = context.AfterFunc(s.draining, c.endPolls)
	return c
}

// serve runs the connection until it is closed by either side. Whatever ends the requests (a refusal, a stop, the
// end of what the client sends), those that were taken are answered, in order, before the
// connection closes: only where it failed itself there is nobody to answer. Both goroutines have ended when it returns.
func (c *conn) serve() {
	writer := make(chan struct{})
	go func() {
		defer close(writer)
		c.write()
	}()
	c.endRequests(c.read())
	close(c.queue)
	<-writer
	c.report()
	c.linger()
	c.close()
}

// endRequests is the end of the requests. Polls are answered with what there is; changes are waited for. Reader, writer and
// handlers may call it, more than once.
func (c *conn) endRequests(why error) {
	if broken(why) {
		c.fail(why)
		return
	}
	c.remember(why)
	c.frames.Stop()
	c.endPolls()
}

// close lets go of everything. The connection's goroutines have ended, or never began.
func (c *conn) close() {
	c.stayed()
	c.cancel()
	_ = c.net.Close()
}

// fail ends the connection at once: nothing more is read or written, and requests stop waiting. What they have
// started still takes effect. Any goroutine may call it.
func (c *conn) fail(err error) {
	c.remember(err)
	c.cancel()
	_ = c.net.Close()
}

// remember keeps the first reason for the end, of those that somebody could mend if there is one.
func (c *conn) remember(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == nil || ordinary(c.cause) && !ordinary(err) {
		c.cause = err
	}
}

// report logs the end of the connection: one line where there is something that somebody could mend.
func (c *conn) report() {
	c.mu.Lock()
	cause := c.cause
	c.mu.Unlock()
	if c.s.ctx.Err() != nil {
		return // the server has ended, and so everything
	}
	if ordinary(cause) {
		c.s.logger.Debug("kafka: connection closed", "from", c.net.RemoteAddr(), "client", c.caller.id, "why", cause)
		return
	}
	c.s.refused(reasonOf(cause), "from", c.net.RemoteAddr(), "client", c.caller.id, "err", cause)
}
