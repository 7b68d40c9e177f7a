package log

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// compressor compresses and uncompresses blocks. It belongs to one log and
// serves all its goroutines: EncodeAll and DecodeAll keep a state per caller inside.
type compressor struct {
	small *zstd.Encoder
	quick *zstd.Encoder // without entropy coding: a third less work, a little larger
	dec   *zstd.Decoder
}

// newCompressor uses the fastest level, which keeps up with a network card:
// object storage is cheap, the broker's cores are not.
func newCompressor() *compressor {
	// The block's own checksum covers the frame, so neither side asks zstd for one.
	options := []zstd.EOption{zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithWindowSize(blockBytes)}
	return &compressor{
		small: must(zstd.NewWriter(nil, options...)),
		quick: must(zstd.NewWriter(nil, append(options, zstd.WithNoEntropyCompression(true))...)),
		dec:   must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBlockBytes), zstd.IgnoreChecksum(true))),
	}
}

// must holds for calls whose arguments are constants.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// compress appends raw as one zstd frame to dst. In a hurry it takes the
// encoder that is quick.
func (c *compressor) compress(dst, raw []byte, hurry bool) []byte {
	if hurry {
		return c.quick.EncodeAll(raw, dst)
	}
	return c.small.EncodeAll(raw, dst)
}

// uncompress returns the rawLen bytes of a frame. rawLen has been checked
// against maxBlockBytes, and bounds what is allocated.
func (c *compressor) uncompress(frame []byte, rawLen int) ([]byte, error) {
	raw, err := c.dec.DecodeAll(frame, make([]byte, 0, rawLen))
	if err != nil {
		return nil, fmt.Errorf("uncompress block: %w", err)
	}
	return raw, nil
}
