package kafka

import (
	"errors"
	"io"
	"net"
	"time"
)

// halfConn is one end of a connection in memory each of whose directions closes by itself, like
// those of a socket: net.Pipe's do not.
type halfConn struct {
	net.Conn          // what is read, and the addresses
	out      net.Conn // what is written
}

// halfConns returns the two ends.
func halfConns() (client, server halfConn) {
	up, upEnd := net.Pipe()
	down, downEnd := net.Pipe()
	return halfConn{downEnd, up}, halfConn{upEnd, down}
}

func (c halfConn) Write(b []byte) (int, error)         { return c.out.Write(b) }
func (c halfConn) SetWriteDeadline(at time.Time) error { return c.out.SetWriteDeadline(at) }
func (c halfConn) CloseWrite() error                   { return c.out.Close() }

// SetReadDeadline works after the other end has closed its side, as with a socket.
func (c halfConn) SetReadDeadline(at time.Time) error {
	if err := c.Conn.SetReadDeadline(at); !errors.Is(err, io.ErrClosedPipe) {
		return err
	}
	return nil
}

func (c halfConn) Close() error { return errors.Join(c.Conn.Close(), c.out.Close()) }

// dialHalf is dial for a client that can close its sending side alone.
func (d *door) dialHalf() (*wireClient, halfConn) {
	client, server := halfConns()
	d.s.accept(server)
	d.Cleanup(func() { _ = client.Close() })
	return &wireClient{door: d, Conn: client}, client
}
