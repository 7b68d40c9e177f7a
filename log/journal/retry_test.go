package journal

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The pauses between attempts grow, vary, and end growing.
func TestBackoff(t *testing.T) {
	for _, n := range []int{1, 2, 5, 10, 100, 1 << 30} {
		pauses := make([]time.Duration, 100)
		for i := range pauses {
			pauses[i] = backoff(n)
		}
		low, high := slices.Min(pauses), slices.Max(pauses)
		require.GreaterOrEqual(t, low, retryFloor)
		require.Less(t, high, retryFloor+retryCeiling)
		require.Greater(t, high, low)
		if n == 1 {
			require.Less(t, high, 3*retryFloor)
		}
		if n >= 10 {
			require.Greater(t, high, retryCeiling/2)
		}
	}
}
