package simulation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// network carries connections in memory: unlike sockets they let the bubble see that
// everybody waits. Connections can be cut. The zero value is ready; its methods
// may be called concurrently.
type network struct {
	mu    sync.Mutex
	hosts map[string]*host
}

// host is a listener at an address, with the connections that were made to it.
type host struct {
	network *network
	address string
	process *gate // while it is shut, nobody answers
	callers chan net.Conn
	closed  chan struct{}
	once    sync.Once

	mu    sync.Mutex
	conns []net.Conn
}

var _ net.Listener = (*host)(nil)

func (n *network) listen(address string, process *gate) (*host, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hosts[address] != nil {
		return nil, fmt.Errorf("listen %s: address in use", address)
	}
	h := &host{network: n, address: address, process: process, callers: make(chan net.Conn), closed: make(chan struct{})}
	if n.hosts == nil {
		n.hosts = make(map[string]*host)
	}
	n.hosts[address] = h
	return h, nil
}

// free returns the first address where nobody listens.
func (n *network) free(addresses []string) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range addresses {
		if n.hosts[a] == nil {
			return a, nil
		}
	}
	return "", fmt.Errorf("somebody listens at each of %v", addresses)
}

// dial is for kgo.Dialer.
func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	h := n.hosts[address]
	n.mu.Unlock()
	if h == nil {
		return nil, systemError("dial", syscall.ECONNREFUSED)
	}
	client, server := net.Pipe()
	select {
	case h.callers <- served{server, h.process}:
		h.keep(client)
		return &wire{Conn: client}, nil
	case <-h.closed:
		return nil, systemError("dial", syscall.ECONNREFUSED)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h *host) keep(c net.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns = append(h.conns, c)
}

// cut ends all connections to the host, in the middle of what they carry.
func (h *host) cut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.conns {
		_ = c.Close()
	}
	h.conns = nil
}

// roundTrip is what a request takes on its way: time has to pass where a client asks again
// and again until time has passed.
const roundTrip = time.Millisecond

// wire is a client's end of a connection. Its errors are those of a socket, by which
// clients tell what to try again: one that is closed before all that was sent has been read is reset. A
// client that is told of an orderly end instead, before the first answer, takes its settings to be wrong and gives up.
type wire struct {
	net.Conn
	answered bool // used by the one who reads
}

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if err == io.EOF && !w.answered {
		err = io.ErrClosedPipe
	}
	w.answered = w.answered || n > 0
	return n, asReset("read", err)
}

func (w *wire) Write(b []byte) (int, error) {
	time.Sleep(roundTrip)
	n, err := w.Conn.Write(b)
	return n, asReset("write", err)
}

// served is a broker's end of a connection. What comes while its process is suspended is read
// and answered when it wakes.
type served struct {
	net.Conn
	process *gate
}

func (s served) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	s.process.pass()
	return n, err
}

func (s served) Write(b []byte) (int, error) {
	s.process.pass()
	return s.Conn.Write(b)
}

func asReset(op string, err error) error {
	if errors.Is(err, io.ErrClosedPipe) {
		return systemError(op, syscall.ECONNRESET)
	}
	return err
}

func systemError(op string, err error) error {
	return &net.OpError{Op: op, Net: "memory", Err: os.NewSyscallError(op, err)}
}

// Accept implements [net.Listener].
func (h *host) Accept() (net.Conn, error) {
	select {
	case c := <-h.callers:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener]. Connections that were accepted go on.
func (h *host) Close() error {
	h.once.Do(func() {
		close(h.closed)
		h.network.mu.Lock()
		defer h.network.mu.Unlock()
		delete(h.network.hosts, h.address)
	})
	return nil
}

// Addr implements [net.Listener].
func (h *host) Addr() net.Addr { return address(h.address) }

type address string

func (address) Network() string  { return "memory" }
func (a address) String() string { return string(a) }
