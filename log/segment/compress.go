package segment

import (
	"errors"
	"fmt"
	"slices"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"streamhouse/log/record"
)

const (
	// BlockBytes is how many bytes of batches share a block: large enough to
	// compress well and to make a GET worth its latency, small enough that one
	// record of a cold partition does not cost much.
	BlockBytes = 1 << 20
	// maxBlockBytes bounds what a block's header can make a reader allocate. A
	// batch that is larger than BlockBytes has a block to itself.
	maxBlockBytes = record.MaxBytes + BlockBytes
)

// zstdRatio is what a zstd frame can shrink by at most: a block of 128 KiB that repeats one byte is written in four.
const zstdRatio = 128 << 10 / 4

// How the payload of a block is compressed.
const (
	codecStored = 0 // the raw bytes
	codecZstd   = 1 // one zstd frame
	codecS2     = 2 // one S2 block
)

// Compressor compresses and uncompresses blocks. All goroutines of a log share one: EncodeAll and DecodeAll
// keep a state per caller inside.
type Compressor struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

// NewCompressor returns a compressor that uses zstd's fastest level: object storage is cheap, the broker's cores are not.
func NewCompressor() *Compressor {
	// The block's own checksum covers the frame, so neither side asks zstd for one.
	return &Compressor{
		enc: must(zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithWindowSize(BlockBytes))),
		dec: must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBlockBytes), zstd.IgnoreChecksum(true))),
	}
}

// must holds for calls whose arguments are constants.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// compress appends raw, compressed, to dst and says how. In a hurry, when the
// flushes before are still under way, it takes S2: a third of zstd's work, for
// up to twice its bytes. A busy broker is short of cores before anything else.
func (c *Compressor) compress(dst, raw []byte, hurry bool) ([]byte, byte) {
	if hurry {
		dst = slices.Grow(dst, s2.MaxEncodedLen(len(raw)))
		n := len(s2.Encode(dst[len(dst):cap(dst)], raw))
		return dst[:len(dst)+n], codecS2
	}
	return c.enc.EncodeAll(raw, dst), codecZstd
}

// uncompress returns the rawLen bytes of a payload; of a stored one they are the
// payload itself. rawLen has been checked against maxBlockBytes, and bounds
// what is allocated; a length that the payload cannot hold is not believed.
func (c *Compressor) uncompress(codec byte, payload []byte, rawLen int) ([]byte, error) {
	var err error
	switch codec {
	case codecStored:
	case codecZstd:
		if rawLen > zstdRatio*len(payload) {
			return nil, fmt.Errorf("a block of %d bytes claims to hold %d", len(payload), rawLen)
		}
		payload, err = c.dec.DecodeAll(payload, make([]byte, 0, rawLen))
	case codecS2:
		var n int
		if n, err = s2.DecodedLen(payload); err == nil && n != rawLen {
			err = errors.New("its own length disagrees")
		}
		if err == nil {
			payload, err = s2.Decode(make([]byte, rawLen), payload)
		}
	default:
		return nil, fmt.Errorf("unknown block compression %d: written by a newer version", codec)
	}
	if err != nil {
		return nil, fmt.Errorf("uncompress block: %w", err)
	}
	if len(payload) != rawLen {
		return nil, fmt.Errorf("the block has %d uncompressed bytes, its header says %d", len(payload), rawLen)
	}
	return payload, nil
}
