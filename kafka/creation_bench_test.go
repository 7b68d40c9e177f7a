package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// From the call of a producer until a consumer has the record, alone and while four clients create 100,000 partitions as fast
// as they are let: 1,000 at a time, as topics of ten or a thousand partitions.
func BenchmarkWhilePartitionsAreCreated(b *testing.B) {
	const total, clients, atOnce = 100_000, 4, 1000
	for _, perTopic := range []int{0, 10, 1000} {
		name := fmt.Sprint("per topic=", perTopic)
		if perTopic == 0 {
			name = "alone"
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				d := newBenchDoor(b, func(o *Options) { o.AdvertisedAddr = "" })
				d.topics(1, "t")
				seed := kgo.SeedBrokers(d.conn.RemoteAddr().String())
				stop := make(chan struct{})
				var latencies []time.Duration
				var traffic, creators sync.WaitGroup
				traffic.Go(func() { latencies = trips(b, seed, stop) })
				if perTopic == 0 {
					time.Sleep(10 * time.Second)
				}
				for client := range clients {
					if perTopic > 0 {
						creators.Go(func() {
							for round := range total / clients / atOnce {
								createAll(b, seed, fmt.Sprint(client, "-", round, "-"), atOnce/perTopic, perTopic)
							}
						})
					}
				}
				start := time.Now()
				creators.Wait()
				took := time.Since(start)
				close(stop)
				traffic.Wait()
				slices.Sort(latencies)
				b.ReportMetric(float64(latencies[len(latencies)/2].Microseconds())/1000, "p50-ms")
				b.ReportMetric(float64(latencies[len(latencies)*99/100].Microseconds())/1000, "p99-ms")
				b.ReportMetric(float64(latencies[len(latencies)-1].Microseconds())/1000, "max-ms")
				if perTopic > 0 {
					b.ReportMetric(took.Seconds(), "creation-s")
					require.EqualValues(b, total+1, d.log.Stats().Usage.Partitions)
				}
			}
		})
	}
}

// trips produces and consumes one record after the other until it is told to stop.
func trips(b *testing.B, seed kgo.Opt, stop chan struct{}) (all []time.Duration) {
	client, err := kgo.NewClient(seed, kgo.ConsumeTopics("t"), kgo.DefaultProduceTopic("t"), kgo.ProducerLinger(0))
	require.NoError(b, err)
	defer client.Close()
	for {
		start := time.Now()
		require.NoError(b, client.ProduceSync(b.Context(), kgo.StringRecord("v")).FirstErr())
		for n := 0; n == 0; {
			fetches := client.PollFetches(b.Context())
			require.NoError(b, fetches.Err())
			n = fetches.NumRecords()
		}
		all = append(all, time.Since(start))
		select {
		case <-stop:
			return all[1:] // the first waited for connections
		default:
		}
	}
}

// createAll creates topics, and those that are throttled again.
func createAll(b *testing.B, seed kgo.Opt, prefix string, topics, partitions int) {
	client, err := kgo.NewClient(seed)
	require.NoError(b, err)
	defer client.Close()
	names := make([]string, topics)
	for i := range names {
		names[i] = fmt.Sprint(prefix, i)
	}
	for len(names) > 0 {
		created, err := kadm.NewClient(client).CreateTopics(context.Background(), int32(partitions), 1, nil, names...)
		require.NoError(b, err)
		names = names[:0]
		for _, c := range created {
			if errors.Is(c.Err, kerr.ThrottlingQuotaExceeded) {
				names = append(names, c.Topic)
			} else {
				require.NoError(b, c.Err)
			}
		}
	}
}
