package kafka

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// write answers the requests in their order. Once the connection has failed it only lets
// them run: what was taken before a client went away still takes effect.
func (c *conn) write() {
	for t := range c.queue {
		resp, err := c.run(t)
		if err == nil && resp != nil && c.ctx.Err() == nil {
			err = c.send(t, resp)
		}
		c.open.Add(-1)
		if err != nil {
			c.fail(err)
		}
	}
}

// run waits for the answer to a request.
func (c *conn) run(t *taken) (resp response, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = refuse(refusedPanic, "%s: panic: %v\n%s", t.api.name, p, debug.Stack())
		}
		if t.ran != nil {
			close(t.ran)
		}
		c.frames.release(t.frame)
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

var sendBuffers = sync.Pool{New: func() any { return new([]byte) }}

// send writes an answer.
func (c *conn) send(t *taken, resp response) error {
	buf := sendBuffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= keptBuffer {
			sendBuffers.Put(buf)
		}
	}()
	*buf = appendHeader((*buf)[:0], t.correlation, resp)
	if pieces, ok := resp.(interface{ appendPieces([]byte) *pieces }); ok {
		p := pieces.appendPieces(*buf)
		*buf = p.buf
		binary.BigEndian.PutUint32(*buf, uint32(p.size()-4))
		return c.writePieces(p.list())
	}
	*buf = resp.AppendTo(*buf)
	binary.BigEndian.PutUint32(*buf, uint32(len(*buf)-4))
	return c.writePieces(net.Buffers{*buf})
}

// writePieces writes in steps: a client that takes nothing for the stall timeout is
// dropped, one that is slow is not.
func (c *conn) writePieces(list net.Buffers) error {
	for len(list) > 0 {
		step, rest := cutStep(list)
		if err := c.net.SetWriteDeadline(time.Now().Add(c.s.o.StallTimeout)); err != nil {
			return err
		}
		_, err := step.WriteTo(c.net)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return refuse(refusedSlow, "an answer was not read for %v", c.s.o.StallTimeout)
		case err != nil:
			return err
		}
		list = rest
	}
	return nil
}

// cutStep cuts the first writeStep bytes off a list. It may change the list.
func cutStep(list net.Buffers) (step, rest net.Buffers) {
	room := writeStep
	for i, b := range list {
		if len(b) > room {
			step = append(append(step, list[:i]...), b[:room])
			list[i] = b[room:]
			return step, list[i:]
		}
		room -= len(b)
	}
	return list, nil
}
