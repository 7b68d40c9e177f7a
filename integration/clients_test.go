package integration

import (
	"context"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/integration/broker"
	"streamhouse/integration/wire"
)

// newClient returns a client of the broker, which lives as long as the test.
func newClient(t testing.TB, b *broker.Broker, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(slices.Concat([]kgo.Opt{kgo.SeedBrokers(b.Kafka)}, impatient(), opts)...)
	require.NoError(t, err)
	t.Cleanup(cl.Close)
	return cl
}

// impatient makes a client come back soon after a failure: by default it looks
// for a new leader every five seconds at most, and these brokers are never gone for long.
func impatient() []kgo.Opt {
	return []kgo.Opt{
		kgo.MetadataMinAge(50 * time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 50 * time.Millisecond }),
		kgo.AlwaysRetryEOF(),
	}
}

// admin returns an administrator's client.
func admin(t testing.TB, b *broker.Broker) *kadm.Client {
	t.Helper()
	return kadm.NewClient(newClient(t, b))
}

// dial returns a connection on which the test says every byte.
func dial(t *testing.T, b *broker.Broker) *wire.Conn {
	t.Helper()
	c, err := wire.Dial(b.Kafka)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() }) // may be closed already
	return c
}

// createTopic makes a topic; configs are name, value, name, value.
func createTopic(t testing.TB, b *broker.Broker, topic string, partitions int32, configs ...string) {
	t.Helper()
	set := make(map[string]*string)
	for pair := range slices.Chunk(configs, 2) {
		set[pair[0]] = &pair[1]
	}
	_, err := admin(t, b).CreateTopic(guarded(t), partitions, 1, set, topic)
	require.NoError(t, err)
}

// produce writes values to a partition and waits until all are acknowledged.
// Without a producer id nothing is written but the records.
func produce(t *testing.T, b *broker.Broker, topic string, partition int32, values ...string) {
	t.Helper()
	cl := newClient(t, b, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DisableIdempotentWrite())
	var records []*kgo.Record
	for _, v := range values {
		records = append(records, &kgo.Record{Topic: topic, Partition: partition, Value: []byte(v)})
	}
	require.NoError(t, cl.ProduceSync(guarded(t), records...).FirstErr())
}

// numbered returns n values that differ.
func numbered(prefix string, n int) []string {
	values := make([]string, n)
	for i := range values {
		values[i] = prefix + strconv.Itoa(i)
	}
	return values
}

// readAll reads a topic from its start to its present end: the records of each
// partition in the order of the log.
func readAll(t *testing.T, b *broker.Broker, topic string) map[int32][]*kgo.Record {
	t.Helper()
	ctx := guarded(t)
	ends, err := admin(t, b).ListEndOffsets(ctx, topic)
	require.NoError(t, err)
	require.NoError(t, ends.Error())
	starts, err := admin(t, b).ListStartOffsets(ctx, topic)
	require.NoError(t, err)

	from := make(map[int32]kgo.Offset)
	open := make(map[int32]int64) // partitions not read to their end, which this is
	ends.Each(func(o kadm.ListedOffset) {
		start, _ := starts.Lookup(topic, o.Partition)
		if start.Offset < o.Offset {
			from[o.Partition], open[o.Partition] = kgo.NewOffset().At(start.Offset), o.Offset
		}
	})
	all := make(map[int32][]*kgo.Record)
	if len(open) == 0 {
		return all
	}
	cl := newClient(t, b, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}))
	defer cl.Close()
	for len(open) > 0 {
		fetches := cl.PollFetches(ctx)
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			all[r.Partition] = append(all[r.Partition], r)
			if r.Offset >= open[r.Partition]-1 {
				delete(open, r.Partition)
			}
		})
	}
	return all
}

// readValues is readAll of a topic's partition, as values.
func readValues(t *testing.T, b *broker.Broker, topic string, partition int32) []string {
	t.Helper()
	var values []string
	for _, r := range readAll(t, b, topic)[partition] {
		values = append(values, string(r.Value))
	}
	return values
}

// pollUntil hands each record to f until it returns false.
func pollUntil(ctx context.Context, t *testing.T, cl *kgo.Client, f func(*kgo.Record) bool) {
	t.Helper()
	for more := true; more; {
		fetches := cl.PollFetches(ctx)
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) { more = more && f(r) })
	}
}

func joinHostPort(host string, port int32) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}
