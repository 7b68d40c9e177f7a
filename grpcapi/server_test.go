package grpcapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"

	"streamhouse/grpcapi/pb"
)

func TestOptions(t *testing.T) {
	for _, o := range []Options{{MaxRequestBytes: -1}, {MaxRequestBytes: 1 << 30}, {RequestTimeout: -1}} {
		_, err := NewServer(nil, o)
		require.Error(t, err)
	}
}

// TestReflection: in version 1, and in the alpha that older tools speak, with the same messages.
func TestReflection(t *testing.T) {
	d := open(t, Options{})
	for _, version := range []string{"v1", "v1alpha"} {
		ask := func(req *reflection.ServerReflectionRequest, answer *reflection.ServerReflectionResponse) {
			stream, err := d.conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true, ClientStreams: true},
				"/grpc.reflection."+version+".ServerReflection/ServerReflectionInfo")
			require.NoError(t, err)
			require.NoError(t, stream.SendMsg(req))
			require.NoError(t, stream.RecvMsg(answer))
			require.NoError(t, stream.CloseSend())
			require.ErrorIs(t, stream.RecvMsg(new(reflection.ServerReflectionResponse)), io.EOF)
		}
		var list, file reflection.ServerReflectionResponse
		ask(&reflection.ServerReflectionRequest{MessageRequest: &reflection.ServerReflectionRequest_ListServices{}}, &list)
		var names []string
		for _, s := range list.GetListServicesResponse().GetService() {
			names = append(names, s.GetName())
		}
		require.Subset(t, names, []string{"streamhouse.StreamHouse", "grpc.health.v1.Health"})
		symbol := &reflection.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: "streamhouse.StreamHouse"}
		ask(&reflection.ServerReflectionRequest{MessageRequest: symbol}, &file)
		require.NotEmpty(t, file.GetFileDescriptorResponse().GetFileDescriptorProto())
	}
}

// TestEvents: each call is reported once, with its code.
func TestEvents(t *testing.T) {
	type call struct {
		method string
		code   codes.Code
	}
	var mu sync.Mutex
	var calls []call
	d := open(t, Options{Events: Events{Handled: func(method string, code codes.Code, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		if took >= 0 {
			calls = append(calls, call{method, code})
		}
	}}})
	d.topic(t, "orders", 1, nil)
	_, err := d.GetTopic(t.Context(), &pb.GetTopicRequest{Name: "no"})
	require.Error(t, err)
	require.NoError(t, d.conn.Invoke(t.Context(), pb.StreamHouse_GetTopic_FullMethodName, &pb.GetTopicRequest{Name: "orders"}, &pb.GetTopicResponse{}))
	require.Error(t, d.conn.Invoke(t.Context(), "/streamhouse.StreamHouse/Nothing", &pb.GetTopicRequest{}, &pb.GetTopicResponse{}))
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, []call{
		{pb.StreamHouse_CreateTopic_FullMethodName, codes.OK},
		{pb.StreamHouse_GetTopic_FullMethodName, codes.NotFound},
		{pb.StreamHouse_GetTopic_FullMethodName, codes.OK},
	}, calls)
}

// recorder keeps the messages of errors that were logged.
type recorder struct {
	slog.Handler
	mu     sync.Mutex
	logged []string
}

func (r *recorder) Enabled(context.Context, slog.Level) bool { return true }

func (r *recorder) Handle(_ context.Context, record slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if record.Level >= slog.LevelError {
		r.logged = append(r.logged, record.Message)
	}
	return nil
}

// TestPanic: a call that panics is answered, logged and reported, and the server goes on.
func TestPanic(t *testing.T) {
	records := &recorder{Handler: slog.DiscardHandler}
	var reported []codes.Code
	d := open(t, Options{Logger: slog.New(records)})
	d.server.o.Events.Handled = func(_ string, code codes.Code, _ time.Duration) { reported = append(reported, code) }
	_, err := d.server.call(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: "/m"}, func(context.Context, any) (any, error) { panic("unary") })
	refused(t, err, codes.Internal, "internal error")
	err = d.server.stream(nil, nil, &grpc.StreamServerInfo{FullMethod: "/s"}, func(any, grpc.ServerStream) error { panic("stream") })
	refused(t, err, codes.Internal, "internal error")
	require.Equal(t, []codes.Code{codes.Internal, codes.Internal}, reported)
	require.Contains(t, records.logged, "grpc: call panicked")
	require.NotContains(t, err.Error(), "stream")
}

// TestCallTimeouts: our own limit is the client's to retry, its own deadline is its own.
func TestCallTimeouts(t *testing.T) {
	d := open(t, Options{RequestTimeout: time.Millisecond})
	wait := func(ctx context.Context, _ any) (any, error) {
		<-ctx.Done()
		return nil, failure(ctx.Err(), "")
	}
	_, err := d.server.call(t.Context(), nil, &grpc.UnaryServerInfo{}, wait)
	refused(t, err, codes.Unavailable, "no answer after 1ms")
	d.server.o.RequestTimeout = hang
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = d.server.call(ctx, nil, &grpc.UnaryServerInfo{}, wait)
	refused(t, err, codes.DeadlineExceeded, "")
}

func TestCompressedCalls(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 1, map[string]string{"max.message.bytes": "8388608"})
	_, err := d.Produce(t.Context(), &pb.ProduceRequest{Topic: "orders", Value: make([]byte, 1<<20)}, grpc.UseCompressor(gzip.Name))
	require.NoError(t, err)
	_, err = d.Produce(t.Context(), &pb.ProduceRequest{Topic: "orders", Value: make([]byte, defaultRequestBytes)}, grpc.UseCompressor(gzip.Name))
	refused(t, err, codes.ResourceExhausted, "")
}

// TestShutdownFinishesCalls: what was taken is answered, nothing new is taken.
func TestShutdownFinishesCalls(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 1, nil)
	d.store.puts.close()
	produced := make(chan error, 1)
	go func() {
		_, err := d.Produce(t.Context(), &pb.ProduceRequest{Topic: "orders"})
		produced <- err
	}()
	<-d.store.puts.arrived
	ended := make(chan error, 1)
	go func() { ended <- d.server.Shutdown(t.Context()) }()
	<-d.server.health.stopping
	select {
	case err := <-ended:
		t.Fatalf("ended while a call was under way: %v", err)
	default:
	}
	d.store.open()
	require.NoError(t, <-produced)
	require.NoError(t, <-ended)
	_, err := d.Produce(t.Context(), &pb.ProduceRequest{Topic: "orders"})
	require.Error(t, err)
}

// TestShutdownGivesUp: when its time is over, calls are cancelled and return.
func TestShutdownGivesUp(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 1, nil)
	d.store.puts.close()
	produced := make(chan error, 1)
	go func() {
		_, err := d.Produce(t.Context(), &pb.ProduceRequest{Topic: "orders"})
		produced <- err
	}()
	<-d.store.puts.arrived
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, d.server.Shutdown(ctx), context.Canceled)
	require.Error(t, <-produced)
}

// broken is a listener that does not listen.
type broken struct{ net.Listener }

func (broken) Accept() (net.Conn, error) { return nil, errors.New("out of order") }
func (broken) Close() error              { return nil }
func (broken) Addr() net.Addr            { return &net.TCPAddr{} }

func TestServeReportsABrokenListener(t *testing.T) {
	d := open(t, Options{})
	s, err := NewServer(d.log, Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.ErrorContains(t, s.Serve(broken{}), "out of order")
	require.NoError(t, s.Shutdown(t.Context()))
	require.NoError(t, s.Shutdown(t.Context()))
}

// TestManyCallsOfEveryKind: all kinds of calls at once.
func TestManyCallsOfEveryKind(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 4, nil)
	var wg sync.WaitGroup
	for c := range uint32(8) {
		wg.Go(func() {
			for i := range uint64(10) {
				_, e1 := d.Produce(t.Context(), &pb.ProduceRequest{Topic: "orders", Partition: c % 4})
				_, e2 := d.ProduceBatch(t.Context(), &pb.ProduceBatchRequest{Topic: "orders", Partition: c % 4, Records: values(3)})
				_, e3 := d.Consume(t.Context(), &pb.ConsumeRequest{Topic: "orders", Partition: c % 4, Offset: i})
				_, e4 := d.CommitOffset(t.Context(), &pb.CommitOffsetRequest{ConsumerGroup: "g", Topic: "orders", Partition: c % 4, Offset: i})
				_, e5 := d.GetOffset(t.Context(), &pb.GetOffsetRequest{ConsumerGroup: "g", Topic: "orders", Partition: c % 4})
				_, e6 := d.ListTopics(t.Context(), &pb.ListTopicsRequest{})
				if err := errors.Join(e1, e2, e3, e4, e5, e6); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var total uint64
	for p := range uint32(4) {
		total += d.consume(t, "orders", p, 0, 0).GetHighWatermark()
	}
	require.Equal(t, uint64(8*10*4), total)
}
