package log

import (
	"context"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/meta"
	"streamhouse/objstore"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldenSegment builds a segment whose bytes depend on nothing but the format.
func goldenSegment(t testing.TB) ([]byte, *meta.Commit) {
	p := PartitionID{Topic: TopicID{1, 2, 3}, Index: 7}
	b, err := AppendBatch(nil, []Record{
		{Timestamp: 1_700_000_000_000, Key: []byte("key"), Value: []byte("value"), Headers: []Header{{Key: "h", Value: []byte{0}}}},
		{Timestamp: 1_700_000_000_001, Value: []byte{}},
	}, &Sequence{ProducerID: 5, ProducerEpoch: 1, Base: 9})
	require.NoError(t, err)
	w := &segmentWriter{compressor: newCompressor()}
	w.reset()
	c := &meta.Commit{Epoch: 3, Seq: 42, Time: 1_700_000_000_002}
	e := &meta.Append{Partition: p, Batches: []meta.Batch{batch(b).describe()}}
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
	store := objstore.NewMem()
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
		store := objstore.NewMem()
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
		store := objstore.NewMem()
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
					if _, raw, err = nextBatch(raw); err != nil {
						break
					}
				}
			}
		}
	})
}

func FuzzBatch(f *testing.F) {
	b, err := AppendBatch(nil, []Record{{Value: []byte("v")}}, nil)
	require.NoError(f, err)
	f.Add(b)
	f.Add(b[:40])
	settings := topicSettings{maxMessageBytes: 1 << 20, logAppendTime: true}
	f.Fuzz(func(t *testing.T, records []byte) {
		a := appending{partition: &partition{topic: &topic{settings: settings}}}
		if a.check(append([]byte(nil), records...), 1) != nil {
			return
		}
		n := 0
		for _, b := range a.batches {
			require.NoError(t, b.verify(), "what was taken is still right after it got its time")
			n += len(b)
		}
		require.Equal(t, len(records), n)
	})
}

func FuzzDecodeBlock(f *testing.F) {
	body, c := goldenSegment(f)
	e := c.Entries[0].(*meta.Append)
	f.Add(body[e.Pos : e.Pos+int64(e.Len)])
	dec := newCompressor()
	f.Fuzz(func(t *testing.T, stored []byte) {
		_, raw, err := dec.block(stored)
		if err == nil {
			require.LessOrEqual(t, len(raw), maxBlockBytes)
		}
	})
}
