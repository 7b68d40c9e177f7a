package log

import (
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"

	"streamhouse/meta"
)

// idBlockSize is how many producer ids are reserved at once, so that a fleet of producers that
// starts does not cost a flush each. What a restart leaves unused is lost: there are 2^63.
const idBlockSize = 1000

// idBlock is what is left of the reserved ids. Whoever holds the turn fetches a new block
// for those who wait for theirs.
type idBlock struct {
	turn      *semaphore.Weighted
	next, end int64
}

// ReserveProducerID returns a producer id that nobody else has, for an
// idempotent producer that begins at epoch 0.
func (l *Log) ReserveProducerID(ctx context.Context) (int64, error) {
	if err := l.ids.turn.Acquire(ctx, 1); err != nil {
		return 0, fmt.Errorf("%w: producer ids are being reserved: %w", ErrTimeout, err)
	}
	defer l.ids.turn.Release(1)
	if l.ids.next == l.ids.end {
		first, err := l.submitOne(ctx, &meta.ReserveProducerIDs{Count: idBlockSize}, claim{})
		if err != nil {
			return 0, err
		}
		l.ids.next, l.ids.end = first, first+idBlockSize
	}
	l.ids.next++
	return l.ids.next - 1, nil
}

// ProducerID returns the producer id that belongs to a name, reserving one the
// first time: the same name has the same id on every broker, after any restart. A name that
// has not produced for longer than producers are remembered may get another id. ErrLimit: there are too many names.
func (l *Log) ProducerID(ctx context.Context, name string) (int64, error) {
	if name == "" || len(name) > MaxProducerName {
		return 0, fmt.Errorf("%w: a producer's name has 1 to %d bytes, this one %d", ErrInvalidProducer, MaxProducerName, len(name))
	}
	l.stateMu.RLock()
	id, ok := l.state.NamedProducer(name)
	l.stateMu.RUnlock()
	if ok {
		return id, nil
	}
	one := claim{adds: Usage{ProducerNames: 1}}
	if err := l.claim(one); err != nil {
		return 0, err
	}
	return l.submitOne(ctx, &meta.NameProducer{Name: name}, one)
}

// submitOne submits an entry whose outcome is a value, and waits for it.
func (l *Log) submitOne(ctx context.Context, e meta.Entry, held claim) (int64, error) {
	results, err := submitClaimed(l, []meta.Entry{e}, held, make([]meta.Outcome, 1),
		func(r *meta.Outcome, _ *meta.Commit, o meta.Outcome) { *r = o },
		func(r *meta.Outcome, err error) { r.Err = err }).Wait(ctx)
	if err != nil {
		return 0, err
	}
	return results[0].Value, results[0].Err
}
