package grpcapi

import (
	"net"
	"sync"
	"sync/atomic"
)

// crowd counts a server's connections, on all its listeners, and turns away those
// above a limit: each costs a file descriptor, which the store needs as well. It may be used concurrently.
type crowd struct {
	limit int64
	// now counts the connections that are open, and for a moment one that is turned away.
	now  atomic.Int64
	turn func(from net.Addr) // is told of each that is turned away
}

// listener takes connections from ln as long as the limit allows. One that is
// turned away is closed: its client sees UNAVAILABLE at once and comes again later,
// where one that is left to wait would only run into its timeout.
func (c *crowd) listener(ln net.Listener) net.Listener { return &crowdListener{ln, c} }

// crowdListener counts those that it accepts.
type crowdListener struct {
	net.Listener
	crowd *crowd
}

// Accept implements [net.Listener]. It never returns a connection above the limit, nor an error because of one.
func (l *crowdListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.crowd.now.Add(1) <= l.crowd.limit {
			return &crowdConn{Conn: conn, leave: sync.OnceFunc(func() { l.crowd.now.Add(-1) })}, nil
		}
		l.crowd.now.Add(-1)
		_ = conn.Close() // it has said nothing yet
		l.crowd.turn(conn.RemoteAddr())
	}
}

// crowdConn is counted until it is closed.
type crowdConn struct {
	net.Conn
	leave func()
}

// Close implements [net.Conn]. It may be called again, which gives nothing back twice.
func (c *crowdConn) Close() error {
	err := c.Conn.Close()
	c.leave() // not before: until then it has its descriptor
	return err
}
