package simulation

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"streamhouse/objstore"
)

// process is a store as one process sees it that may be suspended: while it is, no call begins and no answer
// comes, whatever the call's context says. A request that was under way has reached the
// store, or reaches it when the process wakes.
type process struct {
	inner  objstore.Store
	spared objstore.Store // without faults
	spare  atomic.Bool    // calls go to the latter
	gate   gate

	mu    sync.Mutex
	calls int // so far
	nap   nap
}

// nap says when a process is to be suspended: around a call that is still to come.
type nap struct {
	at     int  // the number of the call; 0 is never
	after  bool // when it has happened, and has not been answered
	length time.Duration
}

var _ objstore.Store = (*process)(nil)

// suspend stops the process for a while.
func (p *process) suspend(length time.Duration) {
	p.gate.shut()
	time.AfterFunc(length, p.gate.open)
}

// suspendAt stops the process for a while around the nth store call from now on.
func (p *process) suspendAt(nth int, after bool, length time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nap = nap{p.calls + nth, after, length}
}

// call makes one call of the store.
func (p *process) call(do func(objstore.Store)) {
	if p.spare.Load() {
		do(p.spared)
		return
	}
	p.mu.Lock()
	p.calls++
	n := p.nap
	falls := n.at == p.calls
	p.mu.Unlock()
	if falls && !n.after {
		p.suspend(n.length)
	}
	p.gate.pass()
	do(p.inner)
	if falls && n.after {
		p.suspend(n.length)
	}
	p.gate.pass()
}

// Put implements [objstore.Store].
func (p *process) Put(ctx context.Context, key string, body []byte) (err error) {
	p.call(func(s objstore.Store) { err = s.Put(ctx, key, body) })
	return err
}

// Get implements [objstore.Store].
func (p *process) Get(ctx context.Context, key string) (body []byte, err error) {
	p.call(func(s objstore.Store) { body, err = s.Get(ctx, key) })
	return body, err
}

// GetRange implements [objstore.Store].
func (p *process) GetRange(ctx context.Context, key string, offset, length int64) (body []byte, err error) {
	p.call(func(s objstore.Store) { body, err = s.GetRange(ctx, key, offset, length) })
	return body, err
}

// List implements [objstore.Store]. A process that is suspended in the middle of a listing
// goes on with what it had.
func (p *process) List(ctx context.Context, prefix, after string) iter.Seq2[objstore.Info, error] {
	return func(yield func(objstore.Info, error) bool) {
		p.call(func(s objstore.Store) {
			for info, err := range s.List(ctx, prefix, after) {
				p.gate.pass()
				if !yield(info, err) {
					return
				}
			}
		})
	}
}

// Delete implements [objstore.Store].
func (p *process) Delete(ctx context.Context, keys ...string) (err error) {
	p.call(func(s objstore.Store) { err = s.Delete(ctx, keys...) })
	return err
}
