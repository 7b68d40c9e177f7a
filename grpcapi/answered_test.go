package grpcapi

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"

	"streamhouse/grpcapi/pb"
)

// rawCodec sends bytes that need not be a message.
type rawCodec struct{ encoding.Codec }

func (rawCodec) Marshal(v any) ([]byte, error)   { return v.([]byte), nil }
func (rawCodec) Unmarshal(_ []byte, _ any) error { return nil }
func (rawCodec) Name() string                    { return "proto" }

// A produce that was taken is answered, whatever else happens to its connection or its stream: calls that are
// refused beside it, and a client that sends no more.
func TestProduceIsAnsweredWhateverStandsBehindIt(t *testing.T) {
	d := open(t, Options{MaxRequestBytes: 64 << 10})
	d.topic(t, "orders", 1, nil)
	d.store.puts.close()
	var streams []grpc.ClientStream
	for i := range 10 {
		s, err := d.conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, pb.StreamHouse_Produce_FullMethodName)
		require.NoError(t, err)
		require.NoError(t, s.SendMsg(&pb.ProduceRequest{Topic: "orders", Value: fmt.Append(nil, i)}))
		require.NoError(t, s.CloseSend(), "the client's end of the stream")
		streams = append(streams, s)
	}
	<-d.store.puts.arrived

	var answer pb.ProduceResponse
	err := d.conn.Invoke(t.Context(), "/streamhouse.StreamHouse/NoSuchMethod", &pb.ProduceRequest{}, &answer)
	refused(t, err, codes.Unimplemented, "")
	err = d.conn.Invoke(t.Context(), pb.StreamHouse_Produce_FullMethodName, []byte{0xff, 0xff}, &answer, grpc.ForceCodec(rawCodec{}))
	refused(t, err, codes.Internal, "")
	_, err = d.Produce(t.Context(), &pb.ProduceRequest{Topic: "orders", Value: make([]byte, 64<<10)})
	refused(t, err, codes.ResourceExhausted, "")
	_, err = d.Produce(t.Context(), &pb.ProduceRequest{Topic: "unknown"})
	refused(t, err, codes.NotFound, "")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = d.Produce(gone, &pb.ProduceRequest{Topic: "orders"})
	refused(t, err, codes.Canceled, "")

	d.store.open()
	offsets := make(map[uint64]bool)
	for _, s := range streams {
		var resp pb.ProduceResponse
		require.NoError(t, s.RecvMsg(&resp))
		offsets[resp.GetOffset()] = true
	}
	require.Len(t, offsets, 10)
	require.Len(t, d.consume(t, "orders", 0, 0, 0).GetRecords(), 10)
}
