package log

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// read asks for one partition, without bounds that matter, and waits for what the store has.
func (e *engine) read(p PartitionID, offset int64) ReadResult {
	e.t.Helper()
	return e.Read(e.t.Context(), []ReadRequest{{Partition: p, Offset: offset, MaxBytes: 1 << 20, LeaderEpoch: -1}},
		ReadOptions{MaxBytes: 1 << 20, MinBytes: 1, MaxWait: time.Minute})[0]
}

// readWays are what a reader can be served from.
func readWays(t *testing.T, test func(t *testing.T, o func(*Options), then func(*engine))) {
	for way, o := range map[string]func(*Options){
		"tail":  func(*Options) {},
		"store": func(o *Options) { o.TailBytes = 1 },
		"restarted": func(o *Options) {
			o.FlushBytes = 1 // each batch in a segment of its own
		},
	} {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test(t, o, func(e *engine) {
					if way == "restarted" {
						e.reopen()
					}
				})
			})
		})
	}
}

// The bytes of a log do not depend on where they are read from, and are the producer's but for offset and epoch.
func TestReadGivesWhatWasSent(t *testing.T) {
	readWays(t, func(t *testing.T, o func(*Options), then func(*engine)) {
		e := openEngine(t, mem.New(), o)
		p := e.topic("t", 1)[0]
		var want []byte
		for i := range 20 {
			b := record.Batch(testBatch(t, &record.Sequence{ProducerID: 7, Base: int32(3 * i)}, numbers(3*i, 3*i+3)...))
			sent := record.Batch(slices.Clone(b))
			require.NoError(t, e.append(p, b).Err)
			sent.Patch(int64(3*i), e.LeaderEpoch())
			want = append(want, sent...)
		}
		then(e)
		var got []byte
		for offset := int64(0); offset < 60; {
			res := e.read(p, offset)
			require.NoError(t, res.Err)
			require.Equal(t, []int64{60, 60, 0}, []int64{res.HighWatermark, res.LastStable, res.LogStart})
			joined := bytes.Join(res.Records, nil)
			require.Len(t, joined, res.Bytes)
			got = append(got, joined...)
			next, err := record.EndOffset(res.Records)
			require.NoError(t, err)
			require.Greater(t, next, offset)
			offset = next
		}
		require.Equal(t, want, got)
		first, _, err := record.Next(bytes.Join(e.read(p, 31).Records, nil))
		require.NoError(t, err)
		middle, err := record.EndOffset([][]byte{first})
		require.NoError(t, err)
		require.Equal(t, int64(33), middle, "the batch that holds the offset comes first")
	})
}

// The limits count bytes over all partitions and for each, and the first batch comes whatever they say.
func TestReadLimits(t *testing.T) {
	size := len(testBatch(t, nil, "v"))
	for what, c := range map[string]struct {
		each []int // MaxBytes per partition, in batches
		all  int   // in batches
		want []int // batches
	}{
		"each its own":               {[]int{2, 3, 1}, 100, []int{2, 3, 1}},
		"all together":               {[]int{4, 4, 4}, 6, []int{4, 2, 0}},
		"no more than there is":      {[]int{9, 9, 9}, 100, []int{5, 5, 5}},
		"first though it's too much": {[]int{0, 2, 0}, 0, []int{1, 0, 0}},
		"first of the first only":    {[]int{0, 2, 0}, 3, []int{1, 2, 0}},
	} {
		t.Run(what, func(t *testing.T) {
			readWays(t, func(t *testing.T, o func(*Options), then func(*engine)) {
				e := openEngine(t, mem.New(), o)
				parts := e.topic("t", 3)
				for range 5 {
					for _, p := range parts {
						require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
					}
				}
				then(e)
				for _, p := range parts {
					require.Equal(t, 5, len(e.values(p, 0)), "and has all blocks in memory")
				}
				reqs := make([]ReadRequest, 3)
				for i, p := range parts {
					reqs[i] = ReadRequest{Partition: p, MaxBytes: c.each[i]*size + size/2, LeaderEpoch: -1}
				}
				var got []int
				for _, res := range e.Read(t.Context(), reqs, ReadOptions{MaxBytes: c.all*size + size/2, MinBytes: 1, MaxWait: time.Second}) {
					require.NoError(t, res.Err)
					got = append(got, res.Bytes/size)
				}
				require.Equal(t, c.want, got)
			})
		})
	}
}

// A limit of nothing is a limit like any other: the first batch comes.
func TestReadWithoutAnyRoom(t *testing.T) {
	readWays(t, func(t *testing.T, o func(*Options), then func(*engine)) {
		e := openEngine(t, mem.New(), o)
		p := e.topic("t", 1)[0]
		require.NoError(t, e.append(p, testBatch(t, nil, "a")).Err)
		require.NoError(t, e.append(p, testBatch(t, nil, "b")).Err)
		then(e)
		res := e.Read(t.Context(), []ReadRequest{{Partition: p, LeaderEpoch: -1}}, ReadOptions{MinBytes: 1, MaxWait: time.Minute})[0]
		require.NoError(t, res.Err)
		require.Len(t, collect(t, res.Records, 0), 1)
	})
}

// A partition whose blocks have to be brought first is not passed over for good by one behind it that is in memory.
func TestReadKeepsTheOrderOfItsRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t)
		cold := e.topic("cold", 1)[0]
		require.NoError(t, e.append(cold, testBatch(t, nil, "v")).Err)
		e.reopen()
		hot := e.topic("hot", 1)[0]
		require.NoError(t, e.append(hot, testBatch(t, nil, "v")).Err)
		read := func() (got []bool) {
			for _, res := range e.Read(t.Context(), []ReadRequest{{Partition: cold, MaxBytes: 1, LeaderEpoch: -1}, {Partition: hot, MaxBytes: 1, LeaderEpoch: -1}},
				ReadOptions{MaxBytes: 1, MinBytes: 1, MaxWait: time.Minute}) {
				require.NoError(t, res.Err)
				got = append(got, res.Bytes > 0)
			}
			return got
		}
		require.Equal(t, []bool{false, true}, read(), "what is at hand is answered at once")
		synctest.Wait() // the block of the other is there now
		require.Equal(t, []bool{true, false}, read())
	})
}

func TestReadOutOfRange(t *testing.T) {
	readWays(t, func(t *testing.T, o func(*Options), then func(*engine)) {
		e := openEngine(t, mem.New(), o)
		p := e.topic("t", 1)[0]
		for i := range 4 {
			require.NoError(t, e.append(p, testBatch(t, nil, numbers(5*i, 5*i+5)...)).Err)
		}
		require.Equal(t, DeleteResult{LogStart: 7}, outcome(t, e.DeleteRecords([]DeleteSpec{{p, 7}}))[0])
		then(e)
		for _, offset := range []int64{-1 << 63, -1, 0, 6, 21, 1<<63 - 1} {
			res := e.read(p, offset)
			require.ErrorIs(t, res.Err, ErrOffsetOutOfRange)
			var outside *OffsetError
			require.ErrorAs(t, res.Err, &outside)
			require.Equal(t, OffsetError{Offset: offset, Start: 7, End: 20}, *outside)
			require.EqualError(t, outside, fmt.Sprintf("offset %d out of range: the log holds 7 to 20", offset))
			require.Equal(t, []int64{20, 20, 7}, []int64{res.HighWatermark, res.LastStable, res.LogStart}, "a client goes on by them")
			require.Empty(t, res.Records)
		}
		require.Equal(t, numbers(7, 20), e.values(p, 7))
		res := e.Read(t.Context(), []ReadRequest{{Partition: p, Offset: 20, MaxBytes: 1, LeaderEpoch: -1}}, ReadOptions{MaxBytes: 1})[0]
		require.NoError(t, res.Err, "a reader may wait at the end")
		require.Empty(t, res.Records)
	})
}

func TestReadChecksTheLeaderEpoch(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
	e.reopen()
	now := e.LeaderEpoch()
	require.Greater(t, now, int32(1))
	for epoch, want := range map[int32]error{-1: nil, 0: ErrFencedLeaderEpoch, now - 1: ErrFencedLeaderEpoch, now: nil, now + 1: ErrUnknownLeaderEpoch, 1<<31 - 1: ErrUnknownLeaderEpoch} {
		res := e.Read(t.Context(), []ReadRequest{{Partition: p, MaxBytes: 1, LeaderEpoch: epoch}}, ReadOptions{MaxBytes: 1, MinBytes: 1, MaxWait: time.Minute})[0]
		require.ErrorIs(t, res.Err, want, "epoch %d", epoch)
		require.Equal(t, want == nil, res.Bytes > 0, "epoch %d", epoch)
	}
}

// A read waits for MinBytes, no longer than MaxWait, and is woken by what comes in.
func TestReadWaits(t *testing.T) {
	size := len(testBatch(t, nil, "v"))
	for what, c := range map[string]struct {
		minBytes int
		maxWait  time.Duration
		appended []time.Duration // when
		want     time.Duration
		batches  int
	}{
		"without a wait":            {1, 0, nil, 0, 0},
		"in vain":                   {1, time.Minute, nil, time.Minute, 0},
		"for a byte":                {1, time.Minute, []time.Duration{time.Second}, time.Second, 1},
		"for two batches":           {2 * size, time.Minute, []time.Duration{time.Second, 5 * time.Second}, 5 * time.Second, 2},
		"for two where one came":    {2 * size, time.Minute, []time.Duration{time.Second}, time.Minute, 1},
		"for nothing in particular": {0, time.Minute, []time.Duration{time.Second}, 0, 0},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEngine(t)
				p := e.topic("t", 2)
				start := time.Now()
				done := make(chan time.Duration)
				var res []ReadResult
				go func() {
					reqs := []ReadRequest{{Partition: p[0], MaxBytes: 1 << 20, LeaderEpoch: -1}, {Partition: p[1], MaxBytes: 1 << 20, LeaderEpoch: -1}}
					res = e.Read(t.Context(), reqs, ReadOptions{MaxBytes: 1 << 20, MinBytes: c.minBytes, MaxWait: c.maxWait})
					done <- time.Since(start)
				}()
				synctest.Wait()
				go func() {
					for i, at := range c.appended {
						time.Sleep(time.Until(start.Add(at)))
						e.append(p[i%2], testBatch(t, nil, "v"))
					}
				}()
				require.Equal(t, c.want, <-done)
				require.Equal(t, c.batches*size, res[0].Bytes+res[1].Bytes)
				time.Sleep(time.Minute)
			})
		})
	}
}

// A read that has found nothing by MaxWait gives the store until StoreWait, and only it.
func TestReadGivesTheStoreTime(t *testing.T) {
	const ms = time.Millisecond
	for what, c := range map[string]struct {
		maxWait, storeWait, store time.Duration
		offset                    int64 // of the one partition; 1 is the end
		hot                       bool  // another partition has records in memory
		minBytes                  int
		want                      time.Duration
		bytes                     bool
	}{
		"no wait at all":              {0, 0, 50 * ms, 0, false, 1, 0, false},
		"no wait but for the store":   {0, 100 * ms, 50 * ms, 0, false, 1, 50 * ms, true},
		"and it is too slow":          {0, 100 * ms, 150 * ms, 0, false, 1, 100 * ms, false},
		"beyond a short wait":         {10 * ms, 100 * ms, 50 * ms, 0, false, 1, 50 * ms, true},
		"within a long wait":          {200 * ms, 100 * ms, 150 * ms, 0, false, 1, 150 * ms, true},
		"not beyond a long wait":      {200 * ms, 100 * ms, 250 * ms, 0, false, 1, 200 * ms, false},
		"for more than there is":      {10 * ms, 100 * ms, 50 * ms, 0, false, 1 << 20, 50 * ms, true},
		"where nothing is asked for":  {0, 100 * ms, 50 * ms, 0, false, 0, 50 * ms, true},
		"nothing is on its way":       {0, 100 * ms, 50 * ms, 1, false, 1, 0, false},
		"nor after a short wait":      {10 * ms, 100 * ms, 50 * ms, 1, false, 1, 10 * ms, false},
		"something is there":          {0, 100 * ms, 50 * ms, 0, true, 1, 0, true},
		"though less than asked for":  {10 * ms, 100 * ms, 50 * ms, 0, true, 1 << 20, 10 * ms, true},
		"a negative wait is no wait":  {-1, 0, 50 * ms, 0, false, 1, 0, false},
		"a negative one, but a store": {-1, 100 * ms, 50 * ms, 0, false, 1, 50 * ms, true},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				size := int64(len(testBatch(t, nil, "v")))
				store := faulty.New(mem.New(), 1)
				e := openEngine(t, store, func(o *Options) { o.TailBytes = size })
				p, other := e.topic("cold", 1)[0], e.topic("hot", 1)[0]
				require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
				require.NoError(t, e.append(other, testBatch(t, nil, "v")).Err) // out of the tail with the first
				store.Break(faulty.Fault{Ops: objstore.OpGetRange, Do: faulty.Slow(c.store)})
				reqs := []ReadRequest{{Partition: p, Offset: c.offset, MaxBytes: 1 << 20, LeaderEpoch: -1}}
				if c.hot {
					reqs = append(reqs, ReadRequest{Partition: other, MaxBytes: 1 << 20, LeaderEpoch: -1})
				}
				start := time.Now()
				bytes := 0
				for _, res := range e.Read(t.Context(), reqs, ReadOptions{MaxBytes: 1 << 20, MinBytes: c.minBytes, MaxWait: c.maxWait, StoreWait: c.storeWait}) {
					require.NoError(t, res.Err)
					bytes += res.Bytes
				}
				require.Equal(t, c.want, time.Since(start))
				require.Equal(t, c.bytes, bytes > 0)
				store.Mend()
				time.Sleep(time.Second)
			})
		})
	}
}

// A read ends with its caller, with the log's end, and at once where a partition has an error.
func TestReadStopsWaiting(t *testing.T) {
	wait := ReadOptions{MaxBytes: 1, MinBytes: 1, MaxWait: time.Hour}
	for what, c := range map[string]struct {
		end  func(e *engine, cancel context.CancelFunc, p PartitionID)
		want error
	}{
		"caller": {func(_ *engine, cancel context.CancelFunc, _ PartitionID) { cancel() }, nil},
		"close":  {func(e *engine, _ context.CancelFunc, _ PartitionID) { e.Close(context.Background()) }, ErrClosed},
		"fenced": {func(e *engine, _ context.CancelFunc, _ PartitionID) { openEngine(e.t, e.store) }, ErrFenced},
		"topic deleted": {func(e *engine, _ context.CancelFunc, p PartitionID) {
			outcome(e.t, e.DeleteTopics([]TopicID{p.Topic}))
		}, ErrTopicNotFound},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEngine(t)
				p := e.topic("t", 1)[0]
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				done := make(chan ReadResult)
				go func() { done <- e.Read(ctx, []ReadRequest{{Partition: p, MaxBytes: 1, LeaderEpoch: -1}}, wait)[0] }()
				synctest.Wait()
				start := time.Now()
				c.end(e, cancel, p)
				res := <-done
				require.ErrorIs(t, res.Err, c.want)
				require.Less(t, time.Since(start), time.Minute)
				if what == "caller" {
					require.Empty(t, e.partitionOf(p).waiters.set, "nobody is left to wake")
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t)
		p := e.topic("t", 1)[0]
		start := time.Now()
		res := e.Read(t.Context(), []ReadRequest{{Partition: p, MaxBytes: 1, LeaderEpoch: -1}, {Partition: PartitionID{Topic: p.Topic, Index: 1}, LeaderEpoch: -1}}, wait)
		require.NoError(t, res[0].Err)
		require.ErrorIs(t, res[1].Err, ErrPartitionNotFound)
		require.Zero(t, time.Since(start))
	})
}

func (e *engine) partitionOf(id PartitionID) *partition {
	e.stateMu.RLock()
	defer e.stateMu.RUnlock()
	p, err := e.partitionLocked(id)
	require.NoError(e.t, err)
	return p
}

// A store that is slow or away delays those who need it by no more than their MaxWait and the others not
// at all; what it brings late serves the next read.
func TestReadFromASlowStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store)
		cold := e.topic("cold", 1)[0]
		require.NoError(t, e.append(cold, testBatch(t, nil, "cold")).Err)
		e.reopen()
		hot := e.topic("hot", 1)[0]
		require.NoError(t, e.append(hot, testBatch(t, nil, "hot")).Err)
		slow := store.Break(faulty.Fault{Ops: objstore.OpGet | objstore.OpGetRange, Prefix: "journal/", Do: faulty.Slow(10 * time.Second)})
		read := func(minBytes int, reqs ...ReadRequest) ([]ReadResult, time.Duration) {
			start := time.Now()
			for i := range reqs {
				reqs[i].MaxBytes, reqs[i].LeaderEpoch = 1<<20, -1
			}
			return e.Read(t.Context(), reqs, ReadOptions{MaxBytes: 1 << 20, MinBytes: minBytes, MaxWait: time.Second}), time.Since(start)
		}
		res, took := read(1, ReadRequest{Partition: cold}, ReadRequest{Partition: hot})
		require.Zero(t, took)
		require.Zero(t, res[0].Bytes)
		require.NotZero(t, res[1].Bytes)
		res, took = read(1, ReadRequest{Partition: cold})
		require.Equal(t, time.Second, took)
		require.NoError(t, res[0].Err)
		require.Zero(t, res[0].Bytes)
		time.Sleep(10 * time.Second)
		hits := slow.Hits()
		res, took = read(1, ReadRequest{Partition: cold})
		require.Zero(t, took)
		require.NotZero(t, res[0].Bytes)
		require.Equal(t, hits, slow.Hits(), "the first GET has brought it")
	})
}

// A store that refuses is an error of the partition that needs it, and of this read only.
func TestReadFromAStoreThatRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store)
		p := e.topic("t", 1)[0]
		require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
		e.reopen()
		store.Break(faulty.Fault{Ops: objstore.OpGet | objstore.OpGetRange, Do: faulty.Refuse()})
		res := e.read(p, 0)
		require.ErrorIs(t, res.Err, ErrUnavailable)
		require.ErrorIs(t, res.Err, objstore.ErrPermanent)
		_, err := e.OffsetForTime(t.Context(), p, 0)
		require.ErrorIs(t, err, ErrUnavailable)
		store.Mend()
		require.Equal(t, []string{"v"}, e.values(p, 0))
	})
}

// The first part of what was asked for is worth an answer where the second cannot be had.
func TestReadUpToWhatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store, func(o *Options) { o.PrefetchBytes = 1 })
		p := e.topic("t", 1)[0]
		require.NoError(t, e.append(p, testBatch(t, nil, "good")).Err)
		first := e.nextKey()
		require.NoError(t, e.append(p, testBatch(t, nil, "bad")).Err)
		e.reopen()
		store.Break(faulty.Fault{Ops: objstore.OpGetRange, Prefix: first, Do: faulty.FlipBit()})
		res := e.read(p, 0)
		require.NoError(t, res.Err)
		require.Len(t, collect(t, res.Records, 0), 1)
		require.ErrorIs(t, e.read(p, 1).Err, ErrCorruptLog)
		both := e.Read(t.Context(), []ReadRequest{{Partition: p, Offset: 1, MaxBytes: 1 << 20, LeaderEpoch: -1}, {Partition: p, MaxBytes: 1 << 20, LeaderEpoch: -1}},
			ReadOptions{MaxBytes: 1 << 20, MinBytes: 1, MaxWait: time.Minute})
		require.NoError(t, both[1].Err)
		require.Len(t, collect(t, both[1].Records, 0), 1)
		store.Mend()
		require.Equal(t, []string{"good", "bad"}, e.values(p, 0), "what was wrong on the way only is read when asked for again")
	})
}

// A tail that is too small for all forgets what has been in it longest, of any partition; the seam cannot be seen.
func TestReadAcrossTheSeamOfTheTail(t *testing.T) {
	size := int64(len(testBatch(t, nil, "record 0")))
	e := newEngine(t, func(o *Options) { o.TailBytes = 5 * size })
	p := e.topic("t", 2)
	for i := range 10 {
		require.NoError(t, e.append(p[i%2], testBatch(t, nil, fmt.Sprint("record ", i/2))).Err)
	}
	require.Equal(t, 5*size, e.Stats().TailBytes)
	require.Equal(t, 5, e.partitionOf(p[0]).tail.len()+e.partitionOf(p[1]).tail.len())
	for _, id := range p {
		for offset := range 6 {
			require.Equal(t, numbers(offset, 5), e.values(id, int64(offset)))
		}
	}
}

// What a deleted topic had in the tail makes room at once and is not counted a second time when its turn to go comes.
func TestTailOfADeletedTopic(t *testing.T) {
	size := int64(len(testBatch(t, nil, "record 0")))
	e := newEngine(t, func(o *Options) { o.TailBytes = 4 * size })
	gone, stays := e.topic("gone", 1)[0], e.topic("stays", 1)[0]
	for range 3 {
		require.NoError(t, e.append(gone, testBatch(t, nil, "record 0")).Err)
	}
	require.NoError(t, outcome(t, e.DeleteTopics([]TopicID{gone.Topic}))[0])
	require.Zero(t, e.Stats().TailBytes)
	for i := range 6 {
		require.NoError(t, e.append(stays, testBatch(t, nil, numbers(i, i+1)...)).Err)
		require.Equal(t, min(int64(i+1), 4)*size, e.Stats().TailBytes)
		require.Equal(t, min(i+1, 4), e.partitionOf(stays).tail.len())
	}
	require.Equal(t, numbers(0, 6), e.values(stays, 0))
}

// A ring that wraps, grows and shrinks keeps its order.
func TestDeque(t *testing.T) {
	var d deque[int]
	pushed, popped := 0, 0
	step := func(push, pop int) {
		for range push {
			d.push(pushed)
			pushed++
		}
		for range pop {
			require.Equal(t, popped, d.pop())
			popped++
		}
		require.Equal(t, pushed-popped, d.len())
		for i := range d.len() {
			require.Equal(t, popped+i, *d.at(i))
		}
	}
	step(3, 2)
	step(6, 1)
	step(1000, 500)
	large := len(d.ring)
	step(0, 490)
	require.Less(t, len(d.ring), large, "gives memory back")
	step(5, 0)
	step(0, d.len())
	require.Nil(t, d.ring)
	step(1, 1)
}
