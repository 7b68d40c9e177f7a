package grpcapi

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"streamhouse/grpcapi/pb"
	"streamhouse/log"
	"streamhouse/objstore/mem"
)

// within puts a door before an engine with such options.
func within(t *testing.T, o log.Options) *door {
	t.Helper()
	store := newGate(mem.New())
	o.MetadataPath, o.Logger = filepath.Join(t.TempDir(), "metadata.db"), slog.New(slog.DiscardHandler)
	l, err := log.Open(t.Context(), store, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close(context.Background())) })
	return serve(t, l, store, Options{})
}

// Every way to make the broker hold more is refused by name beyond its limit, and what is there can be used on.
func TestLimits(t *testing.T) {
	d := within(t, log.Options{
		Limits: log.Usage{Topics: 2, Partitions: 3, Groups: 1, Offsets: 1, OffsetMetadataBytes: 4, Producers: 1, ProducerNames: 1},
	})
	ctx := t.Context()
	d.topic(t, "a", 2, nil)
	produce := func(name string, partition, sequence int) error {
		_, err := d.ProduceBatch(ctx, &pb.ProduceBatchRequest{
			Topic: "a", Partition: uint32(partition), Records: []*pb.Record{{Value: []byte("v")}},
			ProducerId: proto.String(name), ProducerEpoch: proto.Uint32(0), BaseSequence: proto.Int64(int64(sequence)),
		})
		return err
	}
	commit := func(group string, partition uint32, metadata string) error {
		_, err := d.CommitOffset(ctx, &pb.CommitOffsetRequest{ConsumerGroup: group, Topic: "a", Partition: partition, Metadata: &metadata})
		return err
	}
	create := func(name string, partitions uint32) error {
		_, err := d.CreateTopic(ctx, &pb.CreateTopicRequest{Name: name, PartitionCount: partitions})
		return err
	}
	require.NoError(t, produce("p", 0, 0))
	require.NoError(t, commit("g", 0, "1234"))
	refused(t, create("b", 2), codes.ResourceExhausted, "max-partitions is 3, there are 2, and 2 more were asked for")
	require.NoError(t, create("b", 1))
	refused(t, create("c", 1), codes.ResourceExhausted, "max-topics is 2")
	refused(t, commit("h", 0, ""), codes.ResourceExhausted, "max-groups is 1")
	refused(t, commit("g", 1, ""), codes.ResourceExhausted, "max-offsets is 1")
	refused(t, commit("g", 0, "12345"), codes.ResourceExhausted, "max-offset-metadata-size is 4")
	refused(t, produce("q", 0, 0), codes.ResourceExhausted, "max-producer-names is 1")
	refused(t, produce("p", 1, 1), codes.ResourceExhausted, "max-producers is 1")
	require.NoError(t, produce("p", 0, 1))
	require.NoError(t, commit("g", 0, "12"))
}

// Topics that come too fast wait, where other doors tell their clients to come again: none is refused.
func TestCreateTopicWaitsForThePace(t *testing.T) {
	d := within(t, log.Options{PartitionChangeRate: 1_000_000}) // beyond the first 10,000 each topic waits 10 ms
	for i := range 5 {
		d.topic(t, fmt.Sprint("t", i), log.MaxPartitions-1, nil)
	}
	for i := range 5 {
		_, err := d.DeleteTopic(t.Context(), &pb.DeleteTopicRequest{Name: fmt.Sprint("t", i)})
		require.NoError(t, err)
	}
}
