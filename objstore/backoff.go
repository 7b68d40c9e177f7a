package objstore

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff spaces the attempts of what may yet succeed: twice as long each time, from First up to Most, less a random part of
// up to three quarters, so that those who failed together do not return together. First must be positive.
type Backoff struct{ First, Most time.Duration }

// After returns the pause after the given attempt, counted from 1. Any goroutine may call it.
func (b Backoff) After(attempt int) time.Duration {
	whole := b.Most
	if shift := attempt - 1; shift < 16 {
		whole = min(b.Most, b.First<<shift)
	}
	return whole/4 + rand.N(whole*3/4+1)
}

// Wait sleeps for the pause after the given attempt, or returns ctx's error when that ends before.
func (b Backoff) Wait(ctx context.Context, attempt int) error { return Sleep(ctx, b.After(attempt)) }

// Sleep sleeps, or returns ctx's error when that ends before.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
