package log

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
)

// What operations cost at the store: one PUT per flush, no GET for readers that keep up, and
// one span for a cold read of neighbouring blocks.
func TestStoreCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trace := objstore.NewTrace(objstore.NewMem())
		e := openEngine(t, trace, func(o *Options) { o.FlushInterval = 250 * time.Millisecond })
		parts := e.topic("wide", 1000)
		time.Sleep(time.Second)
		trace.Reset()

		reqs := make([]AppendRequest, len(parts))
		for i, p := range parts {
			reqs[i] = AppendRequest{Partition: p, Records: testBatch(t, nil, numbers(0, 3)...)}
		}
		pending, err := e.Append(t.Context(), reqs)
		require.NoError(t, err)
		offsets := e.CommitOffsets("group", []OffsetCommit{{Partition: parts[0], Offset: 1}})
		_, err = pending.Wait(t.Context())
		require.NoError(t, err)
		_, err = offsets.Wait(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, trace.Count(objstore.OpPut), "one PUT for 1,000 partitions and a group")

		for _, p := range parts {
			require.Len(t, e.values(p, 0), 3)
		}
		require.Zero(t, trace.Count(objstore.OpGet|objstore.OpGetRange), "readers that keep up cost no GET")

		require.NoError(t, e.Close(t.Context()))
		e.open()
		trace.Reset()
		reads := make([]ReadRequest, len(parts))
		for i, p := range parts {
			reads[i] = ReadRequest{Partition: p, MaxBytes: 1 << 20, LeaderEpoch: -1}
		}
		for _, r := range e.Read(t.Context(), reads, ReadOptions{MaxBytes: 1 << 30, MinBytes: 1 << 30, MaxWait: time.Minute}) {
			require.NoError(t, r.Err)
			require.NotZero(t, r.Bytes)
		}
		require.LessOrEqual(t, trace.Count(objstore.OpGetRange), 2, "a cold read of all partitions is a span of their segment")
		require.NoError(t, e.Close(t.Context()))
	})
}
