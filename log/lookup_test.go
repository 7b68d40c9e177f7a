package log

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/objstore/mem"
)

// claiming builds a batch of records with these timestamps whose header claims another largest one.
func claiming(t testing.TB, claim int64, times ...int64) []byte {
	b := record.Batch(timed(t, times...))
	put64(35, claim)(b)
	return reseal(b)
}

// appendUnchecked adds a batch as versions did that did not look at records: what its header claims counts.
func (e *engine) appendUnchecked(p PartitionID, b record.Batch) error {
	taken := []appending{{partition: e.partitionOf(p), batch: b}}
	size := int64(len(b))
	require.NoError(e.t, e.acquire(e.t.Context(), size))
	f, items, err := e.enqueue(taken, claim{}, size, size)
	require.NoError(e.t, err)
	<-f.done
	require.NoError(e.t, f.err)
	copyOutcomes(items)
	return taken[0].result.Err
}

// liarsBucket fills a partition with n batches, each in a block of its own, that claim time 1000 and hold less, and
// then one that holds it.
func liarsBucket(t testing.TB, n int) (*mem.Store, PartitionID) {
	store := mem.New()
	e := openEngine(t, store)
	p := e.topic("t", 1)[0]
	for i := range n {
		require.NoError(t, e.appendUnchecked(p, claiming(t, 1000, int64(i%500))))
	}
	require.NoError(t, e.append(p, timed(t, 1000, 1001)).Err)
	require.NoError(t, e.Close(t.Context()))
	return store, p
}

// A search that must look into many blocks reads eight at once; one that finds its record at once reads one.
func TestLookupReadsAhead(t *testing.T) {
	const liars = 81
	store, p := liarsBucket(t, liars)
	for what, look := range map[string]func(*engine) (OffsetAt, error){
		"first": func(e *engine) (OffsetAt, error) { return e.OffsetForTime(t.Context(), p, 900) },
		"max":   func(e *engine) (OffsetAt, error) { return e.OffsetForMaxTime(t.Context(), p) },
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slow := &slowReads{Store: store}
				e := openEngine(t, slow)
				slow.wait = 20 * time.Millisecond
				slow.calls.Store(0)
				start := time.Now()
				at, err := look(e)
				require.NoError(t, err)
				if what == "first" {
					require.Equal(t, OffsetAt{liars, 1000, 1}, at)
					require.EqualValues(t, liars+1, slow.calls.Load())
					require.Equal(t, 12*slow.wait, time.Since(start), "one, and then eight at a time")
					return
				}
				require.Equal(t, OffsetAt{liars + 1, 1001, 1}, at)
				require.EqualValues(t, 1, slow.calls.Load())
				require.Equal(t, slow.wait, time.Since(start))
			})
		})
	}
}

// A search that finds nothing but false claims ends, and says where: nothing before is what was looked for.
func TestLookupIsBounded(t *testing.T) {
	store, p := liarsBucket(t, maxLookupBlocks+50)
	synctest.Test(t, func(t *testing.T) {
		slow := &slowReads{Store: store}
		e := openEngine(t, slow)
		slow.calls.Store(0)
		at, err := e.OffsetForTime(t.Context(), p, 900)
		require.NoError(t, err)
		require.Equal(t, OffsetAt{maxLookupBlocks + 1, 1000, 1}, at, "the first that was not looked into")
		require.EqualValues(t, maxLookupBlocks+1, slow.calls.Load())
		at, err = e.OffsetForTime(t.Context(), p, 1001)
		require.NoError(t, err)
		require.Equal(t, OffsetAt{maxLookupBlocks + 51, 1001, 1}, at, "one that nobody claims falsely is found at once")
		require.EqualValues(t, maxLookupBlocks+2, slow.calls.Load())
	})
}

// Whatever the order of the times and whatever the headers claim too much, what is found is what a look at every record finds.
func TestLookupsFindWhatAScanFinds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	for range 20 {
		e := newEngine(t)
		p := e.topic("t", 1)[0]
		var all []int64
		for range 30 {
			var times []int64
			largest := int64(0)
			for range 1 + rnd.IntN(3) {
				times = append(times, rnd.Int64N(40))
				largest = max(largest, times[len(times)-1])
			}
			all = append(all, times...)
			require.NoError(t, e.appendUnchecked(p, claiming(t, largest+max(0, rnd.Int64N(40)-20), times...)))
		}
		start := rnd.IntN(len(all) / 2)
		require.NoError(t, outcome(t, e.DeleteRecords([]DeleteSpec{{p, int64(start)}}))[0].Err)
		look := func(match func(int64) bool) OffsetAt {
			for i, ts := range all[start:] {
				if match(ts) {
					return OffsetAt{int64(start + i), ts, 1}
				}
			}
			return nowhere
		}
		largest := int64(0)
		for _, ts := range all[start:] {
			largest = max(largest, ts)
		}
		epoch := e.LeaderEpoch()
		for range 2 { // from the tail and from the store
			for ts := range int64(45) {
				at, err := e.OffsetForTime(t.Context(), p, ts)
				require.NoError(t, err)
				require.Equal(t, look(func(other int64) bool { return other >= ts }), at, "time %d from %d of %v", ts, start, all)
			}
			at, err := e.OffsetForMaxTime(t.Context(), p)
			require.NoError(t, err)
			require.Equal(t, look(func(other int64) bool { return other == largest }), at, "largest from %d of %v", start, all)
			require.Equal(t, epoch, at.LeaderEpoch)
			e.reopen()
		}
	}
}

// A scan over more extents than it looks at in one go goes on where it stopped.
func TestLookupScansInPieces(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	// A batch that is sent twice splits the extent: one block makes thousands.
	var reqs []AppendRequest
	const extents = 2*scanExtents + 100
	for i := range extents {
		for range 2 {
			reqs = append(reqs, AppendRequest{Partition: p, Records: mustSequence(t, int32(i), int64(i))})
		}
	}
	pending, err := e.Append(t.Context(), reqs)
	require.NoError(t, err)
	res, err := pending.Wait(t.Context())
	require.NoError(t, err)
	require.NoError(t, res[0].Err)
	n := 0
	for range e.partitionOf(p).meta.Extents.All() {
		n++
	}
	require.Greater(t, n, 2*scanExtents)
	for _, ts := range []int64{0, 1, scanExtents - 1, scanExtents, scanExtents + 1, 2 * scanExtents, extents - 1} {
		at, err := e.OffsetForTime(t.Context(), p, ts)
		require.NoError(t, err)
		require.Equal(t, OffsetAt{ts, ts, 1}, at)
	}
	at, err := e.OffsetForMaxTime(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, OffsetAt{extents - 1, extents - 1, 1}, at)
	at, err = e.OffsetForTime(t.Context(), p, math.MaxInt64)
	require.NoError(t, err)
	require.Equal(t, nowhere, at)
}

// mustSequence builds a batch of one record of an idempotent producer.
func mustSequence(t testing.TB, sequence int32, ms int64) []byte {
	b, err := record.AppendBatch(nil, []record.Record{{Timestamp: ms}}, &record.Sequence{ProducerID: 1, Base: sequence})
	require.NoError(t, err)
	return b
}

// However many partitions are searched at once, few are under way, and what they hold is bounded.
func TestLookupsAreBoundedTogether(t *testing.T) {
	const partitions = 1000
	store, parts := coldBucket(t, partitions)
	synctest.Test(t, func(t *testing.T) {
		slow := &slowReads{Store: store, wait: 20 * time.Millisecond}
		e := openEngine(t, slow)
		slow.calls.Store(0)
		start := time.Now()
		var running sync.WaitGroup
		for _, p := range parts {
			running.Go(func() {
				at, err := e.OffsetForTime(t.Context(), p, 0)
				require.NoError(t, err)
				require.Zero(t, at.Offset)
			})
		}
		running.Wait()
		require.LessOrEqual(t, slow.calls.Load(), int64(partitions))
		require.GreaterOrEqual(t, time.Since(start), partitions/lookupsAtOnce*slow.wait)
		_, most := e.blocks.account.figures()
		require.LessOrEqual(t, most, int64(lookupsAtOnce*3*coldBlock))
		e.stopWork()
	})
	require.Less(t, lookupsAtOnce, partitions, "else this shows nothing")
}
