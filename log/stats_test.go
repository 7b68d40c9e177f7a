package log

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store)
		require.Equal(t, Stats{}, e.Stats())
		p := e.topic("a", 3)[1]
		other := e.topic("b", 2)[0]
		b := testBatch(t, nil, "v")
		size := int64(len(b))
		require.NoError(t, e.append(p, b).Err)
		synctest.Wait()
		require.Equal(t, Stats{TailBytes: size, Usage: Usage{Topics: 2, Partitions: 5}}, e.Stats())

		outage := store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		first := e.start(p, testBatch(t, nil, "v"))
		synctest.Wait()
		second := e.start(other, testBatch(t, nil, "v"))
		synctest.Wait()
		require.Equal(t, Stats{UnflushedBytes: 2 * size, FlushesInFlight: 1, TailBytes: size, Usage: Usage{Topics: 2, Partitions: 5}}, e.Stats())
		outage.Mend()
		require.NoError(t, outcome(t, first)[0].Err)
		require.NoError(t, outcome(t, second)[0].Err)
		require.NoError(t, outcome(t, e.DeleteTopics([]TopicID{p.Topic}))[0])
		synctest.Wait()
		require.Equal(t, Stats{TailBytes: size, Usage: Usage{Topics: 1, Partitions: 2}}, e.Stats())
		e.reopen()
		require.Equal(t, Stats{Usage: Usage{Topics: 1, Partitions: 2}}, e.Stats())
	})
}
