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

// doubt notes that a block looks missing or damaged, and reports whether this is the first time.
func (f *fetched) doubt(k cache.Key) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	first := !f.lost[k]
	f.lost[k] = true
	return first
}

// planAgain lets the read look the position up in the state once more, and ask for the block again if it is still named
// there: where records live may have changed, or they may be gone, by right. A reader that has no time for the pause gets a shorter one.
func (r *read) planAgain(ctx context.Context, k cache.Key) {
	pause := planAgainPause.After(1)
	if deadline, ok := ctx.Deadline(); ok {
		pause = min(pause, time.Until(deadline)/4)
	}
	if objstore.Sleep(ctx, pause) != nil {
		return
	}
	r.blocks.mu.Lock()
	delete(r.blocks.asked, k)
	r.blocks.mu.Unlock()
	r.waiter.wake()
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
