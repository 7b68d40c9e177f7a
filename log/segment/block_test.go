package segment

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/meta"
)

// storedBlock is raw as a block: each way of compression has one.
func storedBlock(raw []byte, compress, hurry bool) []byte {
	w := &Writer{compressor: NewCompressor(), hurry: hurry}
	pos, length := w.block(meta.PartitionID{Topic: meta.TopicID{1}, Index: 2}, raw, compress)
	return w.buf[pos : pos+int64(length)]
}

func TestBlockRoundTrip(t *testing.T) {
	text := bytes.Repeat([]byte("a record like the others, "), 500)
	noise := make([]byte, 5000)
	rand.NewChaCha8([32]byte{1}).Read(noise)
	for _, c := range []struct {
		name            string
		raw             []byte
		compress, hurry bool
		codec           byte
	}{
		{"zstd", text, true, false, codecZstd},
		{"s2", text, true, true, codecS2},
		{"not asked for", text, false, true, codecStored},
		{"does not shrink", noise, true, false, codecStored},
		{"does not shrink in a hurry", noise, true, true, codecStored},
	} {
		t.Run(c.name, func(t *testing.T) {
			stored := storedBlock(c.raw, c.compress, c.hurry)
			require.Equal(t, c.codec, stored[8])
			p, raw, err := NewCompressor().Block(stored)
			require.NoError(t, err)
			require.Equal(t, meta.PartitionID{Topic: meta.TopicID{1}, Index: 2}, p)
			require.Equal(t, c.raw, raw)
		})
	}
}

// A library that compresses better one day must still read what was written
// before: the golden files are compared after decompression.
func TestBlocksOfEarlierVersionsAreRead(t *testing.T) {
	raw := bytes.Repeat([]byte("golden "), 100)
	for name, hurry := range map[string]bool{"block-zstd-v1.bin": false, "block-s2-v1.bin": true} {
		path := filepath.Join("testdata", name)
		if *update {
			require.NoError(t, os.WriteFile(path, storedBlock(raw, true, hurry), 0o644))
		}
		stored, err := os.ReadFile(path)
		require.NoError(t, err)
		_, got, err := NewCompressor().Block(stored)
		require.NoError(t, err)
		require.Equal(t, raw, got)
	}
}

// A length that the payload cannot hold costs no memory: a damaged one is found by the checksum, before anything is
// allocated, and one that lies under a good checksum is not believed.
func TestBlockLengthsThatLieAllocateNothing(t *testing.T) {
	dec := NewCompressor()
	for codec, stored := range map[byte][]byte{
		codecStored: storedBlock([]byte("abc"), false, false),
		codecZstd:   storedBlock(bytes.Repeat([]byte("x"), 1<<10), true, false),
		codecS2:     storedBlock(bytes.Repeat([]byte("x"), 1<<10), true, true),
	} {
		require.Equal(t, codec, stored[8])
		_, _, err := dec.Block(stored) // what a first use allocates
		require.NoError(t, err)
		for _, rawLen := range []uint32{maxBlockBytes, maxBlockBytes + 1, 1 << 31, 1<<32 - 1} {
			for _, resealed := range []bool{false, true} {
				lying := bytes.Clone(stored)
				binary.LittleEndian.PutUint32(lying[12:], rawLen)
				if resealed {
					binary.LittleEndian.PutUint32(lying[4:], crc32.Checksum(lying[8:], castagnoli))
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, _, err := dec.Block(lying)
				runtime.ReadMemStats(&after)
				require.ErrorIs(t, err, ErrCorrupt)
				require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "compression %d, %d bytes, resealed: %t", codec, rawLen, resealed)
			}
		}
	}
}

// The checksum stands before the decompressor; the fuzzer gets past it.
func FuzzDecodeBlock(f *testing.F) {
	raw := bytes.Repeat([]byte("fuzz "), 50)
	for _, hurry := range []bool{false, true} {
		b := storedBlock(raw, true, hurry)
		f.Add(b[8], uint32(len(raw)), b[BlockHeaderLen:])
	}
	f.Add(byte(codecStored), uint32(3), []byte("abc"))
	dec := NewCompressor()
	f.Fuzz(func(t *testing.T, codec byte, rawLen uint32, payload []byte) {
		stored := append([]byte(blockMagic), make([]byte, BlockHeaderLen-len(blockMagic))...)
		stored = append(stored, payload...)
		stored[8] = codec
		binary.LittleEndian.PutUint32(stored[12:], rawLen%(1<<20))
		binary.LittleEndian.PutUint32(stored[16:], uint32(len(payload)))
		binary.LittleEndian.PutUint32(stored[4:], crc32.Checksum(stored[8:], castagnoli))
		if _, raw, err := dec.Block(stored); err == nil {
			require.Len(t, raw, int(rawLen%(1<<20)))
		}
	})
}
