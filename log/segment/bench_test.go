package segment

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/meta"
)

// benchBatch is a batch of n records of 1 KiB, a quarter of each random.
func benchBatch(b testing.TB, n int) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	records := make([]record.Record, n)
	for i := range records {
		value := bytes.Repeat([]byte("The quick brown fox jumps over the lazy dog. "), 23)[:1024]
		for j := range 256 {
			value[j] = byte(rnd.Uint32())
		}
		records[i] = record.Record{Timestamp: time.Now().UnixMilli(), Value: value}
	}
	batch, err := record.AppendBatch(nil, records, nil)
	require.NoError(b, err)
	return batch
}

// A block of 1 MiB: compressed, and read back with its checksum.
func BenchmarkBlock(b *testing.B) {
	batch := benchBatch(b, 1000)
	p := meta.PartitionID{Topic: meta.TopicID{1}}
	for name, hurry := range map[string]bool{"zstd": false, "s2": true} {
		w := NewWriter(NewCompressor())
		b.Run("encode/"+name, func(b *testing.B) {
			b.SetBytes(int64(len(batch)))
			b.ReportAllocs()
			for b.Loop() {
				w.Reset(hurry)
				w.block(p, batch, true)
			}
		})
		stored := storedBlock(batch, true, hurry)
		b.Run("decode/"+name, func(b *testing.B) {
			b.SetBytes(int64(len(batch)))
			b.ReportAllocs()
			for b.Loop() {
				_, _, err := w.compressor.Block(stored)
				require.NoError(b, err)
			}
		})
	}
}

// A commit over 1,000 partitions, encoded.
func BenchmarkEncodeCommit(b *testing.B) {
	c := &meta.Commit{Epoch: 1, Seq: 1}
	for i := range 1000 {
		c.Entries = append(c.Entries, &meta.Append{Partition: meta.PartitionID{Index: int32(i)}, Pos: 8, Len: 100, Batches: []meta.Batch{{Len: 100, Offsets: 10, ProducerID: -1}}})
	}
	w := NewWriter(NewCompressor())
	b.ReportAllocs()
	for b.Loop() {
		w.Reset(false)
		_, err := w.Finish(Footer{Cluster: [16]byte{1}}, c)
		require.NoError(b, err)
	}
}
