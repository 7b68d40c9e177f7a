package group

import (
	"context"
	"errors"
	"fmt"
)

// ErrCanceled means that the caller stopped to wait before there was an answer.
var ErrCanceled = errors.New("nobody waits for the group any more")

// Future is the answer to a call that may have to wait for other members. There
// is exactly one, given by whoever holds the group's lock.
type Future[T any] struct {
	answer   chan result[T] // holds one, so that sending never blocks
	canceled T              // goes with ErrCanceled
	abandon  func()         // tells the group that nobody waits any more; nil if it never had to wait
}

type result[T any] struct {
	value T
	err   error
}

// newFuture is a future whose answer comes later. abandon is called, without the
// group's lock, when nobody waits for it any more.
func newFuture[T any](canceled T, abandon func(*Future[T])) *Future[T] {
	f := &Future[T]{answer: make(chan result[T], 1), canceled: canceled}
	f.abandon = func() { abandon(f) }
	return f
}

// resolved is a future whose answer is known.
func resolved[T any](value T, err error) *Future[T] {
	f := &Future[T]{answer: make(chan result[T], 1)}
	f.resolve(value, err)
	return f
}

func (f *Future[T]) resolve(value T, err error) { f.answer <- result[T]{value, err} }

// Wait returns the answer, which is there at once or comes with what other
// members do, or with time. When ctx ends before it does, the error is ErrCanceled; the group then
// takes the caller's connection for gone. Call it once; it has to be called, or the
// group takes the caller to be waiting for as long as the group's timeouts let it.
func (f *Future[T]) Wait(ctx context.Context) (T, error) {
	select {
	case a := <-f.answer:
		return a.value, a.err
	default:
	}
	select {
	case a := <-f.answer:
		return a.value, a.err
	case <-ctx.Done():
		f.abandon()
		return f.canceled, fmt.Errorf("%w: %w", ErrCanceled, context.Cause(ctx))
	}
}
