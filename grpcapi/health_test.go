package grpcapi

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"streamhouse/grpcapi/pb"
	"streamhouse/log"
	"streamhouse/objstore/mem"
)

func TestHealthCheck(t *testing.T) {
	d := open(t, Options{})
	client := healthpb.NewHealthClient(d.conn)
	for _, service := range []string{"", "streamhouse.StreamHouse"} {
		got, err := client.Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
		require.NoError(t, err)
		require.Equal(t, healthpb.HealthCheckResponse_SERVING, got.GetStatus())
	}
	_, err := client.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "another"})
	refused(t, err, codes.NotFound, "unknown service")
	list, err := client.List(t.Context(), &healthpb.HealthListRequest{})
	require.NoError(t, err)
	require.Len(t, list.GetStatuses(), 2)
}

func (d *door) watch(t *testing.T, service string) healthpb.Health_WatchClient {
	t.Helper()
	w, err := healthpb.NewHealthClient(d.conn).Watch(t.Context(), &healthpb.HealthCheckRequest{Service: service})
	require.NoError(t, err)
	return w
}

func next(t *testing.T, w healthpb.Health_WatchClient, want healthpb.HealthCheckResponse_ServingStatus) {
	t.Helper()
	got, err := w.Recv()
	require.NoError(t, err)
	require.Equal(t, want, got.GetStatus())
}

// TestHealthWatchEndsWithTheServer: a watch says that the server stops, and does not hold it up.
func TestHealthWatchEndsWithTheServer(t *testing.T) {
	d := open(t, Options{})
	known, unknown := d.watch(t, ""), d.watch(t, "another")
	next(t, known, healthpb.HealthCheckResponse_SERVING)
	next(t, unknown, healthpb.HealthCheckResponse_SERVICE_UNKNOWN)
	ctx, cancel := context.WithTimeout(t.Context(), hang)
	defer cancel()
	require.NoError(t, d.server.Shutdown(ctx))
	next(t, known, healthpb.HealthCheckResponse_NOT_SERVING)
	for _, w := range []healthpb.Health_WatchClient{known, unknown} {
		_, err := w.Recv()
		refused(t, err, codes.Unavailable, "stopping")
	}
}

// TestHealthWatchFollowsTheEngine: an engine that another broker fenced is not serving,
// and who watches is told without asking.
func TestHealthWatchFollowsTheEngine(t *testing.T) {
	bucket := mem.New()
	quiet := slog.New(slog.DiscardHandler)
	first, err := log.Open(t.Context(), bucket, log.Options{MetadataPath: filepath.Join(t.TempDir(), "a.db"), Logger: quiet})
	require.NoError(t, err)
	t.Cleanup(func() { _ = first.Close(context.Background()) }) // fenced: it says so
	d := serve(t, first, newGate(bucket), Options{})
	w := d.watch(t, "streamhouse.StreamHouse")
	next(t, w, healthpb.HealthCheckResponse_SERVING)

	second, err := log.Open(t.Context(), bucket, log.Options{MetadataPath: filepath.Join(t.TempDir(), "b.db"), Logger: quiet})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, second.Close(context.Background())) })
	errs, err := first.DeleteGroups([]string{"nobody"}).Wait(t.Context()) // any write finds out
	require.True(t, err != nil || errs[0] != nil)
	next(t, w, healthpb.HealthCheckResponse_NOT_SERVING)
	got, err := healthpb.NewHealthClient(d.conn).Check(t.Context(), &healthpb.HealthCheckRequest{})
	require.NoError(t, err)
	require.Equal(t, healthpb.HealthCheckResponse_NOT_SERVING, got.GetStatus())
}

// TestHealthWatchFollowsTheStore: NOT_SERVING while the store is away, SERVING when it is back.
func TestHealthWatchFollowsTheStore(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 1, nil)
	w := d.watch(t, "")
	next(t, w, healthpb.HealthCheckResponse_SERVING)
	d.store.failing.Store(true)
	produced := make(chan error, 1)
	go func() {
		_, err := d.Produce(t.Context(), &pb.ProduceRequest{Topic: "orders"})
		produced <- err
	}()
	next(t, w, healthpb.HealthCheckResponse_NOT_SERVING)
	d.store.failing.Store(false)
	require.NoError(t, <-produced)
	next(t, w, healthpb.HealthCheckResponse_SERVING)
}

// TestHealthIsWhatTheOwnerSays: a broker may know better than its engine alone.
func TestHealthIsWhatTheOwnerSays(t *testing.T) {
	var sick atomic.Bool
	d := open(t, Options{Health: func() error {
		if sick.Load() {
			return errors.New("starting")
		}
		return nil
	}})
	client := healthpb.NewHealthClient(d.conn)
	w := d.watch(t, "")
	next(t, w, healthpb.HealthCheckResponse_SERVING)
	for _, status := range []healthpb.HealthCheckResponse_ServingStatus{healthpb.HealthCheckResponse_NOT_SERVING, healthpb.HealthCheckResponse_SERVING} {
		sick.Store(status == healthpb.HealthCheckResponse_NOT_SERVING)
		d.server.HealthChanged()
		next(t, w, status)
		got, err := client.Check(t.Context(), &healthpb.HealthCheckRequest{})
		require.NoError(t, err)
		require.Equal(t, status, got.GetStatus())
	}
}
