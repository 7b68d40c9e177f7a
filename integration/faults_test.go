package integration

import (
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/integration/faultproxy"
)

// first lets the next request of a kind go wrong, and no other.
func first(kind faultproxy.Kind, fate faultproxy.Fate) faultproxy.Fault {
	var done atomic.Bool
	return func(r faultproxy.Request) faultproxy.Action {
		if r.Kind == kind && !done.Swap(true) {
			return faultproxy.Action{Fate: fate}
		}
		return faultproxy.Action{}
	}
}

// all lets all requests of a kind go wrong.
func all(kind faultproxy.Kind, fate faultproxy.Fate) faultproxy.Fault {
	return func(r faultproxy.Request) faultproxy.Action {
		if r.Kind == kind {
			return faultproxy.Action{Fate: fate}
		}
		return faultproxy.Action{}
	}
}

// everything lets all requests go wrong.
func everything(fate faultproxy.Fate) faultproxy.Fault {
	return func(faultproxy.Request) faultproxy.Action { return faultproxy.Action{Fate: fate} }
}

// some lets a share of all requests go wrong, each in one of the ways.
func some(random *lockedRand, share float64, fates ...faultproxy.Fate) faultproxy.Fault {
	return func(faultproxy.Request) faultproxy.Action {
		if random.Float64() >= share {
			return faultproxy.Action{}
		}
		return faultproxy.Action{Fate: fates[random.IntN(len(fates))], Delay: time.Duration(random.IntN(20)) * time.Millisecond}
	}
}

// lockedRand is randomness that several goroutines share.
type lockedRand struct {
	mu sync.Mutex
	r  *rand.Rand
}

// seeded returns randomness whose seed is in the log of the test; SEED repeats it.
func seeded(t *testing.T) *lockedRand {
	t.Helper()
	seed := rand.Uint64()
	if s := os.Getenv("SEED"); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 10, 64)
		require.NoError(t, err, "SEED")
	}
	t.Logf("SEED=%d", seed)
	return &lockedRand{r: rand.New(rand.NewPCG(seed, 0))}
}

func (l *lockedRand) Float64() float64 { l.mu.Lock(); defer l.mu.Unlock(); return l.r.Float64() }
func (l *lockedRand) IntN(n int) int   { l.mu.Lock(); defer l.mu.Unlock(); return l.r.IntN(n) }

// between returns a random time.
func (l *lockedRand) between(low, high time.Duration) time.Duration {
	return low + time.Duration(l.IntN(int(high-low)))
}
