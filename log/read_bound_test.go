package log

import (
	"bytes"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/objstore/mem"
)

// What reads that wait hold in the engine is counted by the reads and the partitions, not by what the requests repeat.
func TestReadsThatWaitHoldLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t)
		p := e.topic("t", 1)[0]
		reqs := make([]ReadRequest, 100_000)
		for i := range reqs {
			reqs[i] = ReadRequest{Partition: p, MaxBytes: 1, LeaderEpoch: -1}
		}
		var running sync.WaitGroup
		for range 20 {
			running.Go(func() {
				res := e.Read(t.Context(), reqs, ReadOptions{MaxBytes: 1, MinBytes: 1, MaxWait: time.Minute})
				require.NotZero(t, res[0].Bytes)
				require.Zero(t, res[1].Bytes)
			})
		}
		synctest.Wait()
		require.Len(t, e.partitionOf(p).waiters.set, 20)
		require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
		running.Wait()
		require.Empty(t, e.partitionOf(p).waiters.set)
	})
}

// A request that names a cold partition again and again fetches its block once, and gives it back.
func TestReadOfAColdPartitionManyTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowReads{Store: mem.New(), wait: time.Second}
		e := openEngine(t, slow)
		p := e.topic("t", 1)[0]
		require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
		e.reopen()
		slow.calls.Store(0)
		reqs := make([]ReadRequest, 1000)
		for i := range reqs {
			reqs[i] = ReadRequest{Partition: p, MaxBytes: 1 << 20, LeaderEpoch: -1}
		}
		for _, res := range e.Read(t.Context(), reqs, ReadOptions{MaxBytes: 1 << 20, MinBytes: 1, MaxWait: time.Minute}) {
			require.NoError(t, res.Err)
			require.NotZero(t, res.Bytes)
		}
		require.EqualValues(t, 1, slow.calls.Load())
		used, _ := e.blocks.account.figures()
		require.Zero(t, used)
		require.Zero(t, e.blocks.known.Load())
	})
}

// A read that wants more than is at hand goes on to the next block, and does not wait for its time to be over.
func TestReadGathersBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowReads{Store: mem.New(), wait: time.Second}
		e := openEngine(t, slow, func(o *Options) { o.PrefetchBytes = 1 })
		p := e.topic("t", 1)[0]
		for range 10 {
			require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
		}
		e.reopen()
		size := len(testBatch(t, nil, "v"))
		start := time.Now()
		res := e.Read(t.Context(), []ReadRequest{{Partition: p, MaxBytes: 1 << 20, LeaderEpoch: -1}},
			ReadOptions{MaxBytes: 1 << 20, MinBytes: 5 * size, MaxWait: time.Hour})[0]
		require.NoError(t, res.Err)
		require.Equal(t, 5*size, res.Bytes)
		require.Equal(t, 5*time.Second, time.Since(start))
	})
}

// A read that wants more than one read may ask for is answered with that, and not when its time is over.
func TestReadThatMayAskForNoMore(t *testing.T) {
	store, parts := coldBucket(t, 100)
	synctest.Test(t, func(t *testing.T) {
		slow := &slowReads{Store: store, wait: time.Second}
		e := openEngine(t, slow, func(o *Options) { o.CacheMemoryBytes = 8 << 20 })
		reqs := make([]ReadRequest, len(parts))
		for i, p := range parts {
			reqs[i] = ReadRequest{Partition: p, MaxBytes: 1 << 20, LeaderEpoch: -1}
		}
		start, bytes := time.Now(), 0
		for _, res := range e.Read(t.Context(), reqs, ReadOptions{MaxBytes: 50 << 20, MinBytes: 50 << 20, MaxWait: time.Hour}) {
			require.NoError(t, res.Err)
			bytes += res.Bytes
		}
		require.Less(t, time.Since(start), time.Minute)
		require.Greater(t, int64(bytes), e.blocks.readLimit()/4)
		_, most := e.blocks.account.figures()
		require.LessOrEqual(t, most, e.blocks.readLimit()+coldBlock)
		e.stopWork()
	})
}

// Small parts of large blocks are copied, so that an answer does not keep the blocks alive; large parts are not.
func TestAnswersKeepLittleAlive(t *testing.T) {
	const partitions = 100
	e := newEngine(t)
	parts := e.topic("t", partitions)
	small, large := testBatch(t, nil, "v"), mustBatch(t, 0, []record.Record{{Value: noise(t, 1, coldBlock)}})
	var reqs []AppendRequest
	for _, p := range parts {
		reqs = append(reqs, AppendRequest{Partition: p, Records: bytes.Clone(small)}, AppendRequest{Partition: p, Records: bytes.Clone(large)})
	}
	pending, err := e.Append(t.Context(), reqs)
	require.NoError(t, err)
	_, err = pending.Wait(t.Context())
	require.NoError(t, err)
	e.reopen()
	for _, p := range parts {
		require.Len(t, collect(t, e.read(p, 0).Records, 0), 2, "and has all blocks in memory")
	}
	read := func(maxBytes int) (kept int) {
		var reads []ReadRequest
		for _, p := range parts {
			reads = append(reads, ReadRequest{Partition: p, MaxBytes: maxBytes, LeaderEpoch: -1})
		}
		for _, res := range e.Read(t.Context(), reads, ReadOptions{MaxBytes: 50 << 20, MinBytes: 1, MaxWait: time.Minute}) {
			require.NoError(t, res.Err)
			require.Equal(t, "v", string(collect(t, res.Records, 0)[0].Value))
			require.Len(t, bytes.Join(res.Records, nil), res.Bytes)
			for _, piece := range res.Records {
				kept += cap(piece)
			}
		}
		return kept
	}
	require.LessOrEqual(t, read(2*len(small)), partitions*2*len(small))
	require.GreaterOrEqual(t, read(1<<20), partitions*coldBlock)
}
