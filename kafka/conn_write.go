package kafka

import (
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"streamhouse/kafka/wire"
)

// write answers the requests in their order. Once the connection has failed it only lets
// them run: what was taken before a client went away still takes effect. So it does behind a
// request that panicked: it has no answer, and one to a later request would be taken for it. It ends with the queue.
func (c *conn) write() {
	mute := false
	for t := range c.queue {
		resp, err := c.run(t)
		if err != nil {
			mute = true
			c.endRequests(err)
		}
		if resp != nil && !mute && c.ctx.Err() == nil {
			if err := c.send(t, resp); err != nil {
				c.fail(err)
			}
		}
		c.inFlight.Add(-1)
	}
}

// run waits for the answer to a request, nil where it has none (Produce with acks=0). A panic is an error, and lets the
// requests behind it go on.
func (c *conn) run(t *taken) (resp wire.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = refuse(refusedPanic, "%s: panic: %v\n%s", t.api.name, p, debug.Stack())
		}
		if t.ran != nil {
			close(t.ran)
		}
		c.frames.Release(t.frame)
	}()
	resp = t.reply()
	if request := c.s.o.Events.Request; request != nil {
		request(t.api.name, time.Since(t.began))
	}
	if failed := c.s.o.Events.Failed; failed != nil && resp != nil {
		if code := t.api.errors.first(resp); code != 0 {
			failed(t.api.name, kerr.TypedErrorForCode(code).Message)
		}
	}
	return resp, nil
}

// sendBuffers holds buffers for answers, of all connections: most are idle, and need none.
var sendBuffers = sync.Pool{New: func() any { return new([]byte) }}

// send writes an answer. What it refers to is read until it returns.
func (c *conn) send(t *taken, resp wire.Response) error {
	buf := sendBuffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= keptBuffer {
			sendBuffers.Put(buf)
		}
	}()
	var list net.Buffers
	*buf, list = wire.EncodeResponse(*buf, t.correlation, resp)
	return wire.WriteBuffers(c.net, list, c.s.o.StallTimeout)
}
