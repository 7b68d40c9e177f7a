package kafka

import "context"

// outcome is the answer to a request that waits for other members: exactly one is
// sent, by whoever holds the group's lock.
type outcome[T any] struct {
	answer  chan T // holds one, so that sending never blocks
	abandon func() // tells the group that nobody waits for the answer any more; nil if it never waited
}

func newOutcome[T any](abandon func(*outcome[T])) *outcome[T] {
	r := &outcome[T]{answer: make(chan T, 1)}
	r.abandon = func() { abandon(r) }
	return r
}

// decided is an outcome that is known at once.
func decided[T any](answer T) *outcome[T] {
	r := &outcome[T]{answer: make(chan T, 1)}
	r.answer <- answer
	return r
}

// wait returns the answer, or late when ctx ends before there is one.
func (r *outcome[T]) wait(ctx context.Context, late T) T {
	select {
	case a := <-r.answer:
		return a
	default:
	}
	select {
	case a := <-r.answer:
		return a
	case <-ctx.Done():
		r.abandon()
		return late
	}
}
