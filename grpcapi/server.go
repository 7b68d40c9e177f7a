package grpcapi

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // for clients that compress their messages
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"streamhouse/grpcapi/pb"
	"streamhouse/log"
)

// Options configures a [Server]. The zero value of a field means its default.
type Options struct {
	// MaxRequestBytes bounds one request. Default 16 MiB, at most [log.MaxFrameBytes].
	MaxRequestBytes int
	// MaxStreams bounds the calls under way on one connection; further ones wait in the client. Default 1,000:
	// with a flush every 250 ms, that many produce calls in flight are 4,000 a second.
	MaxStreams uint32
	// MaxConnections bounds the connections at a time; further ones are closed at once. Default 10,000.
	MaxConnections int
	// RequestTimeout ends a call whose client set no earlier deadline, with UNAVAILABLE. Default 30 s.
	RequestTimeout time.Duration

	// Health says what the health service answers: SERVING while it returns nil. Default: the
	// engine's [log.Log.Health]. It must be quick and may be called concurrently;
	// [Server.HealthChanged] tells that it would answer otherwise.
	Health func() error

	Events Events
	Logger *slog.Logger // default: slog.Default()
}

// Events are called by the server as things happen; each may be nil. They must be quick, and may be called concurrently.
type Events struct {
	// Handled: a call ended. Method is "/package.Service/Method", one of those that the server has.
	Handled func(method string, code codes.Code, took time.Duration)
	// Refused: a connection was closed because there were MaxConnections.
	Refused func()
}

// What a connection costs, and how long a dead one is kept.
const (
	defaultRequestBytes   = 16 << 20
	defaultMaxStreams     = 1000
	defaultMaxConnections = 10_000
	defaultRequestTimeout = 30 * time.Second

	maxHeaderBytes    = 64 << 10         // metadata of one call; gRPC would take 16 MiB
	handshakeTimeout  = 10 * time.Second // of a new connection; gRPC would wait 120 s
	keepaliveInterval = time.Minute      // a connection quiet for so long is asked whether it lives
	keepaliveTimeout  = 20 * time.Second // and closed after so long without an answer
	minClientPing     = 10 * time.Second // a client that asks oftener is closed: ENHANCE_YOUR_CALM
)

// Server is the gRPC door over one engine. Its methods may be called concurrently. It has no TLS and no
// authentication: what stands before it has to bring both.
type Server struct {
	o      Options
	grpc   *grpc.Server
	health *health
	crowd  crowd
}

// NewServer makes a server that is not listening yet. It must be ended with
// [Server.Shutdown], before the engine is closed. An error says which option is wrong.
func NewServer(l *log.Log, o Options) (*Server, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	s := &Server{o: o, health: newHealth(l, o.Health)}
	s.crowd = crowd{limit: int64(o.MaxConnections), turn: s.turnedAway}
	s.grpc = grpc.NewServer(
		grpc.MaxRecvMsgSize(o.MaxRequestBytes),
		grpc.MaxConcurrentStreams(o.MaxStreams),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: keepaliveInterval, Timeout: keepaliveTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minClientPing, PermitWithoutStream: true}),
		// Stop, too, returns only when no call uses the engine any more.
		grpc.WaitForHandlers(true),
		grpc.UnaryInterceptor(s.call),
		grpc.StreamInterceptor(s.stream),
	)
	pb.RegisterStreamHouseServer(s.grpc, &service{log: l})
	grpc_health_v1.RegisterHealthServer(s.grpc, s.health)
	reflection.Register(s.grpc) // v1, and v1alpha for older tools
	return s, nil
}

// complete checks the options and fills in the defaults. A field that is wrong is an error, not its default.
func (o *Options) complete() error {
	if o.MaxRequestBytes == 0 {
		o.MaxRequestBytes = defaultRequestBytes
	}
	if o.MaxStreams == 0 {
		o.MaxStreams = defaultMaxStreams
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = defaultMaxConnections
	}
	if o.RequestTimeout == 0 {
		o.RequestTimeout = defaultRequestTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.MaxRequestBytes < 0 || o.MaxRequestBytes > log.MaxFrameBytes {
		return errors.New("grpc: MaxRequestBytes must be between 1 and 100 MiB")
	}
	if o.MaxConnections < 0 {
		return errors.New("grpc: MaxConnections must not be negative")
	}
	if o.RequestTimeout < 0 {
		return errors.New("grpc: RequestTimeout must not be negative")
	}
	return nil
}

// Serve answers calls on the listener, which it owns from now on, until Shutdown: then it returns nil. It may be
// called for several listeners, which share the limit of connections.
func (s *Server) Serve(l net.Listener) error {
	if err := s.grpc.Serve(s.crowd.listener(l)); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil
}

// turnedAway is told of a connection that the limit turned away.
func (s *Server) turnedAway(from net.Addr) {
	if s.o.Events.Refused != nil {
		s.o.Events.Refused()
	}
	s.o.Logger.Warn("grpc: too many connections", "limit", s.o.MaxConnections, "from", from)
}

// HealthChanged tells the server that [Options.Health] may answer otherwise by now, so
// that it looks and tells those who watch. It never blocks and may be called from
// the engine's own events.
func (s *Server) HealthChanged() { s.health.poke() }

// Shutdown takes no new calls and waits for those under way. When ctx ends first it
// cancels them, waits for them to return, and returns ctx's error. It may be called again.
func (s *Server) Shutdown(ctx context.Context) error {
	s.health.stop() // ends the calls that never end by themselves
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.grpc.GracefulStop()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		s.grpc.Stop()
		<-done
		return ctx.Err()
	}
}
