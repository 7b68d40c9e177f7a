package log

import (
	"context"
	"errors"
	"fmt"

	"streamhouse/objstore"
)

// CreateTopicsPaced is [Log.CreateTopics] for callers that cannot be told to come again later: it
// waits where topics are created too fast, until ctx ends. Topics that fit go ahead at once, so that a request takes as
// many flushes as the pace wants. Errors per topic: those of CreateTopics, and of Wait.
func (l *Log) CreateTopicsPaced(ctx context.Context, specs []TopicSpec) []TopicResult {
	return paced(ctx, l, specs, l.CreateTopics, func(r *TopicResult) *error { return &r.Err })
}

// CreatePartitionsPaced is [Log.CreatePartitions] in the way of CreateTopicsPaced.
func (l *Log) CreatePartitionsPaced(ctx context.Context, specs []PartitionsSpec) []error {
	start := func(some []PartitionsSpec) *Pending[[]error] { return l.CreatePartitions(some, false) }
	return paced(ctx, l, specs, start, func(r *error) *error { return r })
}

// DeleteTopicsPaced is [Log.DeleteTopics] in the way of CreateTopicsPaced.
func (l *Log) DeleteTopicsPaced(ctx context.Context, ids []TopicID) []error {
	return paced(ctx, l, ids, l.DeleteTopics, func(r *error) *error { return r })
}

// paced starts changes again until none of them is throttled, and returns a result for each.
func paced[S, R any](ctx context.Context, l *Log, specs []S, start func([]S) *Pending[[]R], errOf func(*R) *error) []R {
	all, places := make([]R, len(specs)), make([]int, len(specs))
	for i := range places {
		places[i] = i
	}
	for len(places) > 0 {
		some := make([]S, len(places))
		for i, place := range places {
			some[i] = specs[place]
		}
		results, err := startInTurn(ctx, l, some, start, errOf)
		var throttled []int
		for i, place := range places {
			if err != nil {
				*errOf(&all[place]) = err
			} else if all[place] = results[i]; errors.Is(*errOf(&results[i]), ErrThrottled) {
				throttled = append(throttled, place)
			}
		}
		places = throttled
	}
	return all
}

// startInTurn waits for its turn, starts changes as soon as at least one of them is let in, and waits for what
// becomes of them. Those who wait for the pace go one at a time and in order: else each of them would look at
// all that it wants whenever there is room for one.
func startInTurn[S, R any](ctx context.Context, l *Log, specs []S, start func([]S) *Pending[[]R], errOf func(*R) *error) ([]R, error) {
	if err := l.paceTurn.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("%w: others wait to create or delete partitions: %w", ErrTimeout, err)
	}
	var pending *Pending[[]R]
	for pending == nil {
		pending = start(specs)
		if pause := allThrottled(pending, errOf); pause != nil {
			if err := objstore.Sleep(ctx, pause.RetryAfter); err != nil {
				l.paceTurn.Release(1)
				return nil, fmt.Errorf("%w: %v: %w", ErrTimeout, pause, err) // it is no throttling any more: those who wait know none
			}
			pending = nil
		}
	}
	l.paceTurn.Release(1)
	return pending.Wait(ctx)
}

// allThrottled returns why nothing at all of a change is on its way, where that is the pace.
func allThrottled[R any](pending *Pending[[]R], errOf func(*R) *error) *ThrottledError {
	if pending.flush != nil {
		return nil
	}
	var first *ThrottledError
	results := pending.result()
	for i := range results {
		if e, ok := errors.AsType[*ThrottledError](*errOf(&results[i])); ok && first == nil {
			first = e
		}
	}
	return first
}
