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
	var second error
	err = j.retry(ctx, func() error {
		second = j.store.Put(ctx, key, []byte("again"))
		if errors.Is(second, objstore.ErrExists) {
			return nil
		}
		return second
	})
	if err != nil {
		return fmt.Errorf("write the probe again: %w", err)
	}
	if second == nil {
		return fmt.Errorf("%w: it let an existing object (%s) be written again; use a store that honours If-None-Match: * on PUT", ErrUnsafeStore, key)
	}
	return nil
}

// CheckFence returns [ErrFenced] if another process wrote a segment at a place from first to
// next: the first one that is not ours. A store that does not answer says nothing about the fence.
// Appends may be under way meanwhile.
func (j *Journal) CheckFence(ctx context.Context, epoch uint32, first, next uint64) error {
	ctx, cancel := context.WithTimeout(ctx, fenceTimeout)
	defer cancel()
	for seq := first; seq <= next; seq++ {
		key := segment.Key(epoch, seq)
		object, err := j.store.Get(ctx, key)
		if err != nil {
			return nil
		}
		f, err := segment.DecodeFooter(object, int64(len(object)))
		if err != nil || f.Writer != j.writer {
			return fmt.Errorf("%w: %s was written by another process%s", ErrFenced, key, j.author(object))
		}
	}
	return nil
}
