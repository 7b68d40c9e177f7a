package log

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/meta"
	"streamhouse/objstore/mem"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldenSegment builds a segment whose bytes depend on nothing but the format.
func goldenSegment(t testing.TB) ([]byte, *meta.Commit) {
	p := PartitionID{Topic: TopicID{1, 2, 3}, Index: 7}
	b, err := record.AppendBatch(nil, []record.Record{
		{Timestamp: 1_700_000_000_000, Key: []byte("key"), Value: []byte("value"), Headers: []record.Header{{Key: "h", Value: []byte{0}}}},
		{Timestamp: 1_700_000_000_001, Value: []byte{}},
	}, &record.Sequence{ProducerID: 5, ProducerEpoch: 1, Base: 9})
	require.NoError(t, err)
	w := &segmentWriter{compressor: newCompressor()}
	w.reset()
	c := &meta.Commit{Epoch: 3, Seq: 42, Time: 1_700_000_000_002}
	e := &meta.Append{Partition: p, Batches: []meta.Batch{describe(b)}}
	e.Pos, e.Len = w.block(p, b, false)
	c.Entries = append(c.Entries, e)
	body, err := w.finish(footer{cluster: [16]byte{0xc1}, writer: [16]byte{0x3a}}, c)
	require.NoError(t, err)
	return body, c
}

// golden compares with a file in testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func TestSegmentFormatIsPinned(t *testing.T) {
	body, _ := goldenSegment(t)
	golden(t, "segment-v1.hex", []byte(hex.Dump(body)))
}

func TestSegmentRoundTrip(t *testing.T) {
	body, c := goldenSegment(t)
	store := mem.New()
	require.NoError(t, store.Put(t.Context(), "s", body))
	f, got, err := readCommit(t.Context(), store, "s", int64(len(body)))
	require.NoError(t, err)
	require.Equal(t, c, got)
	require.Equal(t, [16]byte{0xc1}, f.cluster)
	e := got.Entries[0].(*meta.Append)
	p, raw, err := newCompressor().block(body[e.Pos : e.Pos+int64(e.Len)])
	require.NoError(t, err)
	require.Equal(t, e.Partition, p)
	require.Len(t, raw, int(e.Batches[0].Len))
}

// Every flipped bit and every truncation of a segment is noticed, by the footer, the
// commit or the block that it hits (scenario 13).
func TestSegmentDamageIsNoticed(t *testing.T) {
	body, c := goldenSegment(t)
	e := c.Entries[0].(*meta.Append)
	read := func(object []byte) error {
		store := mem.New()
		require.NoError(t, store.Put(context.Background(), "s", object))
		if _, _, err := readCommit(context.Background(), store, "s", int64(len(object))); err != nil {
			require.ErrorIs(t, err, ErrCorruptLog)
			return err
		}
		_, _, err := newCompressor().block(object[e.Pos : e.Pos+int64(e.Len)])
		return err
	}
	require.NoError(t, read(body))
	for n := range body {
		require.Error(t, read(body[:n]), "truncated to %d", n)
	}
	for at := len(segmentMagic); at < len(body); at++ {
		damaged := append([]byte(nil), body...)
		damaged[at] ^= 0x10
		require.Error(t, read(damaged), "bit flipped at %d", at)
	}
}

func FuzzDecodeSegment(f *testing.F) {
	body, _ := goldenSegment(f)
	f.Add(body)
	f.Add(body[:len(body)-1])
	c := newCompressor()
	f.Fuzz(func(t *testing.T, object []byte) {
		store := mem.New()
		if err := store.Put(t.Context(), "s", object); err != nil {
			return
		}
		_, commit, err := readCommit(t.Context(), store, "s", int64(len(object)))
		if err != nil {
			return
		}
		for _, e := range commit.Entries {
			a, ok := e.(*meta.Append)
			if !ok || a.Pos > int64(len(object)) || a.Pos+int64(a.Len) > int64(len(object)) {
				continue
			}
			if _, raw, err := c.block(object[a.Pos : a.Pos+int64(a.Len)]); err == nil {
				for len(raw) > 0 {
					if _, raw, err = record.Next(raw); err != nil {
						break
					}
				}
			}
		}
	})
}

// storedBlock is raw as a block: each way of compression has one.
func storedBlock(raw []byte, compress, hurry bool) []byte {
	w := &segmentWriter{compressor: newCompressor(), hurry: hurry}
	pos, length := w.block(PartitionID{Topic: TopicID{1}, Index: 2}, raw, compress)
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
			p, raw, err := newCompressor().block(stored)
			require.NoError(t, err)
			require.Equal(t, PartitionID{Topic: TopicID{1}, Index: 2}, p)
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
		_, got, err := newCompressor().block(stored)
		require.NoError(t, err)
		require.Equal(t, raw, got)
	}
}

// The checksum stands before the decompressor; the fuzzer gets past it.
func FuzzDecodeBlock(f *testing.F) {
	raw := bytes.Repeat([]byte("fuzz "), 50)
	for _, hurry := range []bool{false, true} {
		b := storedBlock(raw, true, hurry)
		f.Add(b[8], uint32(len(raw)), b[blockHeadLen:])
	}
	f.Add(byte(codecStored), uint32(3), []byte("abc"))
	dec := newCompressor()
	f.Fuzz(func(t *testing.T, codec byte, rawLen uint32, payload []byte) {
		stored := append([]byte(blockMagic), make([]byte, blockHeadLen-len(blockMagic))...)
		stored = append(stored, payload...)
		stored[8] = codec
		binary.LittleEndian.PutUint32(stored[12:], rawLen%(1<<20))
		binary.LittleEndian.PutUint32(stored[16:], uint32(len(payload)))
		binary.LittleEndian.PutUint32(stored[4:], crc32.Checksum(stored[8:], castagnoli))
		if _, raw, err := dec.block(stored); err == nil {
			require.Len(t, raw, int(rawLen%(1<<20)))
		}
	})
}
