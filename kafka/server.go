package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"streamhouse/log"
)

// Options are the settings of the Kafka door. The zero value of a field means
// its default.
type Options struct {
	// AdvertisedAddr is the host:port that clients are told to connect to. Unset, each client is told the
	// address that it has connected to, which is right on the same host, in a LAN and in a container network.
	AdvertisedAddr string
	// AutoCreateTopics creates a topic that a client asks Metadata for, with DefaultPartitions.
	AutoCreateTopics  bool
	DefaultPartitions int32 // default 1
	// MaxFrameBytes bounds a request. Default and maximum log.MaxFrameBytes.
	MaxFrameBytes int32
	// MaxConnections bounds the connections; what comes beyond is closed at once. Default 100,000.
	MaxConnections int
	// IdleTimeout closes a connection that asks nothing. Default 10 min, like Kafka's connections.max.idle.ms.
	IdleTimeout time.Duration
	// StallTimeout closes a connection that stops in the middle of a request, or takes none of its answer. Default 30 s.
	StallTimeout time.Duration
	Groups       GroupOptions
	Events       Events
	Logger       *slog.Logger // default: slog.Default()
}

// Events are called as things happen; each may be nil, must be quick and must not block.
type Events struct {
	Opened, Closed func()                               // connections
	Request        func(api string, took time.Duration) // from the last byte of the request to the first of its answer
	Refused        func(reason string)                  // a connection or request that was closed upon
}

// Server is the Kafka door: listeners, connections and the requests on them.
type Server struct {
	log    *log.Log
	o      Options
	logger *slog.Logger
	groups *groups
	apis   map[int16]api

	host string // advertised; "" is what the client connected to
	port int32

	ctx  context.Context // ends when the server shuts down
	stop context.CancelFunc

	mu        sync.Mutex
	closed    bool
	listeners map[net.Listener]struct{}
	conns     map[*conn]struct{}
	done      sync.WaitGroup // connections
}

// NewServer makes the Kafka door of an engine. Bad options are an error.
func NewServer(l *log.Log, o Options) (*Server, error) {
	o = o.withDefaults()
	s := &Server{
		log: l, o: o, logger: o.Logger, groups: newGroups(o.Groups, o.Logger), apis: make(map[int16]api),
		listeners: make(map[net.Listener]struct{}), conns: make(map[*conn]struct{}),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	if o.DefaultPartitions < 1 || o.DefaultPartitions > log.MaxPartitions {
		return nil, fmt.Errorf("%d default partitions: 1 to %d are possible", o.DefaultPartitions, log.MaxPartitions)
	}
	if o.MaxFrameBytes < minFrameLimit || o.MaxFrameBytes > log.MaxFrameBytes {
		return nil, fmt.Errorf("a request limit of %d bytes: %d to %d are possible", o.MaxFrameBytes, minFrameLimit, log.MaxFrameBytes)
	}
	if o.AdvertisedAddr != "" {
		host, port, err := splitAddr(o.AdvertisedAddr)
		if err != nil {
			return nil, fmt.Errorf("advertised address %q: %w", o.AdvertisedAddr, err)
		}
		s.host, s.port = host, port
	}
	for _, a := range s.table() {
		s.apis[a.key] = a
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.DefaultPartitions == 0 {
		o.DefaultPartitions = 1
	}
	if o.MaxFrameBytes == 0 {
		o.MaxFrameBytes = log.MaxFrameBytes
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = 100_000
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = 10 * time.Minute
	}
	if o.StallTimeout == 0 {
		o.StallTimeout = 30 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

func splitAddr(addr string) (string, int32, error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("it is written host:port: %w", err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 || host == "" {
		return "", 0, errors.New("it is written host:port, with a host that clients can reach and a port from 1 to 65535")
	}
	return host, int32(port), nil
}

// Serve takes connections until Shutdown, then returns nil. It may be called for several
// listeners at once. It closes the listener.
func (s *Server) Serve(ln net.Listener) error {
	if !s.listen(ln) {
		return errors.Join(errors.New("server is shut down"), ln.Close())
	}
	pause := time.Duration(0)
	for {
		nc, err := ln.Accept()
		switch {
		case err == nil:
			pause = 0
			s.accept(nc)
		case s.ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept: %w", err)
		default:
			// Out of file descriptors, say: those who are connected go on, and
			// when some have left there is room again.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.logger.Warn("kafka: cannot accept a connection", "err", err, "retry_in", pause)
			select {
			case <-time.After(pause):
			case <-s.ctx.Done():
			}
		}
	}
}

func (s *Server) listen(ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.listeners[ln] = struct{}{}
	}
	return !s.closed
}

func (s *Server) accept(nc net.Conn) {
	s.mu.Lock()
	full := len(s.conns) >= s.o.MaxConnections
	if s.closed || full {
		s.mu.Unlock()
		_ = nc.Close()
		if full {
			s.refused("too many connections", "limit", s.o.MaxConnections, "from", nc.RemoteAddr())
		}
		return
	}
	c := newConn(s, nc)
	s.conns[c] = struct{}{}
	s.done.Add(1)
	s.mu.Unlock()
	if s.o.Events.Opened != nil {
		s.o.Events.Opened()
	}
	go func() {
		defer s.done.Done()
		c.serve()
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
		if s.o.Events.Closed != nil {
			s.o.Events.Closed()
		}
	}()
}

// Shutdown takes no connections and no requests any more, waits until what was
// taken is answered, and closes. When ctx ends first it closes all the same and returns its error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop() // first: Serve tells by it that the listener was closed on purpose
	s.mu.Lock()
	s.closed = true
	for ln := range s.listeners {
		_ = ln.Close()
	}
	clear(s.listeners)
	s.mu.Unlock()
	s.groups.close()
	s.eachConn((*conn).drain)
	done := make(chan struct{})
	go func() {
		s.done.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		s.eachConn((*conn).close)
		return context.Cause(ctx)
	}
}

func (s *Server) eachConn(f func(*conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		f(c)
	}
}

// refused reports that somebody was turned away.
func (s *Server) refused(reason string, args ...any) {
	if s.o.Events.Refused != nil {
		s.o.Events.Refused(reason)
	}
	s.logger.Warn("kafka: "+reason, args...)
}

// Stats are figures of the moment.
type Stats struct {
	Groups groupCounts
}

// Stats returns the figures of the moment.
func (s *Server) Stats() Stats { return Stats{s.groups.counts()} }
