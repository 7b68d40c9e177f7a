package grpcapi

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"streamhouse/grpcapi/pb"
	"streamhouse/log"
)

func TestOffsets(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 2, nil)
	get := func(group string, partition uint32) (*pb.GetOffsetResponse, error) {
		return d.GetOffset(t.Context(), &pb.GetOffsetRequest{ConsumerGroup: group, Topic: "orders", Partition: partition})
	}
	_, err := get("my-group", 0)
	refused(t, err, codes.NotFound, "Nothing committed: group my-group, partition 0 of topic orders")

	for _, c := range []struct {
		offset   uint64
		metadata *string
		want     *string
	}{
		{42, nil, nil}, // beyond the log's end
		{7, proto.String("left off"), proto.String("left off")},
		{0, proto.String(""), nil},
		{math.MaxInt64, proto.String(strings.Repeat("m", log.MaxOffsetMetadata)), proto.String(strings.Repeat("m", log.MaxOffsetMetadata))},
	} {
		done, err := d.CommitOffset(t.Context(), &pb.CommitOffsetRequest{ConsumerGroup: "my-group", Topic: "orders", Offset: c.offset, Metadata: c.metadata})
		require.NoError(t, err)
		require.True(t, done.GetSuccess())
		got, err := get("my-group", 0)
		require.NoError(t, err)
		require.True(t, proto.Equal(&pb.GetOffsetResponse{Offset: c.offset, Metadata: c.want}, got), "%v", got)
	}
	_, err = get("my-group", 1)
	refused(t, err, codes.NotFound, "Nothing committed")
	_, err = get("another", 0)
	refused(t, err, codes.NotFound, "Nothing committed")
}

func TestOffsetsRefuse(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 1, nil)
	long := strings.Repeat("g", log.MaxGroupName+1)
	for name, c := range map[string]struct {
		req  *pb.CommitOffsetRequest
		code codes.Code
		text string
	}{
		"no topic":   {&pb.CommitOffsetRequest{ConsumerGroup: "g", Topic: "no"}, codes.NotFound, "Topic not found: no"},
		"partition":  {&pb.CommitOffsetRequest{ConsumerGroup: "g", Topic: "orders", Partition: 1}, codes.InvalidArgument, "Invalid partition: 1"},
		"no group":   {&pb.CommitOffsetRequest{Topic: "orders"}, codes.InvalidArgument, "consumer group"},
		"long group": {&pb.CommitOffsetRequest{ConsumerGroup: long, Topic: "orders"}, codes.InvalidArgument, "consumer group"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.CommitOffset(t.Context(), c.req)
			refused(t, err, c.code, c.text)
			_, err = d.GetOffset(t.Context(), &pb.GetOffsetRequest{ConsumerGroup: c.req.ConsumerGroup, Topic: c.req.Topic, Partition: c.req.Partition})
			refused(t, err, c.code, c.text)
		})
	}
	_, err := d.CommitOffset(t.Context(), &pb.CommitOffsetRequest{ConsumerGroup: "g", Topic: "orders", Offset: 1 << 63})
	refused(t, err, codes.InvalidArgument, "Invalid offset")
	_, err = d.CommitOffset(t.Context(), &pb.CommitOffsetRequest{ConsumerGroup: "g", Topic: "orders", Metadata: proto.String(strings.Repeat("m", log.MaxOffsetMetadata+1))})
	refused(t, err, codes.InvalidArgument, "metadata")
}
