package record

import (
	"bytes"
	"encoding/binary"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// compressed returns the batch with its records compressed as a client does.
func compressed(t testing.TB, b Batch, codec kgo.CompressionCodec) Batch {
	t.Helper()
	c, err := kgo.DefaultCompressor(codec)
	require.NoError(t, err)
	var buf bytes.Buffer
	out, used := c.Compress(&buf, b[HeaderLen:])
	require.NotEqual(t, kgo.CompressionCodecType(kgo.CodecError), used)
	packed := append(slices.Clone(b[:HeaderLen]), out...)
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

// xerial compresses blocks of so many bytes as the Java client does.
func xerial(plain []byte, block int) []byte {
	framed := append([]byte(xerialMagic), 0, 0, 0, 1, 0, 0, 0, 1)
	for part := range slices.Chunk(plain, block) {
		snappy := s2.EncodeSnappy(nil, part)
		framed = binary.BigEndian.AppendUint32(framed, uint32(len(snappy)))
		framed = append(framed, snappy...)
	}
	return framed
}

func TestDecodeXerialSnappy(t *testing.T) {
	plain := mustBatch(t, 10, sample())
	b := append(slices.Clone(plain[:HeaderLen]), xerial(plain[HeaderLen:], 50)...)
	binary.BigEndian.PutUint16(b[21:], 2)
	require.Equal(t, at(10, sample()), collect(t, [][]byte{reseal(b)}, 0))
	for cut := HeaderLen + xerialHeaderLen + 1; cut < len(b); cut++ {
		short := reseal(slices.Clone(b[:cut]))
		require.ErrorIs(t, Decode([][]byte{short}, 0, func(Record) bool { return true }), ErrCorrupt)
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
			b := append(slices.Clone(mustBatch(t, 0, sample())[:HeaderLen]), out...)
			binary.BigEndian.PutUint16(b[21:], uint16(used))
			err = Decode([][]byte{reseal(b)}, 0, func(Record) bool { return true })
			require.ErrorIs(t, err, ErrCorrupt)
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
			b := append(slices.Clone(mustBatch(t, 0, sample())[:HeaderLen]), body...)
			binary.BigEndian.PutUint16(b[21:], attributes[name])
			b = reseal(b)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := Decode([][]byte{b}, 0, func(Record) bool { return true })
			runtime.ReadMemStats(&after)
			require.ErrorIs(t, err, ErrCorrupt)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))
		})
	}
}
