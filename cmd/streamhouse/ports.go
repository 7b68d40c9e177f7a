package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// ports are the broker's listeners. They are bound before anything else is
// done and accept nobody until a door serves them.
type ports struct {
	grpc, kafka net.Listener
	http        net.Listener // nil where it is off
}

// listen binds all ports or none. From now on the kernel queues connections that nobody answers yet, so a
// client that comes early waits instead of being refused. The caller calls close.
func listen(ctx context.Context, s *settings) (*ports, error) {
	p := new(ports)
	wanted := []struct {
		flag, addr string
		port       *net.Listener
	}{{"--addr", s.Addr, &p.grpc}, {"--kafka-addr", s.KafkaAddr, &p.kafka}, {"--http-addr", s.HTTPAddr, &p.http}}
	for _, w := range wanted {
		if w.port == &p.http && s.httpOff() {
			continue
		}
		ln, err := new(net.ListenConfig).Listen(ctx, "tcp", w.addr)
		if err != nil {
			p.close()
			return nil, portError(w.flag, w.addr, err)
		}
		*w.port = ln
	}
	return p, nil
}

// portError says what to do about an address that cannot be had.
func portError(flag, addr string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s %s: the port is in use: stop the program that has it, or choose another one: %w", flag, addr, err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%s %s: this machine does not have that address: choose one of its own, or 0.0.0.0: %w", flag, addr, err)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s %s: ports below 1024 need a privilege: choose another one: %w", flag, addr, err)
	default:
		return fmt.Errorf("%s %s: cannot listen: %w", flag, addr, err)
	}
}

// close closes what no door has closed; it may be called at any time, and more than once.
func (p *ports) close() {
	for _, ln := range []net.Listener{p.grpc, p.kafka, p.http} {
		if ln != nil {
			_ = ln.Close() // a door that has served it has closed it
		}
	}
}

// httpDoor is the door of probes and scrapes, or none.
func (p *ports) httpDoor(server httpServer) []door {
	if p.http == nil {
		return nil
	}
	return []door{{"http", p.http, server}}
}

// httpAddr is for the log: with port 0 it is the one that the system chose.
func (p *ports) httpAddr() string {
	if p.http == nil {
		return "off"
	}
	return p.http.Addr().String()
}
