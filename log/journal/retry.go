package journal

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"streamhouse/log/segment"
	"streamhouse/objstore"
)

const (
	// retryFloor and retryCeiling bound the pause between attempts: short enough
	// that a hiccup costs little, long enough that a store in distress gets air.
	retryFloor   = 20 * time.Millisecond
	retryCeiling = 5 * time.Second
)

// backoff is the pause before the n-th retry: exponential, with full jitter so
// that brokers that share a store do not return all at once.
func backoff(n int) time.Duration {
	ceiling := min(retryCeiling, retryFloor<<min(n, 16))
	return retryFloor + rand.N(ceiling)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retry calls f until it succeeds, fails for good, or ctx ends: for reads while the
// journal is opened, when a storm must not end the start.
func (j *Journal) retry(ctx context.Context, f func() error) error {
	for n := 1; ; n++ {
		err := f()
		if err == nil && n > 1 {
			j.recovered()
		}
		if err == nil || ctx.Err() != nil || permanent(err) {
			return err
		}
		pause := backoff(n)
		j.trouble(err, n, pause)
		if sleep(ctx, pause) != nil {
			return err
		}
	}
}

// permanent says that trying again will not help.
func permanent(err error) bool {
	for _, e := range []error{objstore.ErrPermanent, objstore.ErrNotFound, objstore.ErrExists, objstore.ErrKey, segment.ErrCorrupt, ErrFenced, ErrUnsafeStore} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
