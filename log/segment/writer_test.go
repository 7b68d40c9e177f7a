package segment

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/meta"
)

// batchOf is a batch of one record with a value of n bytes.
func batchOf(t testing.TB, n int) record.Batch {
	t.Helper()
	b, err := record.AppendBatch(nil, []record.Record{{Value: bytes.Repeat([]byte("v"), n)}}, nil)
	require.NoError(t, err)
	return b
}

// Batches share a block up to its size; a larger one has its own. What is read back is what was written, in order.
func TestWriterBlock(t *testing.T) {
	compressor := NewCompressor()
	small, half, giant := batchOf(t, 10), batchOf(t, BlockBytes/2), batchOf(t, 2*BlockBytes)
	packed := slices.Clone(small)
	packed[22] = 1 // says that it is compressed: to what is mostly so the writer does no work
	for what, c := range map[string]struct {
		batches []record.Batch
		blocks  []int
	}{
		"one":                    {[]record.Batch{small}, []int{1}},
		"many":                   {slices.Repeat([]record.Batch{small}, 9), []int{9}},
		"a block is full":        {[]record.Batch{half, small, half, small}, []int{2, 2}},
		"a giant comes first":    {[]record.Batch{giant, small}, []int{1, 1}},
		"a giant in between":     {[]record.Batch{small, giant, small}, []int{1, 1, 1}},
		"compressed by a client": {[]record.Batch{packed, packed}, []int{2}},
	} {
		w, p := NewWriter(compressor), meta.PartitionID{Topic: meta.TopicID{1}, Index: 2}
		w.Reset(false)
		rest, counts := c.batches, []int(nil)
		var entries []*meta.Append
		for len(rest) > 0 {
			e := w.Block(p, rest)
			entries, counts = append(entries, e), append(counts, len(e.Batches))
			rest = rest[len(e.Batches):]
		}
		require.Equal(t, c.blocks, counts, what)
		object, err := w.Finish(Footer{Cluster: [16]byte{1}}, &meta.Commit{Epoch: 1, Seq: 1})
		require.NoError(t, err)
		var got []byte
		for _, e := range entries {
			stored := object[e.Pos : e.Pos+int64(e.Len)]
			if what == "compressed by a client" {
				require.EqualValues(t, codecStored, stored[8])
			}
			id, raw, err := compressor.Block(stored)
			require.NoError(t, err)
			require.Equal(t, p, id)
			got = append(got, raw...)
		}
		require.Equal(t, bytes.Join(bytesOf(c.batches), nil), got, what)
	}
}

func bytesOf(batches []record.Batch) (all [][]byte) {
	for _, b := range batches {
		all = append(all, b)
	}
	return all
}

// A writer that is used again forgets what was in it, whether it was finished or not.
func TestWriterReset(t *testing.T) {
	fresh, used := NewWriter(NewCompressor()), NewWriter(NewCompressor())
	used.Reset(true)
	used.Block(meta.PartitionID{}, []record.Batch{batchOf(t, 5000), batchOf(t, 10)})
	var objects [2][]byte
	for i, w := range []*Writer{fresh, used} {
		w.Reset(false)
		e := w.Block(meta.PartitionID{Index: 1}, []record.Batch{batchOf(t, 100)})
		var err error
		objects[i], err = w.Finish(Footer{Cluster: [16]byte{1}}, &meta.Commit{Epoch: 1, Seq: 1, Entries: []meta.Entry{e}})
		require.NoError(t, err)
	}
	require.Equal(t, objects[0], objects[1])
}

// A segment that nobody could read again is not built.
func TestWriterRefusesWhatCannotBeRead(t *testing.T) {
	w := NewWriter(nil)
	for what, c := range map[string]struct {
		footer Footer
		commit *meta.Commit
	}{
		"no cluster": {Footer{}, &meta.Commit{Epoch: 1, Seq: 1}},
		"no place":   {Footer{Cluster: [16]byte{1}}, &meta.Commit{Epoch: 1}},
	} {
		w.Reset(false)
		_, err := w.Finish(c.footer, c.commit)
		require.Error(t, err, what)
	}
}

// The order of the keys is the order of the journal.
func TestKeysAreInTheJournalsOrder(t *testing.T) {
	keys := []string{Key(0, 1), Key(0, 2), Key(0, 10), Key(0, 1<<63), Key(1, 2), Key(9, 1), Key(10, 1), Key(1<<32-1, 1<<64-1)}
	require.True(t, slices.IsSorted(keys), keys)
	require.Equal(t, "journal/0000000001/00000000000000000002", Key(1, 2))
}
