package record

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestRecordTimestampsWrap(t *testing.T) {
	records := []Record{{Timestamp: math.MinInt64}, {Timestamp: math.MaxInt64}, {Timestamp: 0}}
	require.Equal(t, at(0, records), collect(t, [][]byte{mustBatch(t, 0, records)}, 0))
}

func TestAppendBatchKeepsDst(t *testing.T) {
	dst := []byte("before")
	got, err := AppendBatch(dst, sample(), &Sequence{ProducerID: 7, ProducerEpoch: 2, Base: 9})
	require.NoError(t, err)
	require.Equal(t, "before", string(got[:6]))
	b := Batch(got[6:])
	require.NoError(t, b.Verify())
	require.Equal(t, []int64{7, 2, 9}, []int64{b.ProducerID(), int64(b.ProducerEpoch()), int64(b.BaseSequence())})
}

func TestAppendBatchRefuses(t *testing.T) {
	_, err := AppendBatch(nil, nil, nil)
	require.ErrorIs(t, err, ErrInvalid)
	for _, s := range []Sequence{{-1, 0, 0}, {0, -1, 0}, {0, 0, -1}} {
		_, err = AppendBatch(nil, sample(), &s)
		require.ErrorIs(t, err, ErrInvalid)
	}
	half := make([]byte, MaxBytes/2)
	_, err = AppendBatch(nil, []Record{{Key: half}, {Value: half}}, nil)
	require.ErrorIs(t, err, ErrTooLarge)
}

func TestAppendBatchAllocatesOnce(t *testing.T) {
	records := sample()
	require.Equal(t, 1.0, testing.AllocsPerRun(50, func() {
		if _, err := AppendBatch(nil, records, nil); err != nil {
			t.Error(err)
		}
	}))
}

// TestRecordEncodingIsKafkas reads our batches with kmsg and writes kmsg's for us.
func TestRecordEncodingIsKafkas(t *testing.T) {
	ours := mustBatch(t, 0, sample())
	var theirs kmsg.RecordBatch
	require.NoError(t, theirs.ReadFrom(ours))
	require.Equal(t, int32(len(sample())), theirs.NumRecords)
	var written []byte
	for rest := theirs.Records; len(rest) > 0; {
		size, n := binary.Varint(rest)
		var r kmsg.Record
		require.NoError(t, r.ReadFrom(rest[:n+int(size)]))
		want := sample()[r.OffsetDelta]
		require.Equal(t, want.Timestamp, theirs.FirstTimestamp+r.TimestampDelta64)
		require.Equal(t, want.Key, r.Key)
		require.Equal(t, want.Value, r.Value)
		require.Len(t, r.Headers, len(want.Headers))
		for i, h := range r.Headers {
			require.Equal(t, want.Headers[i], Header{Key: h.Key, Value: h.Value})
		}
		written = r.AppendTo(written)
		rest = rest[n+int(size):]
	}
	require.Equal(t, []byte(ours[HeaderLen:]), written)
	require.Equal(t, []byte(ours), theirs.AppendTo(nil))
}

// TestRecordsBothWaysWithKgo has kgo's own batch decoder read our batches.
func TestRecordsBothWaysWithKgo(t *testing.T) {
	b := mustBatch(t, 5, sample())
	rp := kmsg.NewFetchResponseTopicPartition()
	rp.RecordBatches, rp.HighWatermark = b, 9
	fp, _ := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Topic: "t", Offset: 5}, &rp, kgo.DefaultDecompressor(), nil)
	require.NoError(t, fp.Err)
	require.Len(t, fp.Records, 4)
	for i, r := range fp.Records {
		want := at(5, sample())[i]
		require.Equal(t, want.Offset, r.Offset)
		require.Equal(t, want.Timestamp, r.Timestamp.UnixMilli())
		require.Equal(t, want.Key, r.Key)
		require.Equal(t, want.Value, r.Value)
		require.Len(t, r.Headers, len(want.Headers))
		for j, h := range r.Headers {
			require.Equal(t, want.Headers[j], Header{Key: h.Key, Value: h.Value})
		}
	}
}

// FuzzRecordBatch: every record that can be built comes back as it was.
func FuzzRecordBatch(f *testing.F) {
	f.Add(int64(0), []byte("k"), []byte("v"), "h", []byte("hv"), uint8(0))
	f.Fuzz(func(t *testing.T, ts int64, key, value []byte, hk string, hv []byte, nulls uint8) {
		for i, p := range []*[]byte{&key, &value, &hv} {
			if nulls&(1<<i) != 0 {
				*p = nil
			} else if *p == nil {
				*p = []byte{}
			}
		}
		r := Record{Timestamp: ts, Key: key, Value: value, Headers: []Header{{hk, hv}, {strings.ToUpper(hk), nil}, {hk, value}}}
		records := []Record{r, {Timestamp: -ts, Key: value, Value: hv}}
		b := mustBatch(t, 9, records)
		require.NoError(t, b.Verify())
		require.Equal(t, at(9, records), collect(t, [][]byte{b}, 0))
	})
}
