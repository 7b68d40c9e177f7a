package grpcapi

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"streamhouse/grpcapi/pb"
)

func TestTopicLife(t *testing.T) {
	d := open(t, Options{})
	before := uint64(time.Now().UnixMilli())
	created, err := d.CreateTopic(t.Context(), &pb.CreateTopicRequest{
		Name: "orders", PartitionCount: 3, RetentionMs: proto.Uint64(86400000), Config: map[string]string{"max.message.bytes": "2097152"},
	})
	require.NoError(t, err)
	require.True(t, proto.Equal(&pb.CreateTopicResponse{TopicId: "orders", PartitionCount: 3}, created))

	got, err := d.GetTopic(t.Context(), &pb.GetTopicRequest{Name: "orders"})
	require.NoError(t, err)
	require.GreaterOrEqual(t, got.GetTopic().GetCreatedAt(), before)
	require.LessOrEqual(t, got.GetTopic().GetCreatedAt(), uint64(time.Now().UnixMilli()))
	require.True(t, proto.Equal(&pb.Topic{
		Name: "orders", PartitionCount: 3, RetentionMs: proto.Uint64(86400000), CreatedAt: got.GetTopic().GetCreatedAt(),
		Config: map[string]string{"max.message.bytes": "2097152", "retention.ms": "86400000"},
	}, got.GetTopic()), "%v", got)

	d.topic(t, "events", 1, nil)
	list, err := d.ListTopics(t.Context(), &pb.ListTopicsRequest{})
	require.NoError(t, err)
	require.Len(t, list.GetTopics(), 2)
	require.Equal(t, "events", list.GetTopics()[0].GetName())
	require.Nil(t, list.GetTopics()[0].RetentionMs)
	require.True(t, proto.Equal(got.GetTopic(), list.GetTopics()[1]))

	deleted, err := d.DeleteTopic(t.Context(), &pb.DeleteTopicRequest{Name: "orders"})
	require.NoError(t, err)
	require.True(t, deleted.GetSuccess())
	_, err = d.GetTopic(t.Context(), &pb.GetTopicRequest{Name: "orders"})
	refused(t, err, codes.NotFound, "Topic not found: orders")
	_, err = d.DeleteTopic(t.Context(), &pb.DeleteTopicRequest{Name: "orders"})
	refused(t, err, codes.NotFound, "Topic not found: orders")
}

func TestCreateTopicRefuses(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 1, nil)
	for name, c := range map[string]struct {
		req  *pb.CreateTopicRequest
		code codes.Code
		text string
	}{
		"exists":         {&pb.CreateTopicRequest{Name: "orders", PartitionCount: 1}, codes.AlreadyExists, "Topic already exists: orders"},
		"no name":        {&pb.CreateTopicRequest{PartitionCount: 1}, codes.InvalidArgument, "topic name"},
		"bad name":       {&pb.CreateTopicRequest{Name: "a/b", PartitionCount: 1}, codes.InvalidArgument, "a/b"},
		"long name":      {&pb.CreateTopicRequest{Name: strings.Repeat("a", 1<<20), PartitionCount: 1}, codes.InvalidArgument, "topic name"},
		"no partitions":  {&pb.CreateTopicRequest{Name: "t"}, codes.InvalidArgument, "partitions"},
		"many":           {&pb.CreateTopicRequest{Name: "t", PartitionCount: 1 << 30}, codes.InvalidArgument, "partitions"},
		"too many":       {&pb.CreateTopicRequest{Name: "t", PartitionCount: math.MaxUint32}, codes.InvalidArgument, "partitions"},
		"unknown config": {&pb.CreateTopicRequest{Name: "t", PartitionCount: 1, Config: map[string]string{"colour": "red"}}, codes.InvalidArgument, "colour"},
		"bad config":     {&pb.CreateTopicRequest{Name: "t", PartitionCount: 1, Config: map[string]string{"retention.ms": "long"}}, codes.InvalidArgument, "retention.ms"},
		"two retentions": {&pb.CreateTopicRequest{Name: "t", PartitionCount: 1, RetentionMs: proto.Uint64(5), Config: map[string]string{"retention.ms": "6"}}, codes.InvalidArgument, "retention"},
		"retention":      {&pb.CreateTopicRequest{Name: "t", PartitionCount: 1, RetentionMs: proto.Uint64(1 << 63)}, codes.InvalidArgument, "retention_ms"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.CreateTopic(t.Context(), c.req)
			refused(t, err, c.code, c.text)
		})
	}
	list, err := d.ListTopics(t.Context(), &pb.ListTopicsRequest{})
	require.NoError(t, err)
	require.Len(t, list.GetTopics(), 1)
}

func TestRetentionBothWays(t *testing.T) {
	d := open(t, Options{})
	_, err := d.CreateTopic(t.Context(), &pb.CreateTopicRequest{
		Name: "both", PartitionCount: 1, RetentionMs: proto.Uint64(5000), Config: map[string]string{"retention.ms": "5000"},
	})
	require.NoError(t, err)
	d.topic(t, "config", 1, map[string]string{"retention.ms": "5000"})
	d.topic(t, "unlimited", 1, map[string]string{"retention.ms": "-1"})
	for name, want := range map[string]*uint64{"both": proto.Uint64(5000), "config": proto.Uint64(5000), "unlimited": nil} {
		got, err := d.GetTopic(t.Context(), &pb.GetTopicRequest{Name: name})
		require.NoError(t, err)
		require.Equal(t, want, got.GetTopic().RetentionMs, name)
	}
}
