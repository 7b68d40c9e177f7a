package log

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/segment"
)

// A reader that goes on where it stopped is read ahead, twice as far each time up to the limit; one that jumps about is not.
func TestReadAheadWindow(t *testing.T) {
	r := newReaders(Options{PrefetchBytes: 3 * segment.BlockBytes, CacheMemoryBytes: 1 << 40})
	p, now := PartitionID{Index: 1}, time.Now()
	step := func(from, to, want int64, why string) {
		t.Helper()
		require.Equal(t, want, r.advance(p, from, to, now), why)
	}
	step(0, 10, 0, "a single lookup reads nothing ahead")
	step(10, 20, 2*segment.BlockBytes, "goes on")
	step(20, 30, 3*segment.BlockBytes, "up to the limit")
	step(30, 30, 3*segment.BlockBytes, "still waits for its block")
	step(500, 510, 0, "jumps")
	step(7, 7, segment.BlockBytes, "waits for its first block: that one is wanted")
	step(7, 17, 2*segment.BlockBytes, "and has got it")
	p.Index = 2
	step(30, 40, 0, "another partition is another reader")
}

// Windows of all readers together fit into the cache, and who has gone makes nobody's small.
func TestReadAheadIsShared(t *testing.T) {
	r := newReaders(Options{PrefetchBytes: 1 << 40, CacheMemoryBytes: 80 * segment.BlockBytes})
	now := time.Now()
	for i := range int32(9) {
		r.advance(PartitionID{Index: i}, 0, 0, now)
	}
	p := PartitionID{Index: 100}
	next := func(from int64) (ahead int64) {
		r.advance(p, from, from, now)
		for i := range int64(10) {
			ahead = r.advance(p, from+i, from+i+1, now)
		}
		return ahead
	}
	require.EqualValues(t, 4*segment.BlockBytes, next(0), "half of the cache, among ten")
	now = now.Add(readerIdle)
	require.EqualValues(t, 40*segment.BlockBytes, next(100), "alone")
	require.Equal(t, 1, r.positions.Len())
}
