package integration

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/integration/broker"
)

// These benchmarks run the whole program, with franz-go as its client, on a local directory and on an S3
// server that shares the machine. What they tell depends on all of these: compare figures of
// one run. "streamhouse bench" measures a broker that is there already.

const (
	benchTopic      = "bench"
	benchPartitions = 12
	benchInterval   = "STREAMHOUSE_FLUSH_INTERVAL=250ms" // the default
)

// onBenchStores runs a benchmark on either store.
func onBenchStores(b *testing.B, bench func(*testing.B, *store)) {
	for name, open := range map[string]func(testing.TB) *store{"local": localStore, "s3": s3Store} {
		b.Run(name, func(b *testing.B) {
			s := open(b)
			*s.broken = true // a check would read gigabytes
			bench(b, s)
		})
	}
}

// benchBroker starts a broker with the topic of these benchmarks.
func benchBroker(b *testing.B, s *store, env ...string) *broker.Broker {
	b.Helper()
	br := startBroker(b, s, env...)
	createTopic(b, br, benchTopic, benchPartitions)
	return br
}

// benchValue is a value of which a quarter is random.
func benchValue(size int) []byte {
	rnd := rand.NewChaCha8([32]byte{1})
	value := []byte(strings.Repeat("the quick brown fox jumps over the lazy dog; ", size/45+1)[:size])
	_, _ = rnd.Read(value[:size/4]) // never fails
	return value
}

// benchProduce hands a record to the client and counts it as an operation.
func benchProduce(b *testing.B, cl *kgo.Client, value []byte) {
	cl.Produce(b.Context(), &kgo.Record{Topic: benchTopic, Value: value}, func(_ *kgo.Record, err error) {
		if err != nil {
			b.Error(err)
		}
	})
}

// The throughput of an idempotent producer with acks=all: an operation is a record.
func BenchmarkProduce(b *testing.B) {
	for _, size := range []int{1024, 100} {
		b.Run(fmt.Sprint("bytes=", size), func(b *testing.B) {
			onBenchStores(b, func(b *testing.B, s *store) {
				cl := newClient(b, benchBroker(b, s, benchInterval))
				value := benchValue(size)
				b.SetBytes(int64(size))
				for b.Loop() {
					benchProduce(b, cl, value)
				}
				require.NoError(b, cl.Flush(b.Context()))
			})
		})
	}
}

// One record after another, each awaited: an operation is what a flush takes, from socket to socket.
func BenchmarkProduceSync(b *testing.B) {
	onBenchStores(b, func(b *testing.B, s *store) {
		cl := newClient(b, benchBroker(b, s, "STREAMHOUSE_FLUSH_INTERVAL=0s"))
		value := benchValue(1024)
		for b.Loop() {
			require.NoError(b, cl.ProduceSync(b.Context(), &kgo.Record{Topic: benchTopic, Value: value}).FirstErr())
		}
	})
}

// A consumer that reads along: an operation is a record, produced and read.
func BenchmarkTail(b *testing.B) {
	onBenchStores(b, func(b *testing.B, s *store) {
		br := benchBroker(b, s, benchInterval)
		producer, value := newClient(b, br), benchValue(1024)
		consumer := newClient(b, br, kgo.ConsumeTopics(benchTopic))
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		var read atomic.Int64
		go func() {
			for ctx.Err() == nil {
				read.Add(int64(consumer.PollRecords(ctx, 10_000).NumRecords()))
			}
		}()
		b.SetBytes(int64(len(value)))
		sent := int64(0)
		for b.Loop() {
			benchProduce(b, producer, value)
			sent++
		}
		require.NoError(b, producer.Flush(b.Context()))
		for read.Load() < sent {
			time.Sleep(time.Millisecond)
		}
	})
}

// A consumer that reads a log from its start, on a broker with nothing in its caches: an operation is a scan.
func BenchmarkScan(b *testing.B) {
	const records = 128 << 10
	onBenchStores(b, func(b *testing.B, s *store) {
		br := benchBroker(b, s, benchInterval)
		cl, value := newClient(b, br), benchValue(1024)
		for range records {
			benchProduce(b, cl, value)
		}
		require.NoError(b, cl.Flush(b.Context()))
		b.SetBytes(int64(records * len(value)))
		for b.Loop() {
			b.StopTimer()
			restartCold(b, br)
			b.StartTimer()
			consumer := newClient(b, br, kgo.ConsumeTopics(benchTopic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
			for n := 0; n < records; {
				n += consumer.PollRecords(b.Context(), 10_000).NumRecords()
			}
			consumer.Close()
		}
	})
}
