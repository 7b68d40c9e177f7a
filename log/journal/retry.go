package journal

import (
	"context"
	"errors"
	"time"

	"streamhouse/log/segment"
	"streamhouse/objstore"
)

// pauses lie between attempts: short enough at first that a hiccup costs little, long enough in the end that a
// store in distress gets air.
var pauses = objstore.Backoff{First: 50 * time.Millisecond, Most: 5 * time.Second}

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
		pause := pauses.After(n)
		j.trouble(err, n, pause)
		if objstore.Sleep(ctx, pause) != nil {
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
