package segment

import (
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/meta"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldenSegment builds a segment whose bytes depend on nothing but the format.
func goldenSegment(t testing.TB) ([]byte, *meta.Commit) {
	p := meta.PartitionID{Topic: meta.TopicID{1, 2, 3}, Index: 7}
	b, err := record.AppendBatch(nil, []record.Record{
		{Timestamp: 1_700_000_000_000, Key: []byte("key"), Value: []byte("value"), Headers: []record.Header{{Key: "h", Value: []byte{0}}}},
		{Timestamp: 1_700_000_000_001, Value: []byte{}},
	}, &record.Sequence{ProducerID: 5, ProducerEpoch: 1, Base: 9})
	require.NoError(t, err)
	w := NewWriter(NewCompressor())
	w.Reset(false)
	c := &meta.Commit{Epoch: 3, Seq: 42, Time: 1_700_000_000_002}
	e := &meta.Append{Legacy: true, Partition: p, Batches: []meta.Batch{Describe(b)}} // the commit's bytes are pinned in package meta
	e.Pos, e.Len = w.block(p, b, false)
	c.Entries = append(c.Entries, e)
	body, err := w.Finish(Footer{Cluster: [16]byte{0xc1}, Writer: [16]byte{0x3a}}, c)
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

// readCommit reads the commit of an object in memory.
func readCommit(object []byte) (Footer, *meta.Commit, error) {
	return ReadCommit(int64(len(object)), func(pos, n int64) ([]byte, error) { return object[pos : pos+n], nil })
}

func TestSegmentFormatIsPinned(t *testing.T) {
	body, _ := goldenSegment(t)
	golden(t, "segment-v1.hex", []byte(hex.Dump(body)))
}

func TestSegmentRoundTrip(t *testing.T) {
	body, c := goldenSegment(t)
	f, got, err := readCommit(body)
	require.NoError(t, err)
	require.Equal(t, c, got)
	require.Equal(t, [16]byte{0xc1}, f.Cluster)
	e := got.Entries[0].(*meta.Append)
	p, raw, err := NewCompressor().Block(body[e.Pos : e.Pos+int64(e.Len)])
	require.NoError(t, err)
	require.Equal(t, e.Partition, p)
	require.Len(t, raw, int(e.Batches[0].Len))
}

// Every flipped bit and every truncation of a segment is noticed, by the footer, the
// commit or the block that it hits (scenario 13).
func TestSegmentDamageIsNoticed(t *testing.T) {
	body, c := goldenSegment(t)
	e, compressor := c.Entries[0].(*meta.Append), NewCompressor()
	read := func(object []byte) error {
		if _, _, err := readCommit(object); err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return err
		}
		_, _, err := compressor.Block(object[e.Pos : e.Pos+int64(e.Len)])
		require.True(t, err == nil || errors.Is(err, ErrCorrupt))
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
	c := NewCompressor()
	f.Fuzz(func(t *testing.T, object []byte) {
		_, commit, err := readCommit(object)
		if err != nil {
			return
		}
		for _, e := range commit.Entries {
			a, ok := e.(*meta.Append)
			if !ok || a.Pos > int64(len(object)) || a.Pos+int64(a.Len) > int64(len(object)) {
				continue
			}
			if _, raw, err := c.Block(object[a.Pos : a.Pos+int64(a.Len)]); err == nil {
				for len(raw) > 0 {
					if _, raw, err = record.Next(raw); err != nil {
						break
					}
				}
			}
		}
	})
}
