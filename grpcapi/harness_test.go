package grpcapi

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
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
	"streamhouse/objstore/mem"
)

// door is a server over an engine in memory, with a client that is connected to it.
type door struct {
	pb.StreamHouseClient
	log    *log.Log
	server *Server
	conn   *grpc.ClientConn
	dial   func(context.Context, string) (net.Conn, error)
	store  *gate
}

// hang bounds what a test may wait for before it counts as stuck.
const hang = time.Minute

func open(t testing.TB, o Options, change ...func(*log.Options)) *door {
	t.Helper()
	store := newGate(mem.New())
	var server atomic.Pointer[Server]
	engine := log.Options{
		MetadataPath: filepath.Join(t.TempDir(), "metadata.db"),
		Logger:       slog.New(slog.DiscardHandler),
		Events: log.Events{StoreTrouble: func(error, int, time.Duration) {
			if s := server.Load(); s != nil {
				s.HealthChanged()
			}
		}},
	}
	for _, c := range change {
		c(&engine)
	}
	l, err := log.Open(t.Context(), store, engine)
	require.NoError(t, err)
	t.Cleanup(func() {
		store.open()
		ctx, cancel := context.WithTimeout(context.Background(), hang)
		defer cancel()
		_, err := l.ReserveProducerID(ctx) // what was written before is applied
		require.NoError(t, err)
		require.NoError(t, l.Check(ctx))
		require.NoError(t, l.Close(ctx))
	})
	d := serve(t, l, store, o)
	server.Store(d.server)
	return d
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
	dial := func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }
	conn, err := grpc.NewClient("passthrough:bufconn", grpc.WithContextDialer(dial),
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
	return &door{StreamHouseClient: pb.NewStreamHouseClient(conn), log: l, server: s, conn: conn, dial: dial, store: store}
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

// valve lets callers pass, or holds them until it is opened.
type valve struct {
	mu      sync.Mutex
	passing chan struct{} // closed while open
	arrived chan struct{} // gets one per caller that is held
}

func newValve() *valve {
	v := &valve{passing: make(chan struct{}), arrived: make(chan struct{}, 1000)}
	close(v.passing)
	return v
}

func (v *valve) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.passing = make(chan struct{})
}

func (v *valve) open() {
	v.mu.Lock()
	defer v.mu.Unlock()
	select {
	case <-v.passing:
	default:
		close(v.passing)
	}
}

func (v *valve) pass(ctx context.Context) error {
	v.mu.Lock()
	passing := v.passing
	v.mu.Unlock()
	select {
	case <-passing:
		return nil
	default:
		v.arrived <- struct{}{}
	}
	select {
	case <-passing:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// gate is a store that can be made to hang, or to fail what is put.
type gate struct {
	objstore.Store
	failing    atomic.Bool
	puts, gets *valve
}

func newGate(s objstore.Store) *gate {
	return &gate{Store: s, puts: newValve(), gets: newValve()}
}

func (g *gate) open() {
	g.puts.open()
	g.gets.open()
}

func (g *gate) Put(ctx context.Context, key string, body []byte) error {
	if g.failing.Load() {
		return errors.New("the store is away")
	}
	if err := g.puts.pass(ctx); err != nil {
		return err
	}
	return g.Store.Put(ctx, key, body)
}

func (g *gate) GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	if err := g.gets.pass(ctx); err != nil {
		return nil, err
	}
	return g.Store.GetRange(ctx, key, offset, length)
}
