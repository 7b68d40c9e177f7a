package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
)

// fenceTimeout bounds one look at the fence.
const fenceTimeout = 30 * time.Second

// probe refuses a store that ignores create-only writes: on such a store two
// brokers would overwrite each other without noticing.
func (j *Journal) probe(ctx context.Context) error {
	key := "probe/" + meta.FormatID(j.writer)
	err := j.retry(ctx, func() error {
		err := j.store.Put(ctx, key, []byte(key))
		if errors.Is(err, objstore.ErrExists) {
			return nil // an attempt whose answer got lost
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("write a probe: %w", err)
	}
	defer func() {
		// A probe that is left behind does no harm.
		_ = j.store.Delete(ctx, key)
	}()
	err = j.retry(ctx, func() error {
		err := j.store.Put(ctx, key, []byte("again"))
		switch {
		case errors.Is(err, objstore.ErrExists):
			return nil
		case err == nil:
			return fmt.Errorf("%w: it let an existing object (%s) be written again; use a store that honours If-None-Match: * on PUT", ErrUnsafeStore, key)
		}
		return fmt.Errorf("write the probe again: %w", err)
	})
	return err
}

// CheckFence looks at the places of an epoch from first to next, up to the first that is free. [ErrFenced]: another
// process's segment stands at one of them. segment.ErrCorrupt: something stands at one, and stays, that tells nobody's.
// Any other error: the store did not answer, which says nothing about the fence.
// It changes nothing, tries nothing again but wrong bytes, and takes half a minute at most. Anybody may call it at any time.
func (j *Journal) CheckFence(ctx context.Context, epoch uint32, first, next uint64) error {
	ctx, cancel := context.WithTimeout(ctx, fenceTimeout)
	defer cancel()
	for seq := first; seq <= next; seq++ {
		_, err := j.repeat(ctx, judgeLook, func(error) {}, func() error {
			_, err := j.look(ctx, segment.Key(epoch, seq))
			return err
		})
		switch {
		case errors.Is(err, objstore.ErrNotFound):
			return nil
		case errors.Is(err, segment.ErrCorrupt) && ctx.Err() != nil:
			return ctx.Err() // it was not read often enough
		case err != nil:
			return err
		}
	}
	return nil
}

// judgeLook reads again what is wrong, and nothing else: there will be another look.
func judgeLook(err error) verdict {
	if errors.Is(err, segment.ErrCorrupt) {
		return doubtful
	}
	return final
}
