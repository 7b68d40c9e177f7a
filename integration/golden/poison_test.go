package main

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"streamhouse/grpcapi"
	"streamhouse/grpcapi/pb"
	"streamhouse/log"
)

// unreadable are the poisoned topics of the first bucket in which offsets have no record that can be read. In the others all
// have, and what lies is the header, or what stands behind the records.
var unreadable = []string{
	"poison.as.many.records.as.can.be", "poison.fewer.records.than.it.says", "poison.no.records", "poison.offset.deltas.wrong", "poison.rubbish", "poison.rubbish.as.gzip", "poison.rubbish.as.lz4",
	"poison.rubbish.as.snappy", "poison.rubbish.as.zstd",
}

// What an older version let in stops no reader: the gRPC door says where it goes on, or goes on by itself, and
// look-ups by time pass over it.
func TestPoisonStopsNoReader(t *testing.T) {
	u := unpack(t, "testdata/first.zip", "")
	l := u.open(t.Context())
	door := dialDoor(t, l)
	var stopped []string
	for _, topic := range l.Topics() {
		if !strings.HasPrefix(topic.Name, "poison.") {
			continue
		}
		told, stops := consumeAsTold(t, door, topic.Name)
		if stops > 0 {
			stopped = append(stopped, topic.Name)
		}
		require.Equal(t, told, consumeSkipping(t, door, topic.Name), topic.Name)
		require.Equal(t, "before", told[0], topic.Name)
		require.Equal(t, "behind", told[len(told)-1], topic.Name)

		p := log.PartitionID{Topic: topic.ID}
		at, err := l.OffsetForTime(t.Context(), p, baseTime)
		require.NoError(t, err, topic.Name)
		require.Zero(t, at.Offset, topic.Name)
		at, err = l.OffsetForTime(t.Context(), p, baseTime+1)
		require.NoError(t, err, topic.Name)
		require.Equal(t, int64(-1), at.Offset, topic.Name)
		_, err = l.OffsetForMaxTime(t.Context(), p)
		require.NoError(t, err, topic.Name)
	}
	require.Equal(t, unreadable, stopped)
}

// consumeAsTold reads a topic, and goes on where an error says. It returns the values, and how many errors there were.
func consumeAsTold(t *testing.T, door pb.StreamHouseClient, topic string) (values []string, stops int) {
	t.Helper()
	for next, more := uint64(0), true; more; {
		got, err := door.Consume(t.Context(), &pb.ConsumeRequest{Topic: topic, Offset: next})
		if err != nil {
			require.Equal(t, codes.DataLoss, status.Code(err), "%s: %v", topic, err)
			u := status.Convert(err).Details()[0].(*pb.Unreadable)
			require.Equal(t, next, u.GetOffset(), topic)
			require.Greater(t, u.GetNextOffset(), next, topic)
			next, stops = u.GetNextOffset(), stops+1
			continue
		}
		values = append(values, valuesOf(got)...)
		next, more = got.GetNextOffset(), got.GetHasMore()
	}
	return values, stops
}

// consumeSkipping reads a topic to its end in one call, whatever is in it.
func consumeSkipping(t *testing.T, door pb.StreamHouseClient, topic string) []string {
	t.Helper()
	got, err := door.Consume(t.Context(), &pb.ConsumeRequest{Topic: topic, SkipUnreadable: true})
	require.NoError(t, err, topic)
	require.False(t, got.GetHasMore(), topic)
	require.Equal(t, got.GetHighWatermark(), got.GetNextOffset(), topic)
	return valuesOf(got)
}

func valuesOf(got *pb.ConsumeResponse) (values []string) {
	for _, r := range got.GetRecords() {
		values = append(values, string(r.GetValue()))
	}
	return values
}

// dialDoor serves a log through the gRPC door.
func dialDoor(t *testing.T, l *log.Log) pb.StreamHouseClient {
	t.Helper()
	server, err := grpcapi.NewServer(l, grpcapi.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	listener := bufconn.Listen(1 << 20)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:bufconn", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		require.NoError(t, server.Shutdown(context.Background()))
		require.NoError(t, <-served)
	})
	return pb.NewStreamHouseClient(conn)
}
