package grpcapi

import (
	"context"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"streamhouse/grpcapi/pb"
	"streamhouse/log"
)

// health is the standard health service over [Options.Health], for the whole
// server ("") and for the StreamHouse service, which are one. Check asks it; a
// Watch is woken when the answer changes, which is looked at whenever something
// hints at it: [Server.HealthChanged], the engine's end, the outcome of a call, a Check.
// Nothing is looked at over and over. All methods may be called concurrently. The protocol is gRPC's own
// (grpc.health.v1; doc/health-checking.md in grpc/grpc).
type health struct {
	healthpb.UnsafeHealthServer
	ask     func() error
	stopped <-chan struct{} // the engine has stopped by itself
	hints   chan struct{}   // of capacity 1: the answer may have changed
	serving atomic.Bool     // as last seen

	// stopping is closed by stop, once.
	stopOnce sync.Once
	stopping chan struct{}
	watcher  sync.WaitGroup

	mu      sync.Mutex
	changed chan struct{} // closed and replaced when serving changes
}

// newHealth watches an engine. ask is what its health is, nil for what it says itself. It starts a
// goroutine, which stop ends.
func newHealth(l *log.Log, ask func() error) *health {
	if ask == nil {
		ask = l.Health
	}
	h := &health{ask: ask, stopped: l.Stopped(), hints: make(chan struct{}, 1), stopping: make(chan struct{}), changed: make(chan struct{})}
	h.serving.Store(ask() == nil)
	h.watcher.Go(h.watchEngine)
	return h
}

// watchEngine follows the engine's health until stop.
func (h *health) watchEngine() {
	stopped := h.stopped
	for {
		select {
		case <-h.stopping:
			return
		case <-stopped:
			stopped = nil // for good; the health says so too
		case <-h.hints:
		}
		h.look()
	}
}

// look asks, and wakes the watches where the answer has changed. The lock keeps an older answer from
// replacing a newer one.
func (h *health) look() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	serving := h.ask() == nil
	if h.serving.Swap(serving) != serving {
		close(h.changed)
		h.changed = make(chan struct{})
	}
	return serving
}

// poke has the health looked at soon. It never blocks.
func (h *health) poke() {
	select {
	case h.hints <- struct{}{}:
	default: // one is due anyway
	}
}

// observe takes the outcome of a call as a hint, where it contradicts what was last seen. Other codes than these
// two say nothing about the broker.
func (h *health) observe(code codes.Code) {
	if (code == codes.OK) != h.serving.Load() && (code == codes.OK || code == codes.Unavailable) {
		h.poke()
	}
}

// stop says NOT_SERVING from now on, and ends all watches and the engine's. It may be called again.
func (h *health) stop() {
	h.stopOnce.Do(func() { close(h.stopping) })
	h.watcher.Wait()
}

func (h *health) isStopping() bool {
	select {
	case <-h.stopping:
		return true
	default:
		return false
	}
}

// answer is a new response, which the caller may change.
func answer(serving bool) *healthpb.HealthCheckResponse {
	if serving {
		return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_SERVING}
	}
	return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_NOT_SERVING}
}

// known reports a service that has a health here. Those of health and reflection themselves have none.
func known(service string) bool {
	return service == "" || service == pb.StreamHouse_ServiceDesc.ServiceName
}

// Check says whether the broker serves, as it is now. A service that is not there is NOT_FOUND.
func (h *health) Check(_ context.Context, req *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	if !known(req.GetService()) {
		return nil, status.Error(codes.NotFound, "unknown service")
	}
	return answer(!h.isStopping() && h.look()), nil
}

// List says the same of each service.
func (h *health) List(context.Context, *healthpb.HealthListRequest) (*healthpb.HealthListResponse, error) {
	now := answer(!h.isStopping() && h.look())
	return &healthpb.HealthListResponse{Statuses: map[string]*healthpb.HealthCheckResponse{
		"": now, pb.StreamHouse_ServiceDesc.ServiceName: now,
	}}, nil
}

// Watch sends the status now and whenever it changes, until the client or the server ends it. As
// the protocol has it, a service that is not there is told, and waited for.
func (h *health) Watch(req *healthpb.HealthCheckRequest, stream grpc.ServerStreamingServer[healthpb.HealthCheckResponse]) error {
	last := healthpb.HealthCheckResponse_UNKNOWN
	for {
		h.mu.Lock()
		changed := h.changed
		h.mu.Unlock()
		now := answer(h.serving.Load() && !h.isStopping())
		if !known(req.GetService()) {
			now.Status = healthpb.HealthCheckResponse_SERVICE_UNKNOWN
		}
		if now.Status != last {
			last = now.Status
			if err := stream.Send(now); err != nil {
				return err
			}
		}
		if h.isStopping() {
			return status.Error(codes.Unavailable, "the server is stopping")
		}
		select {
		case <-changed:
		case <-h.stopping:
		case <-stream.Context().Done():
			return status.FromContextError(stream.Context().Err()).Err()
		}
	}
}
