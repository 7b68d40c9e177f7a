package grpcapi

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"streamhouse/grpcapi/pb"
	"streamhouse/log"
	"streamhouse/objstore"
)

// door is a server over an engine in memory, with a client that is connected to it.
type door struct {
	pb.StreamHouseClient
	log    *log.Log
	server *Server
	conn   *grpc.ClientConn
	store  *gate
}

// hang bounds what a test may wait for before it counts as stuck.
const hang = time.Minute

func open(t testing.TB, o Options) *door {
	t.Helper()
	store := newGate(objstore.NewMem())
	l, err := log.Open(t.Context(), store, log.Options{
		MetadataPath: filepath.Join(t.TempDir(), "metadata.db"),
		Logger:       slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		store.open()
		ctx, cancel := context.WithTimeout(context.Background(), hang)
		defer cancel()
		require.NoError(t, l.Close(ctx))
	})
	return serve(t, l, store, o)
}

// serve puts a door before the engine.
func serve(t testing.TB, l *log.Log, store *gate, o Options) *door {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := NewServer(l, o)
	require.NoError(t, err)
	listener := bufconn.Listen(1 << 20)
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:bufconn",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		store.open()
		ctx, cancel := context.WithTimeout(context.Background(), hang)
		defer cancel()
		require.NoError(t, s.Shutdown(ctx))
		require.NoError(t, <-served)
	})
	return &door{StreamHouseClient: pb.NewStreamHouseClient(conn), log: l, server: s, conn: conn, store: store}
}

// topic creates a topic.
func (d *door) topic(t testing.TB, name string, partitions uint32, config map[string]string) {
	t.Helper()
	_, err := d.CreateTopic(t.Context(), &pb.CreateTopicRequest{Name: name, PartitionCount: partitions, Config: config})
	require.NoError(t, err)
}

// refused checks the code and part of the text of an answer.
func refused(t testing.TB, err error, code codes.Code, text string) {
	t.Helper()
	require.Equal(t, code, status.Code(err), "%v", err)
	require.Contains(t, status.Convert(err).Message(), text)
}

// gate is a store whose Put can be made to hang.
type gate struct {
	objstore.Store
	mu      sync.Mutex
	passing chan struct{} // closed while Puts pass
	arrived chan struct{} // gets one per Put that hangs
}

func newGate(s objstore.Store) *gate {
	g := &gate{Store: s, passing: make(chan struct{}), arrived: make(chan struct{}, 1000)}
	close(g.passing)
	return g
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.passing = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.passing:
	default:
		close(g.passing)
	}
}

func (g *gate) Put(ctx context.Context, key string, body []byte) error {
	g.mu.Lock()
	passing := g.passing
	g.mu.Unlock()
	select {
	case <-passing:
		return g.Store.Put(ctx, key, body)
	default:
		g.arrived <- struct{}{}
	}
	select {
	case <-passing:
		return g.Store.Put(ctx, key, body)
	case <-ctx.Done():
		return ctx.Err()
	}
}
