package group

import (
	"context"
	"errors"
	"fmt"
)

// ErrCanceled means that the caller stopped waiting before there was a result.
var ErrCanceled = errors.New("nobody waits for the group any more")

// Future is the result of a call that may have to wait for other members. There
// is exactly one, given by whoever holds the group's lock.
type Future[T any] struct {
	done     chan result[T] // holds one, so that sending never blocks
	canceled T              // goes with ErrCanceled
	abandon  func()         // tells the group that nobody waits any more; nil if it never had to wait
}

type result[T any] struct {
	value T
	err   error
}

// newFuture is a future whose result comes later. abandon is called, without the
// group's lock, when nobody waits for it any more.
func newFuture[T any](canceled T, abandon func(*Future[T])) *Future[T] {
	f := &Future[T]{done: make(chan result[T], 1), canceled: canceled}
	f.abandon = func() { abandon(f) }
	return f
}

// resolved is a future whose result is known.
func resolved[T any](value T, err error) *Future[T] {
	f := &Future[T]{done: make(chan result[T], 1)}
	f.resolve(value, err)
	return f
}

func (f *Future[T]) resolve(value T, err error) { f.done <- result[T]{value, err} }

// Wait returns the result, which is there at once or comes with what other
// members do, or with time. When ctx ends before it does, the error is ErrCanceled; the group then
// takes the caller's connection for gone. Call it once; it has to be called, or the
// group takes the caller to be waiting for as long as the group's timeouts let it.
func (f *Future[T]) Wait(ctx context.Context) (T, error) {
	select {
	case r := <-f.done:
		return r.value, r.err
	default:
	}
	select {
	case r := <-f.done:
		return r.value, r.err
	case <-ctx.Done():
		f.abandon()
		return f.canceled, fmt.Errorf("%w: %w", ErrCanceled, context.Cause(ctx))
	}
}
