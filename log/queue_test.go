package log

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// flushed collects what became of the flushes.
type flushed struct {
	mu    sync.Mutex
	infos []FlushInfo
}

func (f *flushed) add(i FlushInfo) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.infos = append(f.infos, i)
}

func (f *flushed) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.infos = nil
}

func (f *flushed) all() []FlushInfo {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]FlushInfo(nil), f.infos...)
}

// However long the store takes and however requests come, no object holds more than FlushBytes or one request, the
// order stays, and flushes that wait are not smaller than they need to be.
func TestFlushBytesIsABound(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 1))
				const limit = 20_000
				store := faulty.New(mem.New(), seed, faulty.Fault{Ops: objstore.OpPut, Do: faulty.Slow(time.Duration(1+random.IntN(3000)) * time.Millisecond)})
				var seen flushed
				e := openEngine(t, store, func(o *Options) {
					o.FlushBytes, o.MaxInFlight = limit, 1+random.IntN(4)
					o.FlushInterval = time.Duration(random.IntN(2)) * 250 * time.Millisecond
					o.Events.Flushed = seen.add
				})
				p := e.topic("t", 3)
				var waits []*Pending[[]AppendResult]
				var commits []*Pending[[]error]
				var want []string
				sum, largest, queued := int64(0), 0, 0
				for i := range 300 {
					size := 100 + random.IntN(3000)
					if random.IntN(40) == 0 {
						size = limit + random.IntN(limit)
					}
					value := string(noise(t, i, size))
					records := testBatch(t, nil, value)
					want = append(want, value)
					sum, largest = sum+int64(len(records)), max(largest, len(records))
					waits = append(waits, e.start(p[0], records))
					if random.IntN(3) == 0 {
						commits = append(commits, e.CommitOffsets("g", []OffsetCommit{{Partition: p[1], Offset: int64(i), Metadata: string(make([]byte, random.IntN(4000)))}}))
					}
					if random.IntN(10) == 0 {
						time.Sleep(time.Duration(random.IntN(2000)) * time.Millisecond)
					}
					queued = max(queued, e.Stats().FlushesQueued)
				}
				for i, w := range waits {
					res := outcome(t, w)[0]
					require.NoError(t, res.Err)
					require.Equal(t, int64(i), res.Base)
				}
				for _, c := range commits {
					require.NoError(t, outcome(t, c)[0])
				}
				synctest.Wait()
				require.Greater(t, queued, 1)
				require.Equal(t, want, e.values(p[0], 0))
				flushes := seen.all()
				total, batches := int64(0), 0
				for _, f := range flushes {
					total, batches = total+f.BatchBytes, batches+f.Batches
					if f.Batches+f.Entries > 2 { // more than one request: a batch has an entry of its own, too
						require.LessOrEqual(t, f.BatchBytes, int64(limit))
					}
					require.LessOrEqual(t, f.ObjectBytes, int64(max(limit, largest))+int64(f.Batches+f.Entries)*100+200)
				}
				require.Equal(t, sum, total)
				require.Equal(t, len(waits), batches)
				require.NoError(t, e.Check(t.Context()))
				require.Zero(t, e.Stats().FlushesQueued)
				require.NoError(t, e.Close(t.Context()))
			})
		})
	}
}

// While the store is away producers wait once the unflushed bytes are at their limit, those of the queue
// counted, and are told so in the end. Nothing that was taken is lost, and nothing else is there.
func TestUnflushedBytesCountWhatQueues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		const limit = 200_000
		e := openEngine(t, store, func(o *Options) { o.FlushBytes, o.MaxInFlight, o.MaxUnflushedBytes = 20_000, 2, limit })
		p := e.topic("t", 1)[0]
		outage := store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.FailBefore(errNet)})
		var taken []*Pending[[]AppendResult]
		var want []string
		for refused := 0; refused < 3; {
			value := string(noise(t, len(want), 7000))
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			began := time.Now()
			pending, err := e.Append(ctx, []AppendRequest{{Partition: p, Records: testBatch(t, nil, value)}})
			cancel()
			if err != nil {
				require.ErrorIs(t, err, ErrTimeout)
				require.Equal(t, 30*time.Second, time.Since(began), "it waits before it is told")
				refused++
				continue
			}
			require.Zero(t, refused, "room for one is room for the others")
			taken, want = append(taken, pending), append(want, value)
			require.LessOrEqual(t, e.Stats().UnflushedBytes, int64(limit))
		}
		s := e.Stats()
		require.Greater(t, s.UnflushedBytes, int64(limit-7200))
		require.Equal(t, 2, s.FlushesInFlight)
		require.Greater(t, s.FlushesQueued, 5)
		require.NoError(t, e.checkViews())

		// Who waits when the store comes back is served.
		late := make(chan AppendResult)
		go func() { late <- e.append(p, testBatch(t, nil, "late")) }()
		synctest.Wait()
		outage.Mend()
		for i, pending := range taken {
			require.Equal(t, AppendResult{Base: int64(i), AppendTime: -1}, outcome(t, pending)[0])
		}
		require.Equal(t, AppendResult{Base: int64(len(want)), AppendTime: -1}, <-late)
		require.Equal(t, append(want, "late"), e.values(p, 0))
		synctest.Wait()
		require.Equal(t, Stats{TailBytes: e.Stats().TailBytes, Usage: Usage{Topics: 1, Partitions: 1}}, e.Stats())
		require.NoError(t, e.Check(t.Context()))
		require.NoError(t, e.Close(t.Context()))
	})
}

// What waits in the queue when the log is closed is written; where there is no time for that, or another broker
// takes over, everybody is answered.
func TestQueueEndsWithTheLog(t *testing.T) {
	for _, how := range []string{"closed in time", "closed too late", "fenced"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inner := mem.New()
				store := faulty.New(inner, 1)
				e := openEngine(t, store, func(o *Options) { o.FlushBytes, o.MaxInFlight = 1, 2 })
				p := e.topic("t", 1)[0]
				outage := store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.FailBefore(errNet)})
				var taken []*Pending[[]AppendResult]
				for i := range 10 {
					taken = append(taken, e.start(p, testBatch(t, nil, fmt.Sprint(i))))
				}
				synctest.Wait()
				require.Equal(t, 7, e.Stats().FlushesQueued, "one is open, two are in flight")
				var want error
				switch how {
				case "closed in time":
					time.AfterFunc(time.Minute, outage.Mend)
					require.NoError(t, e.Close(t.Context()))
				case "closed too late":
					want = ErrClosed
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					require.Error(t, e.Close(ctx))
				case "fenced":
					want = ErrFenced
					fresh := openEngine(t, inner)
					require.NoError(t, fresh.Close(t.Context()))
					<-e.Stopped()
				}
				for i, pending := range taken {
					res, err := pending.Wait(t.Context())
					require.ErrorIs(t, err, want)
					if want == nil {
						require.Equal(t, int64(i), res[0].Base)
					}
				}
				require.NoError(t, e.Close(t.Context()))
				require.NoError(t, e.checkUnflushed())
			})
		})
	}
}

// A client that gives up sooner than the flush interval, and whose tries fill a flush in less, is answered all the same: the
// one whose turn makes the open flush too full waits in the next one, but not always for a whole interval.
func TestImpatientClientIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, func(o *Options) { o.FlushBytes, o.FlushInterval = 20_000, 4*time.Minute })
		p := e.topic("t", 1)[0]
		records := testBatch(t, &record.Sequence{ProducerID: 7}, string(noise(t, 1, 3000)))
		for tries := 1; ; tries++ {
			require.Less(t, tries, 50)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			res, err := e.start(p, append([]byte(nil), records...)).Wait(ctx)
			cancel()
			if err == nil {
				require.NoError(t, res[0].Err)
				require.Zero(t, res[0].Base)
				require.Greater(t, tries, 7, "at least one flush was full")
				break
			}
			require.ErrorIs(t, err, ErrTimeout)
		}
		require.NoError(t, e.Close(t.Context()))
	})
}
