package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"streamhouse/cmd/streamhouse/metrics"
	"streamhouse/objstore"
)

// patience bounds how long a store may stay silent while the broker starts. Any
// answer begins the time anew: a replay may be long, and a storm of refusals that
// lets some requests through is survived.
type patience struct {
	limit  time.Duration // of silence
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	timer *time.Timer
	// over: close was called, and called must not start the timer again.
	over bool
	last error // of the calls since the last answer
}

// errSilent says that the store did not answer, for longer than a start may wait. What its last call failed
// with, if one did, is wrapped behind it.
var errSilent = errors.New("the object store does not answer")

// newPatience returns a context that ends with the reason ([context.Cause]) when patience does. It must be
// told of every call to the store, by called. close ends the watch.
func newPatience(ctx context.Context, limit time.Duration) (context.Context, *patience) {
	ctx, cancel := context.WithCancelCause(ctx)
	p := &patience{limit: limit, cancel: cancel}
	p.timer = time.AfterFunc(limit, p.giveUp)
	return ctx, p
}

// giveUp is called by the timer.
func (p *patience) giveUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	reason := fmt.Errorf("%w: nothing for %v", errSilent, p.limit)
	if p.last != nil {
		reason = fmt.Errorf("%w: nothing for %v: %w", errSilent, p.limit, p.last)
	}
	p.cancel(reason)
}

// called is told of every call to the store once it is over. It may be called concurrently, and after close.
func (p *patience) called(c metrics.StoreCall) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.over:
	case answered(c.Err):
		p.last = nil
		p.timer.Reset(p.limit)
	case errors.Is(c.Err, context.Canceled): // ours: it says nothing about the store
	default:
		p.last = c.Err
	}
}

// answered reports that the store did what it was asked, or said clearly that it will not. What
// it has refused for now, or cut off, is no answer.
func answered(err error) bool {
	for _, answer := range []error{objstore.ErrExists, objstore.ErrNotFound, objstore.ErrRange, objstore.ErrPermanent} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return err == nil
}

// close ends the watch, but not the context: what was opened under it may still use it.
func (p *patience) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	p.timer.Stop()
}
