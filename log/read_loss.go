package log

import (
	"context"
	"errors"
	"fmt"
	"time"

	"streamhouse/cache"
	"streamhouse/objstore"
)

// planAgainPause is between two looks at a block that is missing or damaged: what stands before a store in trouble
// may tell the same twice in a row.
var planAgainPause = objstore.Backoff{First: 100 * time.Millisecond, Most: 100 * time.Millisecond}

// lookAgain brings a block that looks missing or damaged. Where it stays so while somebody wants it, it is lost, or what
// confirmLoss says.
func (b *blockFetcher) lookAgain(f *blockFetch) ([]byte, error) {
	if err := objstore.Sleep(b.ctx, b.planAgain(f)); err != nil {
		return nil, err
	}
	raw, err := b.cache.Get(b.ctx, f.key)
	if errors.Is(err, ErrCorruptLog) && b.isWanted(f) {
		err = b.confirmLoss(b.ctx, f.key, err)
	}
	return raw, err
}

// planAgain lets the reads that wait for a block look their positions up in the state once more: where records
// live may have changed, or they may be gone, by right. Then they do not wait for it any more. It returns how long to
// pause: less where a read has no time for the whole pause.
func (b *blockFetcher) planAgain(f *blockFetch) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	pause := planAgainPause.After(1)
	for _, w := range f.waiters {
		if !w.until.IsZero() {
			pause = min(pause, max(time.Until(w.until)/4, 0))
		}
		w.wake()
	}
	return pause
}

// isWanted says whether a read has a block that has not come yet.
func (b *blockFetcher) isWanted(f *blockFetch) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return f.refs > 0
}

// confirmLoss looks at the fence before a block counts as lost: the state of a broker that was taken over
// may name what its successor has deleted. A fence that cannot be seen leaves the question open.
func (l *Log) confirmLoss(ctx context.Context, k cache.Key, lost error) error {
	epoch, first, next := l.places()
	switch fence := l.journal.CheckFence(ctx, epoch, first, next); {
	case errors.Is(fence, ErrFenced):
		l.stop(fence)
		return fence
	case fence != nil && !errors.Is(fence, ErrCorruptLog):
		return fmt.Errorf("%w: a block cannot be read (%v), nor be seen whether another broker has taken over: %w", ErrUnavailable, lost, fence)
	}
	l.log.Error("a part of the log cannot be read", "block", k.String(), "err", lost)
	return lost
}
