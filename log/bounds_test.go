package log

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// timed builds a batch of records with these timestamps.
func timed(t testing.TB, times ...int64) []byte {
	records := make([]record.Record, len(times))
	for i, ms := range times {
		records[i].Timestamp = ms
	}
	return mustBatch(t, 0, records)
}

// takeovers writes to a partition under several epochs: offsets 0 to 2 under the first, 3 and 4 under the
// third, nothing under the second and the fourth, which is the broker's.
func takeovers(t *testing.T, e *engine) (p PartitionID, epochs [4]int32) {
	p = e.topic("t", 1)[0]
	next := func(i int) {
		e.crash()
		e.open()
		epochs[i] = e.LeaderEpoch()
		require.Equal(t, epochs[i-1]+1, epochs[i])
	}
	epochs[0] = e.LeaderEpoch()
	require.NoError(t, e.append(p, timed(t, 10, 30, 20)).Err)
	next(1)
	next(2)
	require.NoError(t, e.append(p, timed(t, 25, 40)).Err)
	next(3)
	return p, epochs
}

func TestBounds(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	b, err := e.Bounds(p)
	require.NoError(t, err)
	require.Equal(t, Bounds{LeaderEpoch: e.LeaderEpoch()}, b)
	require.NoError(t, e.append(p, testBatch(t, nil, numbers(0, 5)...)).Err)
	require.NoError(t, outcome(t, e.DeleteRecords([]DeleteSpec{{p, 2}}))[0].Err)
	e.everAfter(func(when string) {
		b, err := e.Bounds(p)
		require.NoError(t, err, when)
		require.Equal(t, Bounds{LogStart: 2, HighWatermark: 5, LastStable: 5, LeaderEpoch: e.LeaderEpoch()}, b, when)
	})
}

// A consumer that has read under an epoch learns where it ended, and cuts off what it has beyond (KIP-101).
func TestEpochEnd(t *testing.T) {
	e := newEngine(t)
	p, epochs := takeovers(t, e)
	empty := e.topic("empty", 1)[0]
	type end struct {
		epoch int32
		at    int64
	}
	for _, c := range []struct {
		what  string
		p     PartitionID
		epoch int32
		want  end
	}{
		{"first", p, epochs[0], end{epochs[0], 3}},
		{"under which nothing was written", p, epochs[1], end{epochs[0], 3}},
		{"third", p, epochs[2], end{epochs[2], 5}},
		{"the broker's", p, epochs[3], end{epochs[3], 5}},
		{"of the future", p, epochs[3] + 1, end{-1, -1}},
		{"before all", p, epochs[0] - 1, end{epochs[0] - 1, 0}},
		{"none", p, -1, end{-1, -1}},
		{"the broker's, of an empty log", empty, epochs[3], end{epochs[3], 0}},
		{"an old one, of an empty log", empty, epochs[0], end{epochs[0], 0}},
	} {
		epoch, at, err := e.EpochEnd(c.p, c.epoch)
		require.NoError(t, err, c.what)
		require.Equal(t, c.want, end{epoch, at}, c.what)
	}
	require.NoError(t, e.append(p, timed(t, 1)).Err)
	epoch, at, err := e.EpochEnd(p, epochs[2])
	require.NoError(t, err)
	require.Equal(t, end{epochs[2], 5}, end{epoch, at}, "what came later belongs to the next epoch")
	epoch, at, err = e.EpochEnd(p, epochs[3])
	require.NoError(t, err)
	require.Equal(t, end{epochs[3], 6}, end{epoch, at})
}

// The first record by offset, not by time, that is not older; its epoch is the one it was written under.
func TestOffsetForTime(t *testing.T) {
	e := newEngine(t)
	p, epochs := takeovers(t, e)
	look := func(when string, cases map[int64]OffsetAt) {
		for ts, want := range cases {
			at, err := e.OffsetForTime(t.Context(), p, ts)
			require.NoError(t, err)
			require.Equal(t, want, at, "time %d, %s", ts, when)
		}
	}
	all := map[int64]OffsetAt{
		math.MinInt64: {0, 10, epochs[0]},
		0:             {0, 10, epochs[0]},
		10:            {0, 10, epochs[0]},
		11:            {1, 30, epochs[0]},
		30:            {1, 30, epochs[0]},
		31:            {4, 40, epochs[2]},
		40:            {4, 40, epochs[2]},
		41:            nowhere,
		math.MaxInt64: nowhere,
	}
	look("from the store", all)
	require.NoError(t, e.append(p, timed(t, 50)).Err)
	delete(all, 41)
	all[41], all[50], all[51] = OffsetAt{5, 50, epochs[3]}, OffsetAt{5, 50, epochs[3]}, nowhere
	look("with the tail", all)
	require.NoError(t, outcome(t, e.DeleteRecords([]DeleteSpec{{p, 2}}))[0].Err)
	look("after the start has moved into a batch", map[int64]OffsetAt{
		0: {2, 20, epochs[0]}, 11: {2, 20, epochs[0]}, 21: {3, 25, epochs[2]}, 30: {4, 40, epochs[2]},
	})
	require.NoError(t, outcome(t, e.DeleteRecords([]DeleteSpec{{p, -1}}))[0].Err)
	look("when all are gone", map[int64]OffsetAt{0: nowhere})
}

func TestOffsetForMaxTime(t *testing.T) {
	e := newEngine(t)
	empty := e.topic("empty", 1)[0]
	at, err := e.OffsetForMaxTime(t.Context(), empty)
	require.NoError(t, err)
	require.Equal(t, nowhere, at)
	p, epochs := takeovers(t, e)
	for _, c := range []struct {
		start int64
		want  OffsetAt
	}{
		{0, OffsetAt{4, 40, epochs[2]}},
		{3, OffsetAt{4, 40, epochs[2]}},
		{5, nowhere},
	} {
		require.NoError(t, outcome(t, e.DeleteRecords([]DeleteSpec{{p, c.start}}))[0].Err)
		at, err := e.OffsetForMaxTime(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, c.want, at, "log start %d", c.start)
	}
	require.NoError(t, e.append(p, timed(t, 7, 9, 9)).Err)
	at, err = e.OffsetForMaxTime(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, OffsetAt{6, 9, epochs[3]}, at, "the first of those with the same time")
}

// The largest time is that of the records that are left, though the batch's header still knows of others.
func TestOffsetForMaxTimeBehindAMovedStart(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	epoch := e.LeaderEpoch()
	require.NoError(t, e.append(p, timed(t, 90, 20, 30, 25)).Err)
	require.NoError(t, outcome(t, e.DeleteRecords([]DeleteSpec{{p, 1}}))[0].Err)
	at, err := e.OffsetForMaxTime(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, OffsetAt{2, 30, epoch}, at)
	require.NoError(t, e.append(p, timed(t, 30, 28)).Err)
	at, err = e.OffsetForMaxTime(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, OffsetAt{2, 30, epoch}, at)
	require.NoError(t, e.append(p, timed(t, 31)).Err)
	at, err = e.OffsetForMaxTime(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, OffsetAt{6, 31, epoch}, at)
}

// A search that goes on beyond one read's worth finds what stands far behind.
func TestOffsetForTimeFarBehind(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	// The first batch says that it holds a late record; it does not.
	liar := record.Batch(timed(t, 1, 2))
	put64(35, 1000)(liar)
	require.NoError(t, e.appendUnchecked(p, reseal(liar)))
	for i := range 4 {
		records := []record.Record{{Timestamp: int64(i), Value: noise(t, i, 700<<10)}}
		require.NoError(t, e.append(p, mustBatch(t, 0, records)).Err)
	}
	require.NoError(t, e.append(p, timed(t, 999, 1000)).Err)
	for _, from := range []string{"tail", "store"} {
		at, err := e.OffsetForTime(t.Context(), p, 1000)
		require.NoError(t, err)
		require.Equal(t, OffsetAt{7, 1000, 1}, at, from)
		e.reopen()
	}
}

// Records that cannot be decoded, which older versions let in, are neither an error nor the end of the search.
func TestOffsetForTimeInGarbage(t *testing.T) {
	e := newEngine(t, func(o *Options) { o.TrustCompressed = true })
	p := e.topic("t", 1)[0]
	garbage := func() []byte {
		b := record.Batch(timed(t, 5, 6))
		for i := record.HeaderLen; i < len(b); i++ {
			b[i] = 0xff
		}
		put16(21, 1)(b)
		return reseal(b)
	}
	for _, b := range [][]byte{garbage(), garbage(), timed(t, 5, 6), garbage(), timed(t, 7), garbage()} {
		require.NoError(t, e.append(p, b).Err)
	}
	for ts, want := range map[int64]int64{5: 4, 6: 5, 7: 8, 8: -1} {
		at, err := e.OffsetForTime(t.Context(), p, ts)
		require.NoError(t, err)
		require.Equal(t, want, at.Offset, "time %d", ts)
	}
	at, err := e.OffsetForMaxTime(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, int64(8), at.Offset)
	empty := e.topic("rubbish", 1)[0]
	require.NoError(t, e.append(empty, garbage()).Err)
	at, err = e.OffsetForMaxTime(t.Context(), empty)
	require.NoError(t, err)
	require.Equal(t, nowhere, at)
}

// A lookup waits for its block no longer than its caller, and not for ever.
func TestLookupFromAStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store)
		p := e.topic("t", 1)[0]
		require.NoError(t, e.append(p, timed(t, 5)).Err)
		e.reopen()
		hang := store.Break(faulty.Fault{Ops: objstore.OpGet | objstore.OpGetRange, Prefix: "journal/", Do: faulty.Hang()})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := e.OffsetForTime(ctx, p, 5)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(start))
		start = time.Now()
		_, err = e.OffsetForTime(t.Context(), p, 5)
		require.ErrorIs(t, err, ErrUnavailable)
		require.LessOrEqual(t, time.Since(start), lookupTimeout)
		hang.Mend()
		at, err := e.OffsetForTime(t.Context(), p, 5)
		require.NoError(t, err)
		require.Equal(t, int64(0), at.Offset)
	})
}

func TestClusterID(t *testing.T) {
	e := newEngine(t)
	id := e.ClusterID()
	require.Len(t, id, 22)
	e.everAfter(func(when string) { require.Equal(t, id, e.ClusterID(), when) })
	require.NotEqual(t, id, newEngine(t).ClusterID())
}
