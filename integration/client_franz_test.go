package integration

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/integration/broker"
)

// Every codec, every acks, every partitioner: what is produced is consumed. The
// broker runs at its default settings.
func TestClientFranz_ProduceAndConsume(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s.with("STREAMHOUSE_FLUSH_INTERVAL=auto"))
		for _, c := range produceVariants() {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				produceVariant(t, b, c.opts...)
			})
		}
	})
}

type produceVariantCase struct {
	name string
	opts []kgo.Opt
}

func produceVariants() []produceVariantCase {
	var all []produceVariantCase
	add := func(name string, opts ...kgo.Opt) { all = append(all, produceVariantCase{name, opts}) }
	for name, codec := range map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	} {
		add("codec "+name, kgo.ProducerBatchCompression(codec))
	}
	for name, acks := range map[string]kgo.Acks{"none": kgo.NoAck(), "leader": kgo.LeaderAck(), "all": kgo.AllISRAcks()} {
		add("acks "+name, kgo.RequiredAcks(acks), kgo.DisableIdempotentWrite())
	}
	for name, p := range map[string]kgo.Partitioner{
		"sticky": kgo.StickyKeyPartitioner(nil), "round robin": kgo.RoundRobinPartitioner(),
		"uniform bytes": kgo.UniformBytesPartitioner(1_000, true, true, nil), "least backup": kgo.LeastBackupPartitioner(),
	} {
		add("partitioner "+name, kgo.RecordPartitioner(p))
	}
	return all
}

func produceVariant(t *testing.T, b *broker.Broker, opts ...kgo.Opt) {
	t.Helper()
	topic := strings.NewReplacer("/", ".", " ", "-").Replace(t.Name())
	createTopic(t, b, topic, 3)
	const n = 500
	cl := newClient(t, b, append(opts, kgo.DefaultProduceTopic(topic))...)
	var records []*kgo.Record
	missing := make(map[string]string)
	for i := range n {
		key := strconv.Itoa(i)
		missing[key] = "value of " + key
		records = append(records, &kgo.Record{Key: []byte(key), Value: []byte(missing[key])})
	}
	ctx := guarded(t)
	require.NoError(t, cl.ProduceSync(ctx, records...).FirstErr())
	pollUntil(ctx, t, newClient(t, b, kgo.ConsumeTopics(topic)), func(r *kgo.Record) bool {
		require.Equal(t, missing[string(r.Key)], string(r.Value))
		delete(missing, string(r.Key))
		return len(missing) > 0
	})
}

// A topic that nobody made is there when somebody writes to it, or reads it, if
// the broker is set so.
func TestClientFranz_TopicsAreCreatedWhereAllowed(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t), "STREAMHOUSE_DEFAULT_PARTITIONS=5")
	cl := newClient(t, b, kgo.AllowAutoTopicCreation())
	require.NoError(t, cl.ProduceSync(guarded(t), &kgo.Record{Topic: "made", Value: []byte("v")}).FirstErr())
	topics, err := admin(t, b).ListTopics(guarded(t), "made")
	require.NoError(t, err)
	require.Len(t, topics["made"].Partitions, 5)

	strict := startBroker(t, localStore(t), "STREAMHOUSE_AUTO_CREATE_TOPICS=false")
	cl = newClient(t, strict, kgo.AllowAutoTopicCreation(), kgo.UnknownTopicRetries(1))
	err = cl.ProduceSync(guarded(t), &kgo.Record{Topic: "made", Value: []byte("v")}).FirstErr()
	require.ErrorIs(t, err, kerr.UnknownTopicOrPartition)
}

// A consumer by regular expression finds what matches, later topics too.
func TestClientFranz_RegexConsumer(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t))
	for _, topic := range []string{"in-1", "out-1", "in-secret"} {
		createTopic(t, b, topic, 1)
		produce(t, b, topic, 0, topic)
	}
	cl := newClient(t, b, kgo.ConsumeRegex(), kgo.ConsumeTopics("^in-.*"), kgo.ConsumeExcludeTopics("secret"), kgo.MetadataMaxAge(100*time.Millisecond))
	for _, want := range []string{"in-1", "in-2"} {
		pollUntil(guarded(t), t, cl, func(r *kgo.Record) bool {
			require.Equal(t, want, string(r.Value))
			return false
		})
		if want == "in-1" {
			createTopic(t, b, "in-2", 1)
			produce(t, b, "in-2", 0, "in-2")
		}
	}
}

// A direct consumer begins where it is told: at an offset, relative to the end, at
// a time.
func TestClientFranz_DirectConsumer(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		createTopic(t, b, "direct", 1)
		cl := newClient(t, b, kgo.RecordPartitioner(kgo.ManualPartitioner()))
		began := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
		for i := range 10 {
			r := &kgo.Record{Topic: "direct", Value: []byte(strconv.Itoa(i)), Timestamp: began.Add(time.Duration(i) * time.Minute)}
			require.NoError(t, cl.ProduceSync(guarded(t), r).FirstErr())
		}
		check := func() {
			for name, c := range map[string]struct {
				offset kgo.Offset
				want   string
			}{
				"start":      {kgo.NewOffset().AtStart(), "0"},
				"offset":     {kgo.NewOffset().At(4), "4"},
				"before end": {kgo.NewOffset().AtEnd().Relative(-3), "7"},
				"time":       {kgo.NewOffset().AfterMilli(began.Add(5 * time.Minute).UnixMilli()), "5"},
				"between":    {kgo.NewOffset().AfterMilli(began.Add(5*time.Minute + time.Second).UnixMilli()), "6"},
			} {
				cl := newClient(t, b, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"direct": {0: c.offset}}))
				var first string
				pollUntil(guarded(t), t, cl, func(r *kgo.Record) bool { first = string(r.Value); return false })
				require.Equal(t, c.want, first, name)
				cl.Close()
			}
		}
		check()
		restartCold(t, b)
		check()
	})
}

// A group goes on where it committed, with each way to balance, after the broker
// was started anew too.
func TestClientFranz_GroupConsumer(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		createTopic(t, b, "grouped", 4)
		members := map[string][]kgo.Opt{
			"eager":       {kgo.Balancers(kgo.RangeBalancer())},
			"cooperative": {kgo.Balancers(kgo.CooperativeStickyBalancer())},
			"static":      {kgo.InstanceID("one"), kgo.Balancers(kgo.CooperativeStickyBalancer())},
		}
		consume := func(round string) {
			for p := range int32(4) {
				produce(t, b, "grouped", p, round)
			}
			for group, opts := range members {
				require.Equal(t, map[string]int{round: 4}, consumeGroup(t, b, group, 4, opts...), "group %s goes on where it was", group)
			}
		}
		consume("first")
		restartCold(t, b)
		consume("second")
		recoverFromBucket(t, b)
		consume("third")
	})
}

// consumeGroup reads n records as a member of the group, commits them, leaves,
// and returns how often each value came.
func consumeGroup(t *testing.T, b *broker.Broker, group string, n int, opts ...kgo.Opt) map[string]int {
	t.Helper()
	cl := newClient(t, b, append(opts, kgo.ConsumerGroup(group), kgo.ConsumeTopics("grouped"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())...)
	values, got := make(map[string]int), 0
	pollUntil(guarded(t), t, cl, func(r *kgo.Record) bool {
		values[string(r.Value)]++
		got++
		return got < n
	})
	require.NoError(t, cl.CommitUncommittedOffsets(guarded(t)))
	cl.Close()
	return values
}
