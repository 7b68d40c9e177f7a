package grpcapi

import (
	"net"
	"sync"
	"sync/atomic"
)

// crowd counts a server's connections, on all its listeners, and turns away those
// above a limit: each costs a file descriptor, which the store needs as well.
type crowd struct {
	limit int64
	now   atomic.Int64
	turn  func(from net.Addr) // is told of each that is turned away
}

// listener takes connections from ln as long as the limit allows. One that is
// turned away is closed: its client sees UNAVAILABLE at once and comes again later,
// where one that is left to wait would only run into its timeout.
func (c *crowd) listener(ln net.Listener) net.Listener { return &crowdListener{ln, c} }

type crowdListener struct {
	net.Listener
	crowd *crowd
}

// Accept implements [net.Listener].
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

type crowdConn struct {
	net.Conn
	leave func()
}

// Close implements [net.Conn].
func (c *crowdConn) Close() error {
	err := c.Conn.Close()
	c.leave() // not before: until then it has its descriptor
	return err
}
