package objstore

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBackoff(t *testing.T) {
	b := Backoff{First: 100 * time.Millisecond, Most: time.Second}
	for attempt, most := range map[int]time.Duration{1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 4: 800 * time.Millisecond, 5: time.Second, 1000: time.Second} {
		seen := make(map[time.Duration]bool)
		for range 100 {
			d := b.After(attempt)
			require.GreaterOrEqual(t, d, most/4)
			require.LessOrEqual(t, d, most)
			seen[d] = true
		}
		require.Greater(t, len(seen), 50, "those who failed together do not return together")
	}
}

func TestBackoffEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		b := Backoff{First: time.Hour, Most: time.Hour}
		require.ErrorIs(t, b.Wait(ctx, 1), context.DeadlineExceeded)
		require.NoError(t, b.Wait(t.Context(), 1))
	})
}
