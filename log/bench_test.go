package log

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
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

// One Append of 12 partitions, flushed, applied and answered. The records of a
// batch do not show in the allocations.
func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 100, 900} {
		b.Run(fmt.Sprint("records=", n), func(b *testing.B) {
			e := newEngine(b)
			parts := e.topic("t", 12, "max.message.bytes", "10000000")
			batch := benchBatch(b, n)
			b.SetBytes(int64(len(batch) * len(parts)))
			b.ReportAllocs()
			for b.Loop() {
				reqs := make([]AppendRequest, len(parts))
				for i, p := range parts {
					reqs[i] = AppendRequest{Partition: p, Records: bytes.Clone(batch)}
				}
				pending, err := e.Append(b.Context(), reqs)
				require.NoError(b, err)
				_, err = pending.Wait(b.Context())
				require.NoError(b, err)
			}
			b.StopTimer()
			// The store is in memory: without this the check at the end reads gigabytes.
			e.stopWork()
		})
	}
}

// A read of 1 MiB from the tail.
func BenchmarkReadTail(b *testing.B) {
	e := newEngine(b)
	p := e.topic("t", 1)[0]
	batch := benchBatch(b, 100)
	for range 20 {
		e.append(p, bytes.Clone(batch))
	}
	b.SetBytes(1 << 20)
	b.ReportAllocs()
	for b.Loop() {
		res := e.Read(b.Context(), []ReadRequest{{Partition: p, MaxBytes: 1 << 20, LeaderEpoch: -1}}, ReadOptions{MaxBytes: 1 << 20, MinBytes: 1, MaxWait: time.Second})
		require.NotZero(b, res[0].Bytes)
	}
}
