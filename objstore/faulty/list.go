package faulty

import (
	"context"
	"iter"
	"time"

	"streamhouse/objstore"
)

// List implements [objstore.Store].
func (f *Store) List(ctx context.Context, prefix, after string) iter.Seq2[objstore.Info, error] {
	return func(yield func(objstore.Info, error) bool) {
		c, err := f.begin(ctx, objstore.OpList, 0, prefix)
		if err != nil {
			yield(objstore.Info{}, err)
			return
		}
		began := time.Now()
		left := -1 // objects before the fault; none where negative
		if c.has(failAfter) {
			left = int(c.draw % 8)
		}
		for info, err := range f.inner.List(ctx, prefix, after) {
			if err == nil && f.hidden(c, info.Key, began) {
				continue
			}
			if left == 0 && err == nil {
				break
			}
			left--
			if !yield(info, err) || err != nil {
				return
			}
		}
		if err := c.end(ctx); err != nil {
			yield(objstore.Info{}, err)
		}
	}
}

// hidden reports that a listing that began then leaves an object out.
func (f *Store) hidden(c call, key string, began time.Time) bool {
	e, lags := c.effect(lag)
	if !lags {
		return c.has(empty)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	born, known := f.born[key]
	return c.has(empty) || known && born.After(began.Add(-e.delay))
}
