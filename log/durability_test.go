package log

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/log/segment"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

var errNet = errors.New("connection reset")

// start appends and does not wait.
func (e *engine) start(p PartitionID, records []byte) *Pending[[]AppendResult] {
	e.t.Helper()
	pending, err := e.Append(e.t.Context(), []AppendRequest{{Partition: p, Records: records}})
	require.NoError(e.t, err)
	return pending
}

// Scenario 1: five batches in flight, and every answer is lost. The retries get
// the original offsets, and nothing is in the log twice.
func TestScenario01_RetriesGetTheOriginalOffsets(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	id, err := e.ReserveProducerID(t.Context())
	require.NoError(t, err)
	batchOf := func(i int) []byte {
		return testBatch(t, &record.Sequence{ProducerID: id, Base: int32(i * 2)}, numbers(i*2, i*2+2)...)
	}
	for i := range 5 {
		require.NoError(t, e.append(p, batchOf(i)).Err)
	}
	for round := range 2 {
		for i := range 5 {
			res := e.append(p, batchOf(i))
			require.NoError(t, res.Err)
			require.True(t, res.Duplicate)
			require.Equal(t, int64(i*2), res.Base)
		}
		if round == 0 {
			e.reopen() // the same after a restart
		}
	}
	require.ErrorIs(t, e.append(p, testBatch(t, &record.Sequence{ProducerID: id, Base: 12}, "gap")).Err, ErrOutOfOrderSequence)
	require.Equal(t, numbers(0, 10), e.values(p, 0))
}

// Scenario 2: the log start has moved past a producer's last batch; its retry
// is answered all the same.
func TestScenario02_RetryOfADeletedBatch(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	b := testBatch(t, &record.Sequence{ProducerID: 7}, "a", "b")
	require.NoError(t, e.append(p, append([]byte(nil), b...)).Err)
	res, err := e.DeleteRecords([]DeleteSpec{{p, -1}}).Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, DeleteResult{LogStart: 2}, res[0])
	again := e.append(p, b)
	require.NoError(t, again.Err)
	require.True(t, again.Duplicate)
	require.Equal(t, int64(0), again.Base)
	require.Equal(t, int64(2), again.LogStart)
}

// Scenarios 9 and 10: PUTs fail before and after they happened. Everybody waits until
// the same bytes have got through; there is no hole and nothing is there twice.
func TestScenario09_10_FailedPutsLeaveNoHole(t *testing.T) {
	for name, effect := range map[string]faulty.Effect{"before": faulty.FailBefore(errNet), "after it happened": faulty.FailAfter(errNet)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := faulty.New(mem.New(), 1)
				e := openEngine(t, store)
				defer e.Close(context.Background())
				parts := e.topic("t", 2)
				rule := store.Break(faulty.Fault{Ops: objstore.OpPut, Times: 3, Do: effect})
				first, second := e.start(parts[0], testBatch(t, nil, "a")), e.start(parts[1], testBatch(t, nil, "b"))
				for i := range 3 {
					require.NoError(t, e.append(parts[0], testBatch(t, nil, fmt.Sprint(i))).Err)
				}
				for _, p := range []*Pending[[]AppendResult]{first, second} {
					res, err := p.Wait(t.Context())
					require.NoError(t, err)
					require.NoError(t, res[0].Err)
					require.Equal(t, int64(0), res[0].Base)
				}
				require.NotZero(t, rule.Hits())
				require.NoError(t, e.Health())
				require.Equal(t, []string{"a", "0", "1", "2"}, e.values(parts[0], 0))
				require.NoError(t, e.Check(t.Context()))
			})
		})
	}
}

// Scenario 11: two logs on one bucket. The older one is refused at its next
// write, acknowledges nothing more and stops; both see the same log.
func TestScenario11_SecondBrokerFencesTheFirst(t *testing.T) {
	old := newEngine(t)
	p := old.topic("t", 1)[0]
	require.NoError(t, old.append(p, testBatch(t, nil, "by the first")).Err)
	fresh := openEngine(t, old.store)
	pending := old.start(p, testBatch(t, nil, "lost"))
	_, err := pending.Wait(t.Context())
	require.ErrorIs(t, err, ErrFenced)
	<-old.Stopped()
	require.ErrorIs(t, old.Err(), ErrFenced)
	require.ErrorIs(t, old.Health(), ErrFenced)
	require.ErrorIs(t, old.Read(t.Context(), []ReadRequest{{Partition: p, MaxBytes: 1, LeaderEpoch: -1}}, ReadOptions{MaxBytes: 1})[0].Err, ErrFenced)
	require.NoError(t, fresh.append(p, testBatch(t, nil, "by the second")).Err)
	require.Equal(t, []string{"by the first", "by the second"}, fresh.values(p, 0))
	require.Greater(t, fresh.LeaderEpoch(), old.LeaderEpoch())
}

// An idle broker that was fenced notices within the fence interval.
func TestIdleBrokerNoticesItsFence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := newEngine(t)
		fresh := openEngine(t, old.store)
		<-old.Stopped()
		require.ErrorIs(t, old.Err(), ErrFenced)
		require.NoError(t, old.Close(t.Context()))
		require.NoError(t, fresh.Check(t.Context()))
		require.NoError(t, fresh.Close(t.Context()))
	})
}

// So does one whose PUTs hang, whether they happened or not: they would not tell.
func TestHangingBrokerNoticesItsFence(t *testing.T) {
	for happened := range 4 {
		t.Run(fmt.Sprint(happened, " of 3 happened"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mem := mem.New()
				store := faulty.New(mem, 1)
				old := openEngine(t, store, func(o *Options) { o.FlushBytes, o.FenceInterval = 1, time.Second })
				p := old.topic("t", 1)[0]
				var values []string
				for i := range 3 {
					effect := faulty.Hang()
					if i < happened {
						effect = faulty.HangAfter()
						values = append(values, fmt.Sprint(i))
					}
					store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: old.nextKey(), Do: effect})
					old.start(p, testBatch(t, nil, fmt.Sprint(i)))
					synctest.Wait()
				}
				time.Sleep(time.Minute)
				require.NoError(t, old.Err(), "its own segments do not fence it")
				fresh := openEngine(t, mem)
				began := time.Now()
				<-old.Stopped()
				require.LessOrEqual(t, time.Since(began), 2*old.o.FenceInterval)
				require.ErrorIs(t, old.Err(), ErrFenced)
				require.Equal(t, values, fresh.values(p, 0))
			})
		})
	}
}

// Scenario 12, on the write path: a crash with PUTs that happened and were never
// answered, with and without the metadata file. What was acknowledged is there,
// in order; what was not is there whole or not at all.
func TestScenario12_CrashWithFlushesUnderWay(t *testing.T) {
	for _, keepFile := range []bool{true, false} {
		t.Run(fmt.Sprint("metadata file kept: ", keepFile), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := faulty.New(mem.New(), 1)
				e := openEngine(t, store)
				p := e.topic("t", 1)[0]
				require.NoError(t, e.append(p, testBatch(t, nil, "acknowledged")).Err)
				time.Sleep(2 * time.Second) // bbolt has it, too
				rule := store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.HangAfter()})
				lost := e.start(p, testBatch(t, nil, "written, not answered"))
				require.NoError(t, rule.Wait(t.Context(), 1))
				synctest.Wait() // the PUT has happened and hangs
				e.crash()
				_, err := lost.Wait(t.Context())
				require.ErrorIs(t, err, ErrClosed)
				store.Mend()
				if !keepFile {
					require.NoError(t, os.Remove(e.o.MetadataPath))
				}
				e.open()
				require.Equal(t, []string{"acknowledged", "written, not answered"}, e.values(p, 0))
				require.NoError(t, e.append(p, testBatch(t, nil, "goes on")).Err)
				require.NoError(t, e.Check(t.Context()))
				require.NoError(t, e.Close(t.Context()))
			})
		})
	}
}

// A segment that is missing in the middle of the journal is a loss and not its
// end: nobody may seal over it.
func TestMissingSegmentRefusesToOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t)
		p := e.topic("t", 1)[0]
		for range MaxPipeline + 3 {
			require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
		}
		require.NoError(t, e.Close(t.Context()))
		require.NoError(t, e.store.Delete(t.Context(), segment.Key(e.epoch, 4)))
		require.NoError(t, os.Remove(e.o.MetadataPath))
		_, err := Open(t.Context(), e.store, e.o)
		require.ErrorIs(t, err, ErrCorruptLog)
		require.ErrorContains(t, err, segment.Key(e.epoch, 4))
	})
}

// Scenario 19: the store hangs. Nobody is answered before the PUT; the wait
// ends with a retriable error; later all is there once.
func TestScenario19_StoreHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store)
		p := e.topic("t", 1)[0]
		rule := store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		pending := e.start(p, testBatch(t, &record.Sequence{ProducerID: 3}, "v"))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := pending.Wait(ctx)
		require.ErrorIs(t, err, ErrTimeout)
		require.Empty(t, e.values(p, 0), "what is not durable is not read")
		rule.Mend()
		res := e.append(p, testBatch(t, &record.Sequence{ProducerID: 3}, "v"))
		require.NoError(t, res.Err)
		require.True(t, res.Duplicate)
		require.Equal(t, []string{"v"}, e.values(p, 0))
		require.NoError(t, e.Close(t.Context()))
	})
}

// A store that refuses for good is told to those who wait at once, and in
// Health; the order is kept, and all goes on when somebody has mended it.
func TestStoreRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store)
		p := e.topic("t", 1)[0]
		rule := store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Refuse()})
		_, err := e.start(p, testBatch(t, nil, "first")).Wait(t.Context())
		require.ErrorIs(t, err, ErrUnavailable)
		require.ErrorIs(t, e.Health(), ErrUnavailable)
		rule.Mend()
		res := e.append(p, testBatch(t, nil, "second"))
		require.NoError(t, res.Err)
		require.Equal(t, int64(1), res.Base)
		require.NoError(t, e.Health())
		require.NoError(t, e.Close(t.Context()))
	})
}

// Scenario 20: a storm of refused requests during a start and at work.
func TestScenario20_StormDuringStartAndWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 42)
		e := openEngine(t, store)
		p := e.topic("t", 1)[0]
		require.NoError(t, e.append(p, testBatch(t, nil, numbers(0, 5)...)).Err)
		store.Break(faulty.Fault{Chance: 0.7, Do: faulty.FailBefore(errNet)})
		e.reopen()
		for i := range 10 {
			require.NoError(t, e.append(p, testBatch(t, nil, fmt.Sprint("record ", 5+i))).Err)
		}
		store.Mend()
		require.Equal(t, numbers(0, 15), e.values(p, 0))
		require.NoError(t, e.Check(t.Context()))
		require.NoError(t, e.Close(t.Context()))
	})
}

// A store that lets an object be written twice is refused.
type overwriting struct{ objstore.Store }

func (o overwriting) Put(ctx context.Context, key string, body []byte) error {
	if err := o.Delete(ctx, key); err != nil {
		return err
	}
	return o.Store.Put(ctx, key, body)
}

func TestStoreWithoutCreateOnlyIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := Open(t.Context(), overwriting{mem.New()}, Options{MetadataPath: t.TempDir() + "/m.db"})
		require.ErrorIs(t, err, ErrUnsafeStore)
	})
}

func TestMetadataFileOfAnotherClusterIsRefused(t *testing.T) {
	e := newEngine(t)
	require.NoError(t, e.Close(t.Context()))
	_, err := Open(t.Context(), mem.New(), e.o)
	require.ErrorContains(t, err, "belongs to cluster")
}

// A metadata file that cannot be read is set aside and rebuilt: the bucket has everything.
func TestUnreadableMetadataFileIsRebuilt(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
	require.NoError(t, e.Close(t.Context()))
	require.NoError(t, os.WriteFile(e.o.MetadataPath, []byte("this is no bbolt file"), 0o600))
	e.open()
	require.Equal(t, []string{"v"}, e.values(p, 0))
	aside, err := filepath.Glob(e.o.MetadataPath + ".corrupt-*")
	require.NoError(t, err)
	require.Len(t, aside, 1)
}
