package integration

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"streamhouse/grpcapi/pb"
	"streamhouse/integration/broker"
)

// dialGRPC returns a client of the broker's other door.
func dialGRPC(t *testing.T, b *broker.Broker) pb.StreamHouseClient {
	t.Helper()
	conn, err := grpc.NewClient(b.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() }) // nothing is under way
	return pb.NewStreamHouseClient(conn)
}

// Records written through the Kafka door come out of the gRPC door as they are:
// order and duplicates of headers, bytes that are no text, null apart from empty, times.
func TestDoors_KafkaToGRPC(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		createTopic(t, b, "odd", 1)
		for _, batch := range everyCodec(t) {
			got, err := dial(t, b).Produce("odd", 0, batch)
			require.NoError(t, err)
			require.NoError(t, got.Err)
		}
		for range 2 { // from the tail and from the store
			sameThroughBothDoors(t, b, "odd")
			restartCold(t, b)
		}
	})
}

// Records written through the gRPC door come out of the Kafka door as they are.
func TestDoors_GRPCToKafka(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		door, ctx := dialGRPC(t, b), guarded(t)
		_, err := door.CreateTopic(ctx, &pb.CreateTopicRequest{Name: "odd", PartitionCount: 1})
		require.NoError(t, err)
		records := []*pb.Record{
			{},
			{Key: []byte{}, Value: []byte{}},
			{Key: []byte{0, 0xff}, Value: []byte("v"), OrderedHeaders: []*pb.Header{
				{Key: "b", Value: []byte("2")}, {Key: "a", Value: []byte{0x80}}, {Key: "b", Value: []byte("2")}, {Key: "null"}, {Key: "empty", Value: []byte{}},
			}},
		}
		batch, err := door.ProduceBatch(ctx, &pb.ProduceBatchRequest{Topic: "odd", Records: records})
		require.NoError(t, err)
		require.EqualValues(t, 2, batch.LastOffset)
		single, err := door.Produce(ctx, &pb.ProduceRequest{Topic: "odd", Key: []byte("k"), Headers: map[string]string{"one": "1"}})
		require.NoError(t, err)
		require.EqualValues(t, 3, single.Offset)

		got := readAll(t, b, "odd")[0]
		require.Len(t, got, 4)
		for i, r := range records {
			require.Equal(t, r.Key, got[i].Key)
			require.Equal(t, r.Value, got[i].Value)
			require.Len(t, got[i].Headers, len(r.OrderedHeaders))
			for j, h := range r.OrderedHeaders {
				require.Equal(t, kgo.RecordHeader{Key: h.Key, Value: h.Value}, got[i].Headers[j])
			}
		}
		require.Nil(t, got[3].Value)
		require.Equal(t, []kgo.RecordHeader{{Key: "one", Value: []byte("1")}}, got[3].Headers)
		require.EqualValues(t, single.Timestamp, got[3].Timestamp.UnixMilli())
		sameThroughBothDoors(t, b, "odd")
		restartCold(t, b)
		sameThroughBothDoors(t, b, "odd")
	})
}

// sameThroughBothDoors reads partition 0 through both doors and compares.
func sameThroughBothDoors(t *testing.T, b *broker.Broker, topic string) {
	t.Helper()
	kafka, grpc := readAll(t, b, topic)[0], consumeAll(guarded(t), t, b, topic)
	require.Len(t, grpc, len(kafka))
	for i, k := range kafka {
		g := grpc[i]
		require.EqualValues(t, k.Offset, g.Offset)
		require.EqualValues(t, k.Timestamp.UnixMilli(), g.Timestamp)
		require.Equal(t, k.Key, g.Key)
		require.Equal(t, k.Value, g.Value)
		require.Len(t, g.OrderedHeaders, len(k.Headers))
		for j, h := range k.Headers {
			if utf8.ValidString(h.Key) {
				require.Equal(t, h.Key, g.OrderedHeaders[j].Key)
			} else {
				require.Equal(t, h.Key, string(g.OrderedHeaders[j].RawKey))
			}
			require.Equal(t, h.Value, g.OrderedHeaders[j].Value)
		}
	}
}

// consumeAll reads partition 0 of a topic through the gRPC door, a few records at a time.
func consumeAll(ctx context.Context, t *testing.T, b *broker.Broker, topic string) []*pb.ConsumedRecord {
	t.Helper()
	door := dialGRPC(t, b)
	var all []*pb.ConsumedRecord
	for {
		got, err := door.Consume(ctx, &pb.ConsumeRequest{Topic: topic, Offset: uint64(len(all)), MaxRecords: 3})
		require.NoError(t, err)
		require.LessOrEqual(t, len(got.Records), 3)
		all = append(all, got.Records...)
		if !got.HasMore {
			require.EqualValues(t, len(all), got.HighWatermark)
			return all
		}
		require.NotEmpty(t, got.Records, "it always moves on")
	}
}

// Topics and positions are the same seen through both doors.
func TestDoors_TopicsAndOffsetsAreShared(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		door, ctx := dialGRPC(t, b), guarded(t)
		retention := uint64(86_400_000)
		_, err := door.CreateTopic(ctx, &pb.CreateTopicRequest{Name: "orders", PartitionCount: 3, RetentionMs: &retention})
		require.NoError(t, err)
		configs, err := admin(t, b).DescribeTopicConfigs(ctx, "orders")
		require.NoError(t, err)
		require.Equal(t, "86400000", configValue(t, configs, "retention.ms"))
		createTopic(t, b, "theirs", 2)
		topic, err := door.GetTopic(ctx, &pb.GetTopicRequest{Name: "theirs"})
		require.NoError(t, err)
		require.EqualValues(t, 2, topic.Topic.PartitionCount)

		_, err = door.CommitOffset(ctx, &pb.CommitOffsetRequest{ConsumerGroup: "group", Topic: "topic", Offset: 1})
		require.Equal(t, codes.NotFound, status.Code(err))
		_, err = door.CommitOffset(ctx, &pb.CommitOffsetRequest{ConsumerGroup: "group", Topic: "orders", Partition: 1, Offset: 42})
		require.NoError(t, err)
		at, err := dial(t, b).Committed("group", "orders", 1)
		require.NoError(t, err)
		require.EqualValues(t, 42, at, "beyond the end, as it was said")
		require.NoError(t, dial(t, b).Commit("group", "theirs", 0, 7))
		got, err := door.GetOffset(ctx, &pb.GetOffsetRequest{ConsumerGroup: "group", Topic: "theirs"})
		require.NoError(t, err)
		require.EqualValues(t, 7, got.Offset)
	})
}

// An idempotent producer of the gRPC door retries across a crash.
func TestDoors_GRPCProducerRetriesAcrossACrash(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		createTopic(t, b, "topic", 1)
		id, epoch, base := "importer-1", uint32(0), int64(0)
		req := &pb.ProduceBatchRequest{Topic: "topic", ProducerId: &id, ProducerEpoch: &epoch, BaseSequence: &base,
			Records: []*pb.Record{{Value: []byte("a")}, {Value: []byte("b")}}}
		first, err := dialGRPC(t, b).ProduceBatch(guarded(t), req)
		require.NoError(t, err)
		require.False(t, first.DuplicatesFiltered)
		recoverFromBucket(t, b)
		again, err := dialGRPC(t, b).ProduceBatch(guarded(t), req)
		require.NoError(t, err)
		require.True(t, again.DuplicatesFiltered)
		require.Equal(t, first.FirstOffset, again.FirstOffset)
		require.Equal(t, []string{"a", "b"}, readValues(t, b, "topic", 0))
	})
}

// The gRPC door refuses with codes that tell a client what to do.
func TestDoors_GRPCRefusals(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t))
	createTopic(t, b, "orders", 1)
	door, ctx := dialGRPC(t, b), guarded(t)
	_, err := door.Produce(ctx, &pb.ProduceRequest{Topic: "nobody"})
	requireStatus(t, err, codes.NotFound, "Topic not found")
	_, err = door.Produce(ctx, &pb.ProduceRequest{Topic: "orders", Partition: 9})
	requireStatus(t, err, codes.InvalidArgument, "Invalid partition")
	_, err = door.CreateTopic(ctx, &pb.CreateTopicRequest{Name: "orders", PartitionCount: 1})
	requireStatus(t, err, codes.AlreadyExists, "orders")
	_, err = door.ProduceBatch(ctx, &pb.ProduceBatchRequest{Topic: "orders"})
	requireStatus(t, err, codes.InvalidArgument, "")
	_, err = door.Consume(ctx, &pb.ConsumeRequest{Topic: "orders", Offset: 5})
	requireStatus(t, err, codes.OutOfRange, "")
	_, err = door.GetOffset(ctx, &pb.GetOffsetRequest{ConsumerGroup: "nobody", Topic: "orders"})
	requireStatus(t, err, codes.NotFound, "")
	_, err = door.Produce(ctx, &pb.ProduceRequest{Topic: "orders", Value: make([]byte, 2<<20)})
	requireStatus(t, err, codes.ResourceExhausted, "")
}

func requireStatus(t *testing.T, err error, code codes.Code, text string) {
	t.Helper()
	require.Equal(t, code, status.Code(err), "%v", err)
	require.True(t, strings.Contains(err.Error(), text), "%v", err)
}
