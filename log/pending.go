package log

import (
	"context"
	"fmt"
)

// Pending is a change of state on its way into the journal. Changes of one
// caller take effect in the order in which they were started, so a door starts
// them in request order and waits for them elsewhere.
type Pending[T any] struct {
	flush  *flush   // nil where nothing had to be written
	result func() T // valid once the flush is done
}

// completed is a Pending whose outcome is known.
func completed[T any](v T) *Pending[T] {
	return &Pending[T]{result: func() T { return v }}
}

var closedChan = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Done is closed when the outcome is known.
func (p *Pending[T]) Done() <-chan struct{} {
	if p.flush == nil {
		return closedChan
	}
	return p.flush.done
}

// Wait returns the outcome once the change is durable in the object store and
// applied. It returns early with [ErrTimeout] and ctx's error when ctx ends,
// with [ErrUnavailable] while the store fails for good, with [ErrFenced] or
// [ErrClosed]: then the change may still take effect later. It may be called
// once, by any goroutine.
func (p *Pending[T]) Wait(ctx context.Context) (T, error) {
	var none T
	if p.flush == nil {
		return p.result(), nil
	}
	select {
	case <-p.flush.done:
		return p.take()
	default:
	}
	select {
	case <-p.flush.done:
		return p.take()
	case <-p.flush.denied:
		return none, fmt.Errorf("%w: %w", ErrUnavailable, p.flush.permanent)
	case <-ctx.Done():
		return none, fmt.Errorf("%w: %w", ErrTimeout, context.Cause(ctx))
	}
}

func (p *Pending[T]) take() (T, error) {
	if p.flush.err != nil {
		var none T
		return none, p.flush.err
	}
	return p.result(), nil
}
