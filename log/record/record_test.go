package record

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// sample holds every kind of field that a record can have.
func sample() []Record {
	return []Record{
		{Timestamp: 1_700_000_000_000, Key: []byte("k"), Value: []byte("v")},
		{Timestamp: 1_699_999_999_000, Key: nil, Value: nil},
		{Timestamp: 1_700_000_005_000, Key: []byte{}, Value: []byte{}},
		{Timestamp: -1, Key: []byte{0, 0xff}, Value: bytes.Repeat([]byte("x"), 300), Headers: []Header{
			{Key: "b", Value: []byte("1")}, {Key: "a", Value: nil}, {Key: "b", Value: []byte{}},
			{Key: "", Value: []byte{0xff, 0xfe}}, {Key: "\xff", Value: []byte("2")},
		}},
	}
}

func mustBatch(t testing.TB, base int64, records []Record) Batch {
	t.Helper()
	src, err := AppendBatch(nil, records, nil)
	require.NoError(t, err)
	binary.BigEndian.PutUint64(src, uint64(base))
	return src
}

func collect(t testing.TB, pieces [][]byte, from int64) []Record {
	t.Helper()
	var got []Record
	require.NoError(t, Decode(pieces, from, func(r Record) bool { got = append(got, r); return true }))
	return got
}

// at gives the records the offsets from base on.
func at(base int64, records []Record) []Record {
	out := slices.Clone(records)
	for i := range out {
		out[i].Offset = base + int64(i)
	}
	return out
}

// reseal renews length and checksum of a batch whose bytes were changed.
func reseal(b Batch) Batch {
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)-lengthBase))
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], castagnoli))
	return b
}

func TestRecordRoundTrip(t *testing.T) {
	b := mustBatch(t, 40, sample())
	require.NoError(t, b.Verify())
	require.Equal(t, int64(len(b)), b.length())
	require.Equal(t, int64(1_700_000_000_000), b.BaseTimestamp())
	require.Equal(t, int64(1_700_000_005_000), b.MaxTimestamp())
	require.Equal(t, int64(-1), b.ProducerID())
	require.Equal(t, int16(0), b.Attributes())
	// require.Equal tells nil from empty inside structs.
	require.Equal(t, at(40, sample()), collect(t, [][]byte{b}, 0))
}
