package kafka

import (
	"runtime/debug"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// read takes requests until the connection ends, is stopped, or sends what is none.
func (c *conn) read() (err error) {
	var f frame // the one that no request has yet
	defer func() {
		c.frames.release(f)
		if p := recover(); p != nil {
			err = refuse(refusedPanic, "panic: %v\n%s", p, debug.Stack())
		}
	}()
	waiting := func() bool { return c.open.Load() > 0 }
	var before *taken // the request that has to run before the next may start
	for {
		if f, err = c.frames.next(c.polls, waiting); err != nil {
			return err
		}
		t, req, err := c.take(f.bytes)
		if err != nil {
			return err
		}
		if before != nil {
			<-before.ran
			before = nil
		}
		if c.frames.stopped.Load() {
			return errStopped // told meanwhile
		}
		if req != nil {
			c.start(t, req)
		}
		if t.ran != nil {
			before, t.frame, f = t, f, frame{}
		} else {
			c.frames.release(f) // what has to stay in memory is the engine's to count
			f = frame{}
		}
		c.open.Add(1)
		c.queue <- t // the writer takes it in the end, whatever happens
	}
}

// take decodes a request. One that is answered without being started comes back without it.
func (c *conn) take(frame []byte) (*taken, kmsg.Request, error) {
	h, body, err := readHeader(frame)
	if err != nil {
		return nil, nil, err
	}
	a := c.s.apis[h.key]
	t := &taken{api: a, version: h.version, correlation: h.correlation, began: time.Now()}
	c.callerOf(h)
	switch {
	case a == nil:
		return nil, nil, refuse(refusedRequest, "request %d (%s) is not supported", h.key, kmsg.NameForKey(h.key))
	case h.version >= a.min && h.version <= a.max:
		req, err := decode(a, h.version, body)
		return t, req, err
	case h.key == int16(kmsg.ApiVersions) && h.version > a.max:
		t.reply = func() response { return c.s.tooNew(a) }
		return t, nil, nil
	}
	return nil, nil, refuse(refusedRequest, "%s version %d is not supported, %d to %d are", a.name, h.version, a.min, a.max)
}

// start starts a request, in the order of the requests.
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
