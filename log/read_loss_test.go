package log

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// loss is a log with one record in the store alone, read once through faults.
type loss struct {
	*engine
	store *faulty.Store
	p     PartitionID
	key   string // of the segment
}

func newLoss(t *testing.T) *loss {
	l := &loss{store: faulty.New(mem.New(), 1)}
	l.engine = openEngine(t, l.store, func(o *Options) { o.TailBytes, o.CacheMemoryBytes, o.FenceInterval = 1, 1, 24*time.Hour })
	l.p = l.topic("t", 1)[0]
	l.key = l.nextKey()
	require.NoError(t, l.append(l.p, testBatch(t, nil, "v")).Err)
	require.NoError(t, l.append(l.p, testBatch(t, nil, "w")).Err) // the tail keeps the last one
	return l
}

func (l *loss) readOnce() ReadResult {
	o := ReadOptions{MaxBytes: 1 << 20, MinBytes: 1, MaxWait: time.Minute}
	return l.Read(l.t.Context(), []ReadRequest{{Partition: l.p, Offset: 0, MaxBytes: 1 << 20, LeaderEpoch: -1}}, o)[0]
}

// Scenario 36: a block that is missing, short or damaged for one look is read all the same; one that stays so is
// the named error, told within the wait of the read.
func TestScenario36_ReadLooksAgain(t *testing.T) {
	for what, do := range map[string]faulty.Effect{
		"missing": faulty.Missing(), "empty": faulty.Empty(), "damaged": faulty.FlipBit(),
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLoss(t)
				l.store.Break(faulty.Fault{Ops: objstore.OpGetRange, Times: 1, Do: do})
				res := l.readOnce()
				require.NoError(t, res.Err)
				require.NotZero(t, res.Bytes)
				rule := l.store.Break(faulty.Fault{Ops: objstore.OpGetRange, Do: do})
				res = l.readOnce()
				require.ErrorIs(t, res.Err, ErrCorruptLog)
				require.ErrorContains(t, res.Err, l.key)
				require.GreaterOrEqual(t, rule.Hits(), 2)
				require.NoError(t, l.Err(), "it goes on for others")
				rule.Mend()
				require.NoError(t, l.readOnce().Err)
			})
		})
	}
}

// Only the store's own word makes an object missing: anything else is a store that is away.
func TestScenario36_AwayIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoss(t)
		for _, do := range []faulty.Effect{faulty.FailBefore(errNet), faulty.FailAfter(nil), faulty.Refuse(), faulty.Hang()} {
			rule := l.store.Break(faulty.Fault{Ops: objstore.OpGetRange, Do: do})
			res := l.readOnce()
			require.ErrorIs(t, res.Err, ErrUnavailable)
			require.NotErrorIs(t, res.Err, ErrCorruptLog)
			rule.Mend()
		}
		require.NoError(t, l.readOnce().Err)
	})
}

// A reader that waits for less than the pause before the second look is told, too.
func TestLossIsToldWithinAShortWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoss(t)
		l.store.Break(faulty.Fault{Ops: objstore.OpGetRange, Do: faulty.Missing()})
		defer l.store.Mend()
		o := ReadOptions{MaxBytes: 1 << 20, MinBytes: 1, MaxWait: 2 * time.Millisecond}
		res := l.Read(t.Context(), []ReadRequest{{Partition: l.p, Offset: 0, MaxBytes: 1 << 20, LeaderEpoch: -1}}, o)[0]
		require.ErrorIs(t, res.Err, ErrCorruptLog)
	})
}

// What a fenced broker's state names may have been deleted by its successor, by right: it is fenced, and nothing is lost.
func TestLossOfAFencedBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoss(t)
		body, err := l.store.Get(t.Context(), l.key)
		require.NoError(t, err)
		openEngine(t, l.store)
		require.NoError(t, l.store.Delete(t.Context(), l.key))
		res := l.readOnce()
		require.ErrorIs(t, res.Err, ErrFenced)
		require.NotErrorIs(t, res.Err, ErrCorruptLog)
		require.ErrorIs(t, l.Err(), ErrFenced, "and it has stopped")
		require.NoError(t, l.store.Put(t.Context(), l.key, body))
	})
}

// While the fence cannot be seen, nothing is said to be lost.
func TestLossWhileTheFenceCannotBeSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoss(t)
		l.store.Break(faulty.Fault{Ops: objstore.OpGet, Do: faulty.FailBefore(errNet)})
		l.store.Break(faulty.Fault{Ops: objstore.OpGetRange, Do: faulty.Missing()})
		res := l.readOnce()
		require.ErrorIs(t, res.Err, ErrUnavailable)
		require.NotErrorIs(t, res.Err, ErrCorruptLog)
		require.NoError(t, l.Err())
		l.store.Mend()
		require.NoError(t, l.readOnce().Err)
	})
}

// A block that is missing because its records were deleted meanwhile is not lost: the read plans once more.
func TestReadPlansOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoss(t)
		hang := l.store.Break(faulty.Fault{Ops: objstore.OpGetRange, Do: faulty.Hang()})
		l.store.Break(faulty.Fault{Ops: objstore.OpGetRange, Do: faulty.Missing()})
		done := make(chan ReadResult, 1)
		go func() { done <- l.readOnce() }()
		require.NoError(t, hang.Wait(t.Context(), 1))
		_, err := l.DeleteRecords([]DeleteSpec{{Partition: l.p, Offset: 1}}).Wait(context.Background())
		require.NoError(t, err)
		fence := l.store.Break(faulty.Fault{Ops: objstore.OpGet, Do: faulty.Slow(0)})
		hang.Mend()
		res := <-done
		require.ErrorIs(t, res.Err, ErrOffsetOutOfRange)
		time.Sleep(time.Minute)
		require.Zero(t, fence.Hits(), "nobody wants it: whether it is lost is no question")
		l.store.Mend()
	})
}

// Many reads that want a block share the second look at it, and each is told.
func TestReadsShareTheSecondLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoss(t)
		rule := l.store.Break(faulty.Fault{Ops: objstore.OpGetRange, Do: faulty.Slow(time.Second)})
		l.store.Break(faulty.Fault{Ops: objstore.OpGetRange, Do: faulty.Missing()})
		defer l.store.Mend()
		var running sync.WaitGroup
		for range 20 {
			running.Go(func() { require.ErrorIs(t, l.readOnce().Err, ErrCorruptLog) })
		}
		running.Wait()
		require.Equal(t, 2, rule.Hits())
	})
}

// Readers that wait for less than the two looks take are told all the same, when they come back: the looks go on for them.
func TestLossIsToldToReadersThatComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoss(t)
		l.store.Break(faulty.Fault{Ops: objstore.OpGetRange, Do: faulty.Slow(time.Second)})
		l.store.Break(faulty.Fault{Ops: objstore.OpGetRange, Do: faulty.Missing()})
		defer l.store.Mend()
		o := ReadOptions{MaxBytes: 1 << 20, MinBytes: 1, MaxWait: 300 * time.Millisecond}
		var err error
		for start := time.Now(); err == nil && time.Since(start) < time.Minute; {
			err = l.Read(t.Context(), []ReadRequest{{Partition: l.p, Offset: 0, MaxBytes: 1 << 20, LeaderEpoch: -1}}, o)[0].Err
		}
		require.ErrorIs(t, err, ErrCorruptLog)
	})
}
