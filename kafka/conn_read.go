package kafka

import (
	"runtime/debug"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/kafka/wire"
)

// read takes requests until the connection ends, is stopped, or sends what is none, and returns why. A panic while a
// request is decoded or started is such an end, too: it costs this connection and no other.
func (c *conn) read() (err error) {
	var f wire.Frame // the one that no request has yet
	defer func() {
		c.frames.Release(f)
		if p := recover(); p != nil {
			err = refuse(refusedPanic, "panic: %v\n%s", p, debug.Stack())
		}
	}()
	waiting := func() bool { return c.inFlight.Load() > 0 }
	var before *taken // the request that has to run before the next may start
	for {
		if f, err = c.frames.Next(c.polls, waiting); err != nil {
			return err
		}
		t, req, err := c.take(f.Bytes)
		if err != nil {
			return err
		}
		if before != nil {
			<-before.ran
			before = nil
		}
		if c.frames.Stopped() {
			return wire.ErrStopped // told meanwhile
		}
		if req != nil {
			c.start(t, req)
		}
		if t.ran != nil {
			before, t.frame, f = t, f, wire.Frame{}
		} else {
			c.frames.Release(f) // what has to stay in memory is the engine's to count
			f = wire.Frame{}
		}
		c.inFlight.Add(1)
		c.queue <- t // the writer takes it in the end, whatever happens
	}
}

// take decodes a request. One that is answered without being started comes back without it. An error is the
// connection's end: Kafka's protocol has no answer to a request that cannot be read.
func (c *conn) take(frame []byte) (*taken, kmsg.Request, error) {
	h, body, err := wire.ReadHeader(frame)
	if err != nil {
		return nil, nil, err
	}
	a := c.s.apis[h.Key]
	t := &taken{api: a, version: h.Version, correlation: h.CorrelationID, began: time.Now()}
	c.callerOf(h)
	switch {
	case a == nil:
		return nil, nil, refuse(refusedRequest, "request %d (%s) is not supported", h.Key, kmsg.NameForKey(h.Key))
	case h.Version >= a.min && h.Version <= a.max:
		req := a.request()
		req.SetVersion(h.Version)
		return t, req, wire.DecodeRequest(req, a.shapes[h.Version], body)
	// A client that is newer than the broker learns from the answer which version to ask in (KIP-511).
	case h.Key == int16(kmsg.ApiVersions) && h.Version > a.max:
		t.reply = func() wire.Response { return c.s.tooNew(a) }
		return t, nil, nil
	}
	return nil, nil, refuse(refusedRequest, "%s version %d is not supported, %d to %d are", a.name, h.Version, a.min, a.max)
}

// start starts a request, in the order of the requests. The reader calls it, so a handler that blocks here keeps the
// connection from being read.
func (c *conn) start(t *taken, req kmsg.Request) {
	ctx := c.ctx
	if t.api.mode == modePoll {
		ctx = c.polls
	}
	t.reply = t.api.start(ctx, c.caller, req)
	if t.api.mode == modeOn {
		t.ran = make(chan struct{})
	}
}
