package grpcapi

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"streamhouse/grpcapi/pb"
)

func TestConnectionsAboveTheLimitAreTurnedAway(t *testing.T) {
	var refused atomic.Int64
	d := open(t, Options{MaxConnections: 3, Events: Events{Refused: func() { refused.Add(1) }}}) // it has one itself
	d.topic(t, "t", 1, nil)
	dial := func() *grpc.ClientConn {
		conn, err := grpc.NewClient("passthrough:bufconn", grpc.WithContextDialer(d.dial), grpc.WithTransportCredentials(insecure.NewCredentials()))
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	list := func(conn *grpc.ClientConn, options ...grpc.CallOption) error {
		_, err := pb.NewStreamHouseClient(conn).ListTopics(t.Context(), &pb.ListTopicsRequest{}, options...)
		return err
	}
	one, two := dial(), dial()
	require.NoError(t, list(one))
	require.NoError(t, list(two))
	for n := range 5 {
		late := dial()
		require.Equal(t, codes.Unavailable, status.Code(list(late)))
		require.GreaterOrEqual(t, refused.Load(), int64(n+1))
		require.NoError(t, late.Close())
	}
	require.NoError(t, list(one), "who is in stays in")
	require.NoError(t, one.Close())
	require.NoError(t, list(dial(), grpc.WaitForReady(true)), "there is room again")
}

// scarce is a listener whose process has no descriptors for some times.
type scarce struct {
	net.Listener
	times atomic.Int64
}

func (l *scarce) Accept() (net.Conn, error) {
	if l.times.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

func TestServesOnAfterAShortageOfDescriptors(t *testing.T) {
	d := open(t, Options{})
	buffers := bufconn.Listen(1 << 20)
	ln := &scarce{Listener: buffers}
	ln.times.Store(4)
	served := make(chan error, 1)
	go func() { served <- d.server.Serve(ln) }()
	conn, err := grpc.NewClient("passthrough:bufconn",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return buffers.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	_, err = pb.NewStreamHouseClient(conn).ListTopics(t.Context(), &pb.ListTopicsRequest{}, grpc.WaitForReady(true))
	require.NoError(t, err)
	require.Negative(t, ln.times.Load())
	require.NoError(t, conn.Close())
	require.NoError(t, d.server.Shutdown(t.Context()))
	require.NoError(t, <-served)
}

func TestCrowdCountsEachConnectionOnce(t *testing.T) {
	c := &crowd{limit: 1, turn: func(net.Addr) {}}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ln := c.listener(tcp)
	for range 3 {
		client, err := net.Dial("tcp", tcp.Addr().String())
		require.NoError(t, err)
		conn, err := ln.Accept()
		require.NoError(t, err)
		require.EqualValues(t, 1, c.now.Load())
		require.NoError(t, conn.Close())
		_ = conn.Close()
		require.Zero(t, c.now.Load())
		_, err = client.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
	}
	require.NoError(t, ln.Close())
	_, err = ln.Accept()
	require.Error(t, err)
}
