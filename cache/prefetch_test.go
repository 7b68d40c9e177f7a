package cache

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestNeighboursComeInOneLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		c := open(t, Options{MemoryBytes: 1 << 20, LoadsInFlight: 1, SpanBytes: 4000, GapBytes: 1000}, s)
		get(t, c, block("a", 5))
		a, b := blocks("a", 0, 12), block("b", 0)
		// Out of order, twice, of two objects, with one in memory and a hole of three.
		c.Prefetch([]Key{a[2], b, a[0], a[1], a[2], a[4], a[5], a[6], a[10]})
		synctest.Wait()
		require.Equal(t, [][]Key{
			{a[5]},
			{a[0], a[1], a[2]}, // a[4] is near, but would make 5000 bytes
			{a[4], a[6]},       // a[5] is there: a gap of 1000 is no more than GapBytes
			{a[10]},            // a gap of 3000 is
			{b},
		}, s.asked())
		for _, k := range []Key{a[0], a[1], a[2], a[4], a[6], a[10], b} {
			_, ok := c.Peek(k)
			require.True(t, ok, k)
		}
	})
}

func TestJoinedSpansKeepTheirBounds(t *testing.T) {
	touching := joinKeys(blocks("a", 0, 10), 4000, 0)
	require.Equal(t, [][]Key{blocks("a", 0, 4), blocks("a", 4, 8), blocks("a", 8, 10)}, touching)

	large := Key{Object: "a", Offset: 1000, Length: 9000}
	require.Equal(t, [][]Key{{block("a", 0)}, {large}}, joinKeys([]Key{large, block("a", 0)}, 4000, 0))

	within := Key{Object: "a", Offset: 100, Length: 10} // ends before its neighbour does: the gap counts from the farther end
	require.Equal(t, [][]Key{{block("a", 0), within, block("a", 1)}}, joinKeys([]Key{block("a", 1), within, block("a", 0)}, 4000, 0))

	var small []Key
	for n := range int64(2*maxSpanKeys + 1) {
		small = append(small, Key{Object: "a", Offset: n, Length: 1})
	}
	spans := joinKeys(small, 1<<20, 0)
	require.Len(t, spans, 3)
	require.Len(t, spans[0], maxSpanKeys)
	require.Len(t, spans[2], 1)
	require.Empty(t, joinKeys(nil, 1, 0))
}

func TestGetWaitsForThePrefetchUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{hold: make(chan struct{})}
		c := open(t, Options{MemoryBytes: 1 << 20}, s)
		c.Prefetch(blocks("a", 0, 4))
		var wg sync.WaitGroup
		for n := range 4 {
			wg.Go(func() { get(t, c, block("a", n)) })
		}
		synctest.Wait()
		require.Equal(t, 4, c.Stats().InFlight)
		close(s.hold)
		wg.Wait()
		require.Equal(t, [][]Key{blocks("a", 0, 4)}, s.asked())
	})
}

func TestPrefetchReachesItsReadersWithoutMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{hold: make(chan struct{}), raw: true}
		c := open(t, Options{}, s)
		c.Prefetch(blocks("a", 0, 4))
		var wg sync.WaitGroup
		wg.Go(func() { get(t, c, block("a", 3)) })
		synctest.Wait()
		close(s.hold)
		wg.Wait()
		require.Len(t, s.asked(), 1)
	})
}

func TestOnlyTheBadBlockOfASpanFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad, mended := block("a", 1), block("a", 3)
		s := &store{hold: make(chan struct{}), spoil: map[Key]int{bad: 2, mended: 1}}
		c := open(t, Options{MemoryBytes: 1 << 20}, s)
		c.Prefetch(blocks("a", 0, 5))
		var wg sync.WaitGroup
		for _, k := range blocks("a", 0, 5) {
			wg.Go(func() {
				if k != bad {
					get(t, c, k)
					return
				}
				_, err := c.Get(t.Context(), k)
				require.ErrorIs(t, err, errDecode)
			})
		}
		synctest.Wait()
		close(s.hold)
		wg.Wait()
		require.Equal(t, [][]Key{blocks("a", 0, 5), {bad, mended}}, s.asked())
		get(t, c, bad)
	})
}

func TestFailedSpanIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{fail: errors.New("away")}
		c := open(t, Options{MemoryBytes: 1 << 20}, s)
		c.Prefetch(blocks("a", 0, 4))
		synctest.Wait()
		s.set(func() { s.fail = nil })
		get(t, c, block("a", 2))
		require.Equal(t, [][]Key{blocks("a", 0, 4), {block("a", 2)}}, s.asked())
	})
}

func TestPrefetchLoadsAreBoundedAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{hold: make(chan struct{})}
		c := open(t, Options{MemoryBytes: 1 << 20, LoadsInFlight: 3, SpanBytes: 2000}, s)
		c.Prefetch(blocks("a", 0, 20))
		synctest.Wait()
		require.Len(t, s.asked(), 3)
		require.Equal(t, 20, c.Stats().InFlight)
		for n := range 7 {
			require.NoError(t, c.Check())
			s.hold <- struct{}{} // one ends
			synctest.Wait()
			loads := s.asked()
			require.Len(t, loads, 3+n+1)
			require.Equal(t, blocks("a", 2*(3+n), 2*(3+n)+2), loads[3+n])
		}
		close(s.hold)
		synctest.Wait()
		require.Equal(t, 3, s.most)
	})
}

func TestReaderOvertakesThePrefetchesThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{hold: make(chan struct{})}
		c := open(t, Options{MemoryBytes: 1 << 20, LoadsInFlight: 1, SpanBytes: 2000}, s)
		c.Prefetch(blocks("a", 0, 20))
		synctest.Wait()
		var wg sync.WaitGroup
		wg.Go(func() { get(t, c, block("a", 15)) })
		synctest.Wait()
		require.Equal(t, [][]Key{blocks("a", 0, 2), blocks("a", 14, 16)}, s.asked(), "its whole span comes forward")
		close(s.hold)
		wg.Wait()
		synctest.Wait()
		require.Len(t, s.asked(), 10)
	})
}

func TestGetBringsAPrefetchForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{hold: make(chan struct{})}
		c := open(t, Options{MemoryBytes: 1 << 20, LoadsInFlight: 1, SpanBytes: 2000}, s)
		c.Prefetch(blocks("a", 0, 20))
		synctest.Wait()
		var wg sync.WaitGroup
		wg.Go(func() { get(t, c, block("a", 19)) })
		synctest.Wait()
		require.Equal(t, [][]Key{blocks("a", 0, 2), blocks("a", 18, 20)}, s.asked())
		close(s.hold)
		wg.Wait()
		_, ok := c.Peek(block("a", 19))
		require.True(t, ok)
	})
}

func TestTooManyPrefetchesAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{hold: make(chan struct{})}
		c := open(t, Options{MemoryBytes: 1 << 20, LoadsInFlight: 1, SpanBytes: 1000}, s)
		const more = 100
		c.Prefetch(blocks("a", 0, 1+maxQueuedKeys+more)) // one runs at once
		require.Equal(t, int64(more), c.Stats().PrefetchesDropped)
		require.NoError(t, c.Check())
		last := block("a", maxQueuedKeys+more)
		synctest.Wait()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Get(t.Context(), last)
			require.ErrorIs(t, err, ErrClosed)
		})
		synctest.Wait()
		require.Equal(t, []Key{last}, s.asked()[1], "a reader loads it itself")
		require.NoError(t, c.Close())
		wg.Wait()
	})
}

func TestBlockOfASpanDoesNotKeepTheSpanAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{raw: true}
		c := open(t, Options{MemoryBytes: 1 << 20}, s)
		c.Prefetch(blocks("a", 0, 4))
		synctest.Wait()
		for _, k := range blocks("a", 0, 4) {
			got, ok := c.Peek(k)
			require.True(t, ok)
			require.Equal(t, plain(k), got)
			require.Less(t, cap(got), 1100, "it stands in an array of its own")
		}
	})
}

func TestOverlap(t *testing.T) {
	b := make([]byte, 10)
	require.True(t, overlap(b[2:4], b))
	require.True(t, overlap(b[:0], b))
	require.True(t, overlap(b[5:], b[:6]))
	require.False(t, overlap(b[5:], b[:5:5]))
	require.False(t, overlap(make([]byte, 10), b))
	require.False(t, overlap(nil, b))
}
