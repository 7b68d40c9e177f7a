package integration

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync/atomic"
)

var errAnswerLost = errors.New("the test has lost the answer")

// lossyDialer makes connections that lose answers: the broker has done what it
// was asked, and the client never hears of it.
type lossyDialer struct {
	key  int16        // of the requests whose answers are lost
	lose atomic.Int32 // how many are still to be lost
}

func (d *lossyDialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &lossyConn{Conn: c, dialer: d}, nil
}

// lossyConn dies when the answer to a request of the kind arrives.
type lossyConn struct {
	net.Conn
	dialer *lossyDialer
	asked  atomic.Bool
}

func (c *lossyConn) Write(p []byte) (int, error) {
	if len(p) >= 6 && int16(binary.BigEndian.Uint16(p[4:])) == c.dialer.key { // the client writes whole requests
		c.asked.Store(true)
	}
	return c.Conn.Write(p)
}

func (c *lossyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && c.asked.Load() && c.dialer.lose.Add(-1) >= 0 {
		_ = c.Close() // the read that is reported below tells the client
		return 0, errAnswerLost
	}
	return n, err
}
