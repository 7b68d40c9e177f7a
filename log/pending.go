package log

import (
	"context"
	"fmt"
)

// Pending is a change of state on its way into the journal. Changes of one
// caller take effect in the order in which they were started, so a door starts
// them in request order and waits for them elsewhere.
type Pending[T any] struct {
	flush  *flush        // the one that took it; nil where nothing had to be written
	next   func() *flush // where that was cut: another one that has some of it and is not done well, or nil
	result func() T      // valid once all are done
}

// completed is a Pending whose outcome is known.
func completed[T any](v T) *Pending[T] {
	return &Pending[T]{result: func() T { return v }}
}

// Wait returns the outcome once the change is durable in the object store and
// applied. It returns early with [ErrTimeout] and ctx's error when ctx ends,
// with [ErrUnavailable] while the store fails for good, with [ErrFenced] or
// [ErrClosed]: then the change may still take effect later. It may be called
// once, by any goroutine.
func (p *Pending[T]) Wait(ctx context.Context) (T, error) {
	for f := p.flush; f != nil; f = p.after() {
		if err := f.wait(ctx); err != nil {
			var none T
			return none, err
		}
	}
	return p.result(), nil
}

// after returns another flush to wait for when one has landed.
func (p *Pending[T]) after() *flush {
	if !p.flush.wasCut {
		return nil
	}
	return p.next()
}

// wait waits until a flush has landed, or returns why it has not.
func (f *flush) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	default:
	}
	select {
	case <-f.done:
		return f.err
	case <-f.denied:
		return fmt.Errorf("%w: %w", ErrUnavailable, f.permanent)
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrTimeout, context.Cause(ctx))
	}
}

// landed says that all who wait for a flush can have its outcomes.
func (f *flush) landed() bool {
	select {
	case <-f.done:
		return f.err == nil
	default:
		return false
	}
}
