// Package freeport finds ports for programs that must be told theirs, and that
// come back to the same one after a restart.
package freeport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// The kernel gives outgoing connections ports from 32768 up (Linux, ip_local_port_range), so nobody takes
// one of these by chance between two runs of a program.
const first, last = 12_000, 32_000

// given are the ports of this process; another process may be given the same one, until one of them listens.
var (
	mu    sync.Mutex
	given = make(map[int]bool)
)

// Address returns a loopback address that nothing listens on and that was not
// returned before. It may be called concurrently.
func Address() (string, error) {
	mu.Lock()
	defer mu.Unlock()
	for range 1_000 {
		port := first + rand.IntN(last-first)
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		if given[port] || !free(addr) {
			continue
		}
		given[port] = true
		return addr, nil
	}
	return "", errors.New("no free port found")
}

// free reports that a listener gets the address now.
func free(addr string) bool {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	return l.Close() == nil
}
