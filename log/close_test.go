package log

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// Close flushes what was taken.
func TestCloseFlushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, func(o *Options) { o.FlushInterval = 1 << 40 })
		p := e.topic("t", 1)[0] // the first flush of all is due at once, the next in 18 minutes
		appended := e.start(p, testBatch(t, nil, "v"))
		committed := e.CommitOffsets("g", []OffsetCommit{{Partition: p, Offset: 1, LeaderEpoch: -1}})
		require.NoError(t, e.Close(t.Context()))
		require.NoError(t, outcome(t, appended)[0].Err)
		require.NoError(t, outcome(t, committed)[0])
		e.open()
		require.Equal(t, []string{"v"}, e.values(p, 0))
		require.Equal(t, []string{"g"}, e.Groups())
	})
}

func TestCloseTwice(t *testing.T) {
	e := newEngine(t)
	require.NoError(t, e.Close(t.Context()))
	require.NoError(t, e.Close(t.Context()))
	require.NoError(t, e.Err(), "it did not stop by itself")
	select {
	case <-e.Stopped():
		t.Fatal("stopped")
	default:
	}
}

// A closed log takes nothing and gives nothing, and says why.
func TestAfterClose(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
	require.NoError(t, e.Close(t.Context()))
	ctx := t.Context()
	_, appended := e.Append(ctx, []AppendRequest{{Partition: p, Records: testBatch(t, nil, "v")}})
	_, reserved := e.ReserveProducerID(ctx)
	_, named := e.ProducerID(ctx, "name")
	_, byTime := e.OffsetForTime(ctx, p, 0)
	for what, err := range map[string]error{
		"Append":            appended,
		"Read":              e.Read(ctx, []ReadRequest{{Partition: p, MaxBytes: 1, LeaderEpoch: -1}}, ReadOptions{MaxBytes: 1})[0].Err,
		"OffsetForTime":     byTime,
		"CreateTopics":      outcome(t, e.CreateTopics([]TopicSpec{{Name: "u", Partitions: 1}}))[0].Err,
		"DeleteTopics":      outcome(t, e.DeleteTopics([]TopicID{p.Topic}))[0],
		"CreatePartitions":  outcome(t, e.CreatePartitions([]PartitionsSpec{{"t", 2}}, false))[0],
		"AlterConfigs":      e.alter(ConfigChange{Topic: "t"}),
		"DeleteRecords":     outcome(t, e.DeleteRecords([]DeleteSpec{{p, -1}}))[0].Err,
		"CommitOffsets":     outcome(t, e.CommitOffsets("g", []OffsetCommit{{Partition: p}}))[0],
		"DeleteOffsets":     outcome(t, e.DeleteOffsets("g", []PartitionID{p}))[0],
		"DeleteGroups":      outcome(t, e.DeleteGroups([]string{"g"}))[0],
		"ReserveProducerID": reserved,
		"ProducerID":        named,
		"Health":            e.Health(),
	} {
		require.ErrorIs(t, err, ErrClosed, what)
	}
	e.open()
	require.Equal(t, []string{"v"}, e.values(p, 0))
	topic, err := e.Topic("t")
	require.NoError(t, err, "nothing of all that has happened")
	require.EqualValues(t, 1, topic.Partitions)
	require.Len(t, e.Topics(), 1)
}

// Close cannot wait for a store that is away: one flush hangs, while the one behind it is in the bucket. Nobody
// is told that either of them is durable, the log has not stopped by itself, and the
// next one seals the place of the first: what lies behind it is void.
func TestCloseWithAHoleInTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store, func(o *Options) { o.FlushBytes = 1 })
		p := e.topic("t", 1)[0]
		require.NoError(t, e.append(p, testBatch(t, nil, "acknowledged")).Err)
		hang := store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: e.nextKey(), Do: faulty.Hang()})
		var waits []*Pending[[]AppendResult]
		for _, v := range []string{"hangs", "in the bucket", "as well"} {
			waits = append(waits, e.start(p, testBatch(t, nil, v)))
			synctest.Wait()
		}
		require.Equal(t, 1, hang.Hits())
		require.Equal(t, 3, e.Stats().FlushesInFlight)
		last, _, _ := e.places()
		_, err := store.Get(t.Context(), segment.Key(last, e.nextSeq-1))
		require.NoError(t, err, "the last one is in the bucket")

		ended, cancel := context.WithCancel(t.Context())
		cancel()
		err = e.Close(ended)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "not in the store")
		for _, w := range waits {
			_, err := w.Wait(t.Context())
			require.ErrorIs(t, err, ErrClosed)
		}
		require.NoError(t, e.Err())
		select {
		case <-e.Stopped():
			t.Fatal("it did not stop by itself")
		default:
		}
		require.Zero(t, e.Stats().FlushesInFlight)
		require.Zero(t, e.Stats().UnflushedBytes)

		hang.Mend()
		e.open()
		require.Equal(t, []string{"acknowledged"}, e.values(p, 0))
		require.NoError(t, e.append(p, testBatch(t, nil, "goes on")).Err)
		require.Equal(t, []string{"acknowledged", "goes on"}, e.values(p, 0))
	})
}

// The same with the log fenced meanwhile: everybody hears of the fence.
func TestCloseOfAFencedLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := mem.New()
		store := faulty.New(mem, 1)
		e := openEngine(t, store, func(o *Options) { o.FlushBytes = 1 })
		p := e.topic("t", 1)[0]
		hang := store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: e.nextKey(), Do: faulty.Hang()})
		waits := []*Pending[[]AppendResult]{e.start(p, testBatch(t, nil, "hangs"))}
		synctest.Wait()
		waits = append(waits, e.start(p, testBatch(t, nil, "in the bucket")))
		synctest.Wait()
		fresh := openEngine(t, mem)
		hang.Mend()
		for _, w := range waits {
			_, err := w.Wait(t.Context())
			require.ErrorIs(t, err, ErrFenced)
		}
		require.NoError(t, e.Close(t.Context()))
		require.ErrorIs(t, e.Err(), ErrFenced)
		require.ErrorIs(t, e.Health(), ErrFenced, "that says more than that it is closed")
		require.Empty(t, fresh.values(p, 0))
	})
}

// While a log is at work nobody else can open its metadata file, and the one who tries harms nothing.
func TestMetadataFileInUse(t *testing.T) {
	e := newEngine(t)
	_, err := Open(t.Context(), e.store, e.o)
	require.ErrorIs(t, err, meta.ErrInUse)
	e.topic("t", 1)
	require.NoError(t, e.Health(), "nobody was fenced")
}
