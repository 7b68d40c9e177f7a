package cache

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGetLoadsOnceAndThenHitsMemory(t *testing.T) {
	s := &store{}
	c := open(t, Options{MemoryBytes: 1 << 20}, s)
	k := block("a", 3)
	_, ok := c.Peek(k)
	require.False(t, ok)
	get(t, c, k)
	get(t, c, k)
	got, ok := c.Peek(k)
	require.True(t, ok)
	require.Equal(t, plain(k), got)
	require.Equal(t, [][]Key{{k}}, s.asked())
	st := c.Stats()
	require.Equal(t, Stats{MemoryBytes: blockCost, MemoryBlocks: 1, MemoryHits: 2, Misses: 1, Loads: 1, LoadedBytes: 1000}, st)
}

func TestLeastRecentlyUsedGoesFirst(t *testing.T) {
	s := &store{}
	var evicted []int64
	c := open(t, Options{MemoryBytes: 3 * blockCost, Events: Events{
		Evict: func(tier Tier, n int64) {
			require.Equal(t, Memory, tier)
			evicted = append(evicted, n)
		},
	}}, s)
	for _, k := range blocks("a", 0, 3) {
		get(t, c, k)
	}
	get(t, c, block("a", 0)) // uses: 1, 2, 0
	_, ok := c.Peek(block("a", 1))
	require.True(t, ok) // uses: 2, 0, 1
	get(t, c, block("a", 3))
	for n, want := range []bool{true, true, false, true} {
		_, ok := c.Peek(block("a", n))
		require.Equal(t, want, ok, "block %d", n)
	}
	require.Equal(t, []int64{blockCost}, evicted)
	require.Equal(t, int64(3*blockCost), c.Stats().MemoryBytes)
}

func TestBlockLargerThanTheTierIsServedAndNotKept(t *testing.T) {
	s := &store{}
	c := open(t, Options{MemoryBytes: 3 * blockCost}, s)
	get(t, c, block("a", 0))
	large := Key{Object: "b", Offset: 0, Length: 5000}
	get(t, c, large)
	get(t, c, large)
	require.Len(t, s.asked(), 3)
	_, ok := c.Peek(block("a", 0))
	require.True(t, ok, "nothing made way for it")
}

func TestWithoutMemoryReadersStillShareALoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{hold: make(chan struct{})}
		c := open(t, Options{}, s)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { get(t, c, block("a", 0)) })
		}
		synctest.Wait()
		close(s.hold)
		wg.Wait()
		require.Len(t, s.asked(), 1)
		st := c.Stats()
		require.Equal(t, int64(1), st.Misses)
		require.Equal(t, int64(19), st.Shared)
		require.Zero(t, st.MemoryBytes)
	})
}

func TestReaderThatGivesUpLeavesTheLoadToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{hold: make(chan struct{})}
		c := open(t, Options{MemoryBytes: 1 << 20}, s)
		k := block("a", 0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Get(ctx, k)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = c.Get(ctx, block("a", 1))
		require.ErrorIs(t, err, context.DeadlineExceeded, "a context that has ended starts nothing")

		require.Equal(t, 1, c.Stats().InFlight)
		close(s.hold)
		synctest.Wait()
		require.Zero(t, c.Stats().InFlight)
		_, ok := c.Peek(k)
		require.True(t, ok)
		require.Equal(t, [][]Key{{k}}, s.asked())
	})
}

func TestFailedLoadReachesEveryWaiterAndIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := errors.New("store is away")
		s := &store{hold: make(chan struct{}), fail: away}
		c := open(t, Options{MemoryBytes: 1 << 20}, s)
		k := block("a", 0)
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				_, err := c.Get(t.Context(), k)
				require.ErrorIs(t, err, away)
			})
		}
		synctest.Wait()
		close(s.hold)
		wg.Wait()
		require.Len(t, s.asked(), 1)
		s.set(func() { s.fail = nil })
		get(t, c, k)
		require.Len(t, s.asked(), 2)
		require.Equal(t, int64(1), c.Stats().LoadErrors)
	})
}

func TestBadBlockIsLoadedOnceMore(t *testing.T) {
	k := block("a", 0)
	s := &store{spoil: map[Key]int{k: 1}}
	var corrupt []Tier
	c := open(t, Options{MemoryBytes: 1 << 20, Events: Events{
		Corrupt: func(from Tier, got Key, err error) {
			require.Equal(t, k, got)
			require.ErrorIs(t, err, errDecode)
			corrupt = append(corrupt, from)
		},
	}}, s)
	get(t, c, k)
	require.Equal(t, [][]Key{{k}, {k}}, s.asked())
	require.Equal(t, []Tier{Store}, corrupt)

	k = block("a", 1)
	s.set(func() { s.spoil[k] = 2 })
	_, err := c.Get(t.Context(), k)
	require.ErrorIs(t, err, errDecode)
	require.ErrorContains(t, err, `"a" bytes 1000+1000`)
	require.Equal(t, []Tier{Store, Store, Store}, corrupt)
	get(t, c, k)
	require.Equal(t, int64(3), c.Stats().Corrupt)
}

func TestLoaderThatAnswersTheWrongNumberOfBlocks(t *testing.T) {
	s := &store{short: true}
	c := open(t, Options{MemoryBytes: 1 << 20}, s)
	_, err := c.Get(t.Context(), block("a", 0))
	require.ErrorIs(t, err, errCount)
}

func TestBlockOfTheWrongLengthIsNeverDecoded(t *testing.T) {
	c := open(t, Options{MemoryBytes: 1 << 20}, &store{})
	_, err := c.decode(block("a", 0), storedForm(block("a", 0))[:999])
	require.ErrorIs(t, err, errLength)
}

func TestInvalidKeys(t *testing.T) {
	s := &store{}
	c := open(t, Options{MemoryBytes: 1 << 20}, s)
	long := Key{Object: strings.Repeat("a", 2<<10), Length: 1}
	for _, k := range []Key{
		{}, {Length: 1}, {Object: "a", Offset: -1, Length: 1}, {Object: "a"}, {Object: "a", Length: -1},
		{Object: "a", Offset: math.MaxInt64, Length: 1}, long,
	} {
		_, err := c.Get(t.Context(), k)
		require.ErrorIs(t, err, ErrKey)
		require.Less(t, len(err.Error()), 8<<10)
		c.Prefetch([]Key{k})
	}
	require.Empty(t, s.asked())
}

func TestInvalidOptions(t *testing.T) {
	for _, o := range []Options{{MemoryBytes: -1}, {DiskBytes: -1}, {LoadsInFlight: -1}, {SpanBytes: -1}, {GapBytes: -1}} {
		_, err := Open(o, &store{})
		require.ErrorIs(t, err, ErrOptions)
	}
}

func TestCloseEndsEveryWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{hold: make(chan struct{})}
		c := open(t, Options{MemoryBytes: 1 << 20, LoadsInFlight: 1, SpanBytes: 1000, DiskPath: t.TempDir(), DiskBytes: 1 << 20}, s)
		c.Prefetch(blocks("a", 0, 5)) // one runs, four wait
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				_, err := c.Get(t.Context(), block("a", n))
				require.ErrorIs(t, err, ErrClosed)
			})
		}
		synctest.Wait()
		require.NoError(t, c.Check())
		require.NoError(t, c.Close())
		wg.Wait()
		_, err := c.Get(t.Context(), block("a", 0))
		require.ErrorIs(t, err, ErrClosed)
		c.Prefetch(blocks("a", 0, 5))
		require.NoError(t, c.Close())
	})
}

func TestLoadsThatReadersWaitForAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{hold: make(chan struct{})}
		c := open(t, Options{MemoryBytes: 1 << 20, LoadsInFlight: 2, SpanBytes: 2000}, s)
		var wg sync.WaitGroup
		for n := range 100 {
			wg.Go(func() { get(t, c, block("a", n)) })
		}
		synctest.Wait()
		require.Len(t, s.asked(), 4, "as many as fit into LoadsInFlight * SpanBytes")
		require.NoError(t, c.Check())
		close(s.hold)
		wg.Wait()
		require.Equal(t, 4, s.most)
		require.Len(t, s.asked(), 100)
	})
}

// TestEveryGetIsCountedOnce lets many readers loose on a cache that is too
// small in both tiers, on a store that fails and spoils blocks.
func TestEveryGetIsCountedOnce(t *testing.T) {
	s := &store{spoil: map[Key]int{}}
	for n := range 50 {
		s.spoil[block("a", n)] = n % 4
	}
	var mu sync.Mutex
	events := int64(0)
	count := func() { mu.Lock(); events++; mu.Unlock() }
	c := open(t, Options{
		MemoryBytes: 10 * blockCost, DiskPath: t.TempDir(), DiskBytes: 256 << 10, LoadsInFlight: 3, SpanBytes: 5000, GapBytes: 1000,
		Events: Events{Hit: func(Tier) { count() }, Shared: count, Miss: count},
	}, s)
	const readers, reads = 8, 250
	var wg sync.WaitGroup
	for seed := range uint64(readers) {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(seed, 1))
			for range reads {
				k := block("a", rnd.IntN(400))
				if rnd.IntN(3) == 0 {
					n := rnd.IntN(395)
					c.Prefetch(blocks("a", n, n+5))
				}
				got, err := c.Get(t.Context(), k)
				if err != nil {
					require.ErrorIs(t, err, errDecode)
				} else {
					require.Equal(t, string(plain(k)), string(got))
				}
				if rnd.IntN(50) == 0 {
					require.NoError(t, c.Check())
				}
			}
		})
	}
	wg.Wait()
	st := c.Stats()
	require.Equal(t, int64(readers*reads), st.MemoryHits+st.DiskHits+st.Shared+st.Misses)
	require.Equal(t, int64(readers*reads), events)
	require.LessOrEqual(t, st.MemoryBytes, int64(10*blockCost))
	require.LessOrEqual(t, st.DiskBytes, int64(256<<10))
}
