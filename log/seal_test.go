package log

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// A broker that writes without a pause, many segments at once, is taken over all the same, and
// what it acknowledged is there.
func TestBusyBrokerIsTakenOver(t *testing.T) {
	for _, inFlight := range []int{1, MaxPipeline} {
		t.Run(fmt.Sprint(inFlight, " in flight"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := faulty.New(mem.New(), 1)
				old := openEngine(t, store, func(o *Options) { o.FlushBytes, o.MaxInFlight = 1, inFlight })
				p := old.topic("t", 1)[0]
				store.Break(faulty.Fault{Do: faulty.Slow(50 * time.Millisecond)})
				// It reads half as fast as the other one writes.
				store.Break(faulty.Fault{Ops: objstore.OpGet | objstore.OpGetRange, Do: faulty.Slow(time.Duration(replayReaders/inFlight) * 100 * time.Millisecond)})
				acknowledged := old.produceUntilFenced(p, 2*inFlight)
				for place := uint64(0); place < replayRun+100; _, _, place = old.places() {
					time.Sleep(time.Second)
				}

				e := openEngine(t, store)
				store.Mend()
				want, got := acknowledged(), e.values(p, 0)
				slices.Sort(want)
				slices.Sort(got)
				require.Equal(t, want, got)
				require.ErrorIs(t, old.Err(), ErrFenced)
			})
		})
	}
}

// produceUntilFenced appends with many callers until the log is fenced. The result
// waits for that and returns what was acknowledged.
func (e *engine) produceUntilFenced(p PartitionID, callers int) (acknowledged func() []string) {
	var (
		mu      sync.Mutex
		values  []string
		working sync.WaitGroup
	)
	for caller := range callers {
		working.Go(func() {
			for n := 0; ; n++ {
				value := fmt.Sprintf("%d of %d", n, caller)
				pending, err := e.Append(context.Background(), []AppendRequest{{Partition: p, Records: testBatch(e.t, nil, value)}})
				if err == nil {
					_, err = pending.Wait(context.Background())
				}
				if err != nil {
					require.ErrorIs(e.t, err, ErrFenced)
					return
				}
				mu.Lock()
				values = append(values, value)
				mu.Unlock()
			}
		})
	}
	return func() []string {
		working.Wait()
		return values
	}
}

// putSegment writes a segment with nothing but a commit, as a broker does.
func putSegment(t *testing.T, l *Log, store objstore.Store, c *meta.Commit) {
	t.Helper()
	w := segment.NewWriter(nil)
	w.Reset(false)
	body, err := w.Finish(segment.Footer{Cluster: l.journal.cluster, Writer: newID()}, c)
	require.NoError(t, err)
	require.NoError(t, store.Put(t.Context(), segment.Key(c.Epoch, c.Seq), body))
}

// A fence post far ahead, left by a broker that crashed while it took over, is no proof that
// segments were lost: the journal ends before it.
func TestFencePostIsNoLoss(t *testing.T) {
	store := mem.New()
	e := openEngine(t, store)
	p := e.topic("t", 1)[0]
	require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
	epoch, _, seq := e.places()
	require.NoError(t, e.Close(t.Context()))
	post := &meta.Commit{Epoch: epoch, Seq: seq + 3*MaxPipeline, Entries: []meta.Entry{&meta.Seal{Next: epoch + 1}}}
	putSegment(t, e.Log, store, post)
	e.open()
	require.Equal(t, []string{"v"}, e.values(p, 0))
	require.Equal(t, int32(epoch+1), e.LeaderEpoch())
	require.NoError(t, e.append(p, testBatch(t, nil, "w")).Err)
	e.reopen()
	require.Equal(t, []string{"v", "w"}, e.values(p, 0))
}

// A segment far ahead that is no post proves a loss.
func TestSegmentBehindAGapIsALoss(t *testing.T) {
	for name, c := range map[string]*meta.Commit{
		"data in the epoch": {Epoch: 1, Entries: []meta.Entry{&meta.NameProducer{Name: "n"}}},
		"a later epoch":     {Epoch: 2, Entries: []meta.Entry{&meta.Seal{Next: 3}}},
	} {
		t.Run(name, func(t *testing.T) {
			store := mem.New()
			e := openEngine(t, store)
			_, _, seq := e.places()
			require.NoError(t, e.Close(t.Context()))
			c.Seq = seq + MaxPipeline
			putSegment(t, e.Log, store, c)
			_, err := Open(t.Context(), store, e.o)
			require.ErrorIs(t, err, ErrCorruptLog)
			require.ErrorContains(t, err, segment.Key(1, seq))
			require.ErrorContains(t, err, segment.Key(c.Epoch, c.Seq))
		})
	}
}
