package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"streamhouse/kafka/wire"
	"streamhouse/log"
	"streamhouse/log/group"
)

// Server is the Kafka door: listeners, connections and the requests on them.
// Its methods may be called concurrently.
type Server struct {
	log    *log.Log
	o      Options
	logger *slog.Logger
	groups *group.Registry
	apis   map[int16]*api
	budget *semaphore.Weighted // bytes of large requests

	host string // advertised; "" is what the client connected to
	port int32

	configs sync.Mutex // held while a config is read, changed and written back

	ctx      context.Context // ends when connections are given up
	stop     context.CancelFunc
	draining context.Context // ends when Shutdown begins to wait for connections
	drain    context.CancelFunc

	mu        sync.Mutex
	closed    bool
	listeners map[net.Listener]struct{}
	conns     map[*conn]struct{}
	served    sync.WaitGroup // connections
}

// NewServer makes the Kafka door of an engine. Bad options are an error. It must be ended with [Server.Shutdown], before
// the engine is closed. It has no TLS and no authentication: what stands before it has to bring both.
func NewServer(l *log.Log, o Options) (*Server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		log: l, o: o, logger: o.Logger, groups: newGroups(o.Groups, o.Logger), apis: make(map[int16]*api),
		budget:    semaphore.NewWeighted(o.MaxRequestBytes),
		listeners: make(map[net.Listener]struct{}), conns: make(map[*conn]struct{}),
	}
	if o.AdvertisedAddr != "" {
		if s.host, s.port, err = splitAddr(o.AdvertisedAddr); err != nil {
			return nil, fmt.Errorf("advertised address %q: %w", o.AdvertisedAddr, err)
		}
	}
	for _, a := range s.table() {
		s.apis[a.key] = &a
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.draining, s.drain = context.WithCancel(s.ctx)
	return s, nil
}

// Serve takes connections until Shutdown, then returns nil. It may be called for several
// listeners at once. It closes the listener. An error is a listener that somebody else has closed, or a Serve that comes
// after Shutdown; what passes is tried again.
func (s *Server) Serve(ln net.Listener) error {
	if !s.listen(ln) {
		return errors.Join(errors.New("the Kafka server is shut down"), ln.Close())
	}
	pause := time.Duration(0)
	for {
		nc, err := ln.Accept()
		switch {
		case err == nil:
			pause = 0
			s.accept(nc)
		case s.shutDown():
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept: %w", err)
		default:
			// Out of file descriptors, say: those who are connected go on, and
			// when some have left there is room again.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.logger.Warn("kafka: cannot accept connections", "err", err, "retry_in", pause)
			select {
			case <-time.After(pause):
			case <-s.draining.Done():
			}
		}
	}
}

// listen notes a listener for Shutdown to close. It returns false once that has begun.
func (s *Server) listen(ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.listeners[ln] = struct{}{}
	}
	return !s.closed
}

// shutDown tells whether Shutdown was called, and so why a listener failed.
func (s *Server) shutDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// accept serves a connection, or turns it away.
func (s *Server) accept(nc net.Conn) {
	c := newConn(s, nc)
	if !s.admit(c) {
		c.close()
		return
	}
	go func() {
		defer s.served.Done()
		if s.o.Events.Opened != nil {
			s.o.Events.Opened()
		}
		c.serve()
		s.forget(c)
		if s.o.Events.Closed != nil {
			s.o.Events.Closed()
		}
	}()
}

// admit counts a connection in, unless there are too many or the server ends. Where it returns true, served is done once by
// the caller.
func (s *Server) admit(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return false
	case len(s.conns) >= s.o.MaxConnections:
		if s.o.Events.Refused != nil {
			s.o.Events.Refused(refusedCrowd)
		}
		s.logger.Warn("kafka: "+refusedCrowd, "limit", s.o.MaxConnections, "from", c.net.RemoteAddr())
		return false
	}
	s.conns[c] = struct{}{}
	s.served.Add(1)
	return true
}

// forget gives a connection's place to the next one.
func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// Shutdown takes no connections and no requests any more, waits until what was
// taken is answered, and closes. Polls are answered at once with what there is. When ctx ends first, it closes
// all the same and returns why ctx ended; requests may then still be under way in the engine for a moment.
func (s *Server) Shutdown(ctx context.Context) error {
	s.closeListeners()
	s.groups.Close()
	s.drain()
	s.eachConn(func(c *conn) { c.frames.Stop() })
	done := make(chan struct{})
	go func() {
		s.served.Wait()
		close(done)
	}()
	select {
	case <-done:
		s.stop()
		return nil
	case <-ctx.Done():
		s.stop()
		s.eachConn(func(c *conn) { c.fail(wire.ErrStopped) })
		return context.Cause(ctx)
	}
}

// closeListeners ends every Serve.
func (s *Server) closeListeners() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for ln := range s.listeners {
		_ = ln.Close()
	}
	clear(s.listeners)
}

// eachConn calls f for each connection, under the lock: f must not block.
func (s *Server) eachConn(f func(*conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		f(c)
	}
}

// refused reports that somebody was turned away: once to who subscribes, once in the log.
func (s *Server) refused(reason string, args ...any) {
	if s.o.Events.Refused != nil {
		s.o.Events.Refused(reason)
	}
	s.logger.Warn("kafka: connection closed: "+reason, args...)
}

// Stats are figures of the moment.
type Stats struct {
	Groups group.Stats
}

// Stats returns the figures of the moment, of all groups. It takes their locks one by one.
func (s *Server) Stats() Stats { return Stats{s.groups.Stats()} }
