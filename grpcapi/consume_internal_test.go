package grpcapi

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/log"
	"streamhouse/log/record"
)

// batchAt is a batch as the engine gives it, with one record per value.
func batchAt(t *testing.T, base int64, control bool, values ...string) []byte {
	t.Helper()
	var records []record.Record
	for _, v := range values {
		records = append(records, record.Record{Value: []byte(v)})
	}
	b, err := record.AppendBatch(nil, records, nil)
	require.NoError(t, err)
	binary.BigEndian.PutUint64(b, uint64(base))
	if control {
		b[22] |= 0x20
	}
	return b
}

// TestTakeMovesPastControlBatches: batches without a record to read neither end the answer nor hold it up.
func TestTakeMovesPastControlBatches(t *testing.T) {
	a := &records{end: 9, count: 10, room: 1 << 20}
	require.NoError(t, a.take([][]byte{batchAt(t, 0, true, "marker"), batchAt(t, 1, true, "marker")}))
	require.Empty(t, a.records)
	require.Equal(t, int64(2), a.next)
	require.True(t, a.wants())
	require.NoError(t, a.take([][]byte{batchAt(t, 2, false, "a", "b"), batchAt(t, 4, true, "marker")}))
	require.Len(t, a.records, 2)
	require.Equal(t, int64(5), a.next, "behind the marker, so that has_more is right")
}

// TestTakeNeedsProgress: what would be read for ever is an error.
func TestTakeNeedsProgress(t *testing.T) {
	a := &records{next: 5, end: 9, count: 10, room: 1 << 20}
	require.ErrorIs(t, a.take([][]byte{batchAt(t, 3, false, "a", "b")}), log.ErrCorruptLog)
	require.ErrorIs(t, a.take([][]byte{batchAt(t, 5, false, "a")[:30]}), log.ErrCorruptBatch)
}

func TestTakeStopsAtCountAndRoom(t *testing.T) {
	a := &records{end: 9, count: 2, room: 1 << 20}
	require.NoError(t, a.take([][]byte{batchAt(t, 0, false, "a", "b", "c")}))
	require.Equal(t, []int64{2, 2}, []int64{int64(len(a.records)), a.next})
	require.False(t, a.wants())

	a = &records{end: 9, count: 9, room: 20}
	require.NoError(t, a.take([][]byte{batchAt(t, 0, false, "a", "b", "much more than fits")}))
	require.Equal(t, []int64{2, 2}, []int64{int64(len(a.records)), a.next})
	require.True(t, a.full)
}
