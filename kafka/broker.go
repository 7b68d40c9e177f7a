package kafka

import (
	"errors"
	"fmt"
	"net"
	"strconv"
)

// nodeID is this broker's id. There is one broker, so any number serves; some clients take 0 and -1 for special.
const nodeID = 1

// broker tells a client where the broker is: at the advertised address, else at
// the one that the client has connected to.
func (s *Server) broker(c *client) (id int32, host string, port int32) {
	if s.host != "" {
		return nodeID, s.host, s.port
	}
	if addr, ok := c.local.(*net.TCPAddr); ok {
		// A zone names an interface of this machine and means nothing to the client.
		return nodeID, addr.AddrPort().Addr().Unmap().WithZone("").String(), int32(addr.Port)
	}
	if host, port, err := splitAddr(c.local.String()); err == nil {
		return nodeID, host, port
	}
	return nodeID, "localhost", 9092
}

// splitAddr splits an advertised host:port.
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
