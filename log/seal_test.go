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
				// With its 32 readers it reads half as fast as the other one writes.
				store.Break(faulty.Fault{Ops: objstore.OpGet | objstore.OpGetRange, Do: faulty.Slow(time.Duration(32/inFlight) * 100 * time.Millisecond)})
				acknowledged := old.produceUntilFenced(p, 2*inFlight)
				// More than one run of a replay.
				for place := uint64(0); place < 1100; _, _, place = old.places() {
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
