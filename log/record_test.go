package log

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
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

func mustBatch(t testing.TB, base int64, records []Record) batch {
	t.Helper()
	src, err := AppendBatch(nil, records, nil)
	require.NoError(t, err)
	binary.BigEndian.PutUint64(src, uint64(base))
	return src
}

func collect(t testing.TB, pieces [][]byte, from int64) []Record {
	t.Helper()
	var got []Record
	require.NoError(t, DecodeRecords(pieces, from, func(r Record) bool { got = append(got, r); return true }))
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
func reseal(b batch) batch {
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)-batchLengthBase))
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], castagnoli))
	return b
}

func TestRecordRoundTrip(t *testing.T) {
	b := mustBatch(t, 40, sample())
	require.NoError(t, b.verify())
	require.Equal(t, int64(len(b)), b.length())
	require.Equal(t, int64(1_700_000_000_000), b.baseTimestamp())
	require.Equal(t, int64(1_700_000_005_000), b.maxTimestamp())
	require.Equal(t, int64(-1), b.producerID())
	require.Equal(t, int16(0), b.attributes())
	// require.Equal tells nil from empty inside structs.
	require.Equal(t, at(40, sample()), collect(t, [][]byte{b}, 0))
}

func TestRecordTimestampsWrap(t *testing.T) {
	records := []Record{{Timestamp: math.MinInt64}, {Timestamp: math.MaxInt64}, {Timestamp: 0}}
	require.Equal(t, at(0, records), collect(t, [][]byte{mustBatch(t, 0, records)}, 0))
}

func TestAppendBatchKeepsDst(t *testing.T) {
	dst := []byte("before")
	got, err := AppendBatch(dst, sample(), &Sequence{ProducerID: 7, ProducerEpoch: 2, Base: 9})
	require.NoError(t, err)
	require.Equal(t, "before", string(got[:6]))
	b := batch(got[6:])
	require.NoError(t, b.verify())
	require.Equal(t, []int64{7, 2, 9}, []int64{b.producerID(), int64(b.producerEpoch()), int64(b.baseSequence())})
}

func TestAppendBatchRefuses(t *testing.T) {
	_, err := AppendBatch(nil, nil, nil)
	require.ErrorIs(t, err, ErrInvalidRecord)
	for _, s := range []Sequence{{-1, 0, 0}, {0, -1, 0}, {0, 0, -1}} {
		_, err = AppendBatch(nil, sample(), &s)
		require.ErrorIs(t, err, ErrInvalidRecord)
	}
	half := make([]byte, MaxFrameBytes/2)
	_, err = AppendBatch(nil, []Record{{Key: half}, {Value: half}}, nil)
	require.ErrorIs(t, err, ErrBatchTooLarge)
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
	require.Equal(t, []byte(ours[batchHeaderLen:]), written)
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

// compressed returns the batch with its records compressed as a client does.
func compressed(t testing.TB, b batch, codec kgo.CompressionCodec) batch {
	t.Helper()
	c, err := kgo.DefaultCompressor(codec)
	require.NoError(t, err)
	var buf bytes.Buffer
	out, used := c.Compress(&buf, b[batchHeaderLen:])
	require.NotEqual(t, kgo.CompressionCodecType(kgo.CodecError), used)
	packed := append(slices.Clone(b[:batchHeaderLen]), out...)
	binary.BigEndian.PutUint16(packed[21:], uint16(used))
	return reseal(packed)
}

var codecs = map[string]kgo.CompressionCodec{
	"gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

func TestDecodeEveryCodec(t *testing.T) {
	for name, codec := range codecs {
		t.Run(name, func(t *testing.T) {
			b := compressed(t, mustBatch(t, 10, sample()), codec)
			for range 3 { // pooled readers are used again
				require.Equal(t, at(10, sample()), collect(t, [][]byte{b}, 0))
			}
		})
	}
}

func TestDecodeXerialSnappy(t *testing.T) {
	plain := mustBatch(t, 10, sample())
	framed := append([]byte(xerialMagic), 0, 0, 0, 1, 0, 0, 0, 1)
	for block := range slices.Chunk([]byte(plain[batchHeaderLen:]), 50) {
		snappy := s2.EncodeSnappy(nil, block)
		framed = binary.BigEndian.AppendUint32(framed, uint32(len(snappy)))
		framed = append(framed, snappy...)
	}
	b := append(slices.Clone(plain[:batchHeaderLen]), framed...)
	binary.BigEndian.PutUint16(b[21:], 2)
	require.Equal(t, at(10, sample()), collect(t, [][]byte{reseal(b)}, 0))
	for cut := batchHeaderLen + xerialHeaderLen + 1; cut < len(b); cut++ {
		short := reseal(slices.Clone(b[:cut]))
		require.ErrorIs(t, DecodeRecords([][]byte{short}, 0, func(Record) bool { return true }), ErrCorruptBatch)
	}
}

// TestDecodeGiants: a batch beyond what any number of readers may hold is still
// read, and a record of it does not keep the whole batch in memory.
func TestDecodeGiants(t *testing.T) {
	var records []Record
	for i := range 90 {
		records = append(records, Record{Timestamp: int64(i), Value: bytes.Repeat([]byte{byte(i)}, 100<<10)})
	}
	b := mustBatch(t, 0, records)
	require.Greater(t, len(b), 2*smallBatchBytes)
	for name, codec := range codecs {
		t.Run(name, func(t *testing.T) {
			got := collect(t, [][]byte{compressed(t, b, codec)}, 80)
			require.Equal(t, at(0, records)[80:], got)
			require.LessOrEqual(t, cap(got[0].Value), 101<<10)
		})
	}
	require.Empty(t, giants)
}

// TestDecodeBombs: what holds gigabytes in few bytes is refused within bounds.
func TestDecodeBombs(t *testing.T) {
	if testing.Short() {
		t.Skip("decompresses 128 MiB per codec")
	}
	bomb := make([]byte, maxPlainBytes+1)
	for name, codec := range codecs {
		t.Run(name, func(t *testing.T) {
			c, err := kgo.DefaultCompressor(codec)
			require.NoError(t, err)
			var buf bytes.Buffer
			out, used := c.Compress(&buf, bomb)
			_, err = decompress(int16(used), out, maxPlainBytes)
			require.ErrorIs(t, err, errTooMuch)
			b := append(slices.Clone(mustBatch(t, 0, sample())[:batchHeaderLen]), out...)
			binary.BigEndian.PutUint16(b[21:], uint16(used))
			err = DecodeRecords([][]byte{reseal(b)}, 0, func(Record) bool { return true })
			require.ErrorIs(t, err, ErrCorruptBatch)
			require.Empty(t, giants)
		})
	}
}

// TestDecodeClaims: a length that is only claimed allocates next to nothing.
func TestDecodeClaims(t *testing.T) {
	claims := map[string][]byte{
		"snappy":  binary.AppendUvarint(nil, maxPlainBytes-1),
		"xerial":  append(append([]byte(xerialMagic), make([]byte, 8)...), 0, 0, 0, 4, 0x80, 0x80, 0x80, 0x20),
		"records": binary.AppendVarint(nil, math.MaxInt32),
		"headers": append(binary.AppendVarint(nil, 12), append([]byte{0, 0, 0, 1, 1}, binary.AppendVarint(nil, 1<<40)...)...),
	}
	attributes := map[string]uint16{"snappy": 2, "xerial": 2}
	for name, body := range claims {
		t.Run(name, func(t *testing.T) {
			b := append(slices.Clone(mustBatch(t, 0, sample())[:batchHeaderLen]), body...)
			binary.BigEndian.PutUint16(b[21:], attributes[name])
			b = reseal(b)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := DecodeRecords([][]byte{b}, 0, func(Record) bool { return true })
			runtime.ReadMemStats(&after)
			require.ErrorIs(t, err, ErrCorruptBatch)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))
		})
	}
}

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
	require.NoError(t, DecodeRecords([][]byte{src}, 3, func(Record) bool { n++; return n < 2 }))
	require.Equal(t, 2, n, "goes on after yield returned false")
}

func TestDecodeControlAndAppendTime(t *testing.T) {
	control := mustBatch(t, 0, sample())
	binary.BigEndian.PutUint16(control[21:], attrControl|attrTransactional)
	timed := mustBatch(t, 4, sample())
	timed.setAppendTime(77)
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
	empty := slices.Clone(b[:batchHeaderLen])
	binary.BigEndian.PutUint32(empty[57:], 0)
	require.Empty(t, collect(t, [][]byte{reseal(empty)}, 0))
	end, err := EndOffset([][]byte{empty})
	require.NoError(t, err)
	require.Equal(t, int64(30), end)
}

func TestDecodeGarbage(t *testing.T) {
	good := mustBatch(t, 3, sample())
	body := func(change func(b batch) batch) error {
		b := reseal(change(slices.Clone(good)))
		return DecodeRecords([][]byte{b}, 0, func(Record) bool { return true })
	}
	for name, change := range map[string]func(batch) batch{
		"record cut off":      func(b batch) batch { return b[:len(b)-1] },
		"bytes behind":        func(b batch) batch { return append(b, 0) },
		"one record too many": func(b batch) batch { b[60]++; return b },
		"one too few":         func(b batch) batch { b[60]--; return b },
		"offset delta high":   func(b batch) batch { b[64] = 8; return b },
		"offset delta again":  func(b batch) batch { b[64] = 2; return b },
		"negative length":     func(b batch) batch { b[61] = 1; return b },
		"unknown codec":       func(b batch) batch { b[22] = 5; return b },
		"not gzip":            func(b batch) batch { b[22] = 1; return b },
		"not snappy":          func(b batch) batch { b[22] = 2; return b },
		"not lz4":             func(b batch) batch { b[22] = 3; return b },
		"not zstd":            func(b batch) batch { b[22] = 4; return b },
	} {
		t.Run(name, func(t *testing.T) {
			err := body(change)
			require.ErrorIs(t, err, ErrCorruptBatch)
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
			require.ErrorIs(t, DecodeRecords([][]byte{src}, 0, nil), ErrCorruptBatch)
			_, err := EndOffset([][]byte{src})
			require.ErrorIs(t, err, ErrCorruptBatch)
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
	err := DecodeRecords([][]byte{mustBatch(t, 0, []Record{r})}, 0, func(Record) bool { return true })
	require.ErrorIs(t, err, ErrCorruptBatch)
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
		err := DecodeRecords(pieces, from, func(r Record) bool { got = append(got, r); return true })
		var once []Record
		again := DecodeRecords([][]byte{src}, from, func(r Record) bool { once = append(once, r); return true })
		require.Equal(t, got, once, "depends on how the bytes are cut")
		require.Equal(t, fmt.Sprint(err), fmt.Sprint(again))
		for i, r := range got {
			require.GreaterOrEqual(t, r.Offset, from)
			b := mustBatch(t, r.Offset, got[i:i+1])
			require.Equal(t, got[i:i+1], collect(t, [][]byte{b}, r.Offset))
		}
	})
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
		require.NoError(t, b.verify())
		require.Equal(t, at(9, records), collect(t, [][]byte{b}, 0))
	})
}

func BenchmarkAppendBatch(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			records := slices.Repeat([]Record{{Timestamp: 1, Key: make([]byte, 16), Value: make([]byte, 1024)}}, n)
			src, _ := AppendBatch(nil, records, nil)
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := AppendBatch(nil, records, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecodeRecords(b *testing.B) {
	records := slices.Repeat([]Record{{Timestamp: 1, Key: make([]byte, 16), Value: bytes.Repeat([]byte("payload "), 128)}}, 100)
	plain := mustBatch(b, 0, records)
	run := func(name string, src []byte) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			pieces := [][]byte{src}
			for b.Loop() {
				if err := DecodeRecords(pieces, 0, func(Record) bool { return true }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("none", plain)
	for name, codec := range codecs {
		run(name, compressed(b, plain, codec))
	}
}
