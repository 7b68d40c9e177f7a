package record

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestDecodePieces(t *testing.T) {
	first, second := mustBatch(t, 100, sample()), compressed(t, mustBatch(t, 110, sample()), kgo.ZstdCompression())
	whole := append(slices.Clone(first), second...)
	want := append(at(100, sample()), at(110, sample())...)
	for size := 1; size < len(whole); size++ {
		pieces := slices.Collect(slices.Chunk([]byte(whole), size))
		pieces = slices.Insert(pieces, 1, nil, []byte{})
		kept := slices.Clone(pieces)
		require.Equal(t, want, collect(t, pieces, 0))
		require.Equal(t, kept, pieces, "the caller's pieces were changed")
		end, err := EndOffset(pieces)
		require.NoError(t, err)
		require.Equal(t, int64(114), end)
	}
}

func TestDecodeFrom(t *testing.T) {
	src := append(slices.Clone(mustBatch(t, 0, sample())), mustBatch(t, 4, sample())...)
	all := append(at(0, sample()), at(4, sample())...)
	for from := range int64(8) {
		require.Equal(t, all[from:], collect(t, [][]byte{src}, from))
	}
	require.Empty(t, collect(t, [][]byte{src}, 8))
	var n int
	require.NoError(t, Decode([][]byte{src}, 3, func(Record) bool { n++; return n < 2 }))
	require.Equal(t, 2, n, "goes on after yield returned false")
}

func TestDecodeControlAndAppendTime(t *testing.T) {
	control := mustBatch(t, 0, sample())
	binary.BigEndian.PutUint16(control[21:], attrControl|attrTransactional)
	timed := mustBatch(t, 4, sample())
	timed.SetAppendTime(77)
	got := collect(t, [][]byte{reseal(control), timed}, 0)
	require.Len(t, got, 4)
	for i, r := range got {
		require.Equal(t, int64(4+i), r.Offset)
		require.Equal(t, int64(77), r.Timestamp)
	}
}

// TestDecodeCompacted: a batch that compaction left holes in, or nothing.
func TestDecodeCompacted(t *testing.T) {
	b := mustBatch(t, 20, sample()[:1])
	binary.BigEndian.PutUint32(b[23:], 9)
	require.Equal(t, at(20, sample()[:1]), collect(t, [][]byte{reseal(b)}, 0))
	empty := slices.Clone(b[:HeaderLen])
	binary.BigEndian.PutUint32(empty[57:], 0)
	require.Empty(t, collect(t, [][]byte{reseal(empty)}, 0))
	end, err := EndOffset([][]byte{empty})
	require.NoError(t, err)
	require.Equal(t, int64(30), end)
}

func TestDecodeGarbage(t *testing.T) {
	good := mustBatch(t, 3, sample())
	body := func(change func(b Batch) Batch) error {
		b := reseal(change(slices.Clone(good)))
		return Decode([][]byte{b}, 0, func(Record) bool { return true })
	}
	for name, change := range map[string]func(Batch) Batch{
		"record cut off":      func(b Batch) Batch { return b[:len(b)-1] },
		"bytes behind":        func(b Batch) Batch { return append(b, 0) },
		"one record too many": func(b Batch) Batch { b[60]++; return b },
		"one too few":         func(b Batch) Batch { b[60]--; return b },
		"offset delta high":   func(b Batch) Batch { b[64] = 8; return b },
		"offset delta again":  func(b Batch) Batch { b[64] = 2; return b },
		"negative length":     func(b Batch) Batch { b[61] = 1; return b },
		"unknown codec":       func(b Batch) Batch { b[22] = 5; return b },
		"not gzip":            func(b Batch) Batch { b[22] = 1; return b },
		"not snappy":          func(b Batch) Batch { b[22] = 2; return b },
		"not lz4":             func(b Batch) Batch { b[22] = 3; return b },
		"not zstd":            func(b Batch) Batch { b[22] = 4; return b },
	} {
		t.Run(name, func(t *testing.T) {
			err := body(change)
			require.ErrorIs(t, err, ErrCorrupt)
			var at *DecodeError
			require.ErrorAs(t, err, &at)
			require.Equal(t, []int64{3, 7}, []int64{at.Base, at.Next})
		})
	}
	for name, src := range map[string][]byte{
		"short header":    good[:60],
		"short batch":     good[:len(good)-1],
		"negative length": append(bytes.Repeat([]byte{0xff}, 16), append([]byte{2}, make([]byte, 60)...)...),
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, Decode([][]byte{src}, 0, nil), ErrCorrupt)
			_, err := EndOffset([][]byte{src})
			require.ErrorIs(t, err, ErrCorrupt)
		})
	}
	end, err := EndOffset(nil)
	require.NoError(t, err)
	require.Equal(t, int64(-1), end)
}

func TestDecodeTooManyHeaders(t *testing.T) {
	r := Record{Headers: make([]Header, maxRecordHeaders)}
	require.Len(t, collect(t, [][]byte{mustBatch(t, 0, []Record{r})}, 0)[0].Headers, maxRecordHeaders)
	r.Headers = append(r.Headers, Header{})
	err := Decode([][]byte{mustBatch(t, 0, []Record{r})}, 0, func(Record) bool { return true })
	require.ErrorIs(t, err, ErrCorrupt)
}

// FuzzDecodeRecords: no bytes make the decoder panic, loop or yield what does
// not encode and decode to the same again.
func FuzzDecodeRecords(f *testing.F) {
	plain := mustBatch(f, 1, sample())
	f.Add([]byte(plain), uint16(7), int64(0))
	for _, codec := range codecs {
		f.Add([]byte(compressed(f, plain, codec)), uint16(61), int64(2))
	}
	f.Fuzz(func(t *testing.T, src []byte, size uint16, from int64) {
		pieces := slices.Collect(slices.Chunk(src, int(size)+1))
		var got []Record
		err := Decode(pieces, from, func(r Record) bool { got = append(got, r); return true })
		var once []Record
		again := Decode([][]byte{src}, from, func(r Record) bool { once = append(once, r); return true })
		require.Equal(t, got, once, "depends on how the bytes are cut")
		require.Equal(t, fmt.Sprint(err), fmt.Sprint(again))
		for i, r := range got {
			require.GreaterOrEqual(t, r.Offset, from)
			b := mustBatch(t, r.Offset, got[i:i+1])
			require.Equal(t, got[i:i+1], collect(t, [][]byte{b}, r.Offset))
		}
	})
}
