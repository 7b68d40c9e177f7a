package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// door is a server on its listener. The server owns the listener once it serves and closes it.
type door struct {
	name   string // for messages
	ln     net.Listener
	server server
}

// server is what the three of them have in common. Serve blocks until Shutdown is called or the
// listener fails. Shutdown accepts nobody any more and returns when what was taken is
// answered, or when ctx ends.
type server interface {
	Serve(net.Listener) error
	Shutdown(ctx context.Context) error
}

// doors are open servers with their goroutines. The methods may be called concurrently.
type doors struct {
	all    []door
	failed chan error // one that stopped though nobody told it to
	done   sync.WaitGroup

	mu     sync.Mutex
	closed bool
}

// newDoors opens doors; stop closes them. It returns at once: each serves in a goroutine of its
// own, and one that ends by itself is told by failed, which has room for all of them.
func newDoors(all ...door) *doors {
	d := &doors{all: all, failed: make(chan error, len(all))}
	for _, door := range all {
		d.done.Go(func() {
			err := door.server.Serve(door.ln)
			if !d.stopping() {
				d.failed <- fmt.Errorf("the %s listener stopped: %w", door.name, err)
			}
		})
	}
	return d
}

// stopping reports that stop was called: what Serve returns then is no failure.
func (d *doors) stopping() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

// stop closes all doors side by side and waits until what they took is
// answered, for limit at most, also where ctx has ended. Every Serve has returned when it
// does. The error joins the doors whose clients did not finish.
func (d *doors) stop(ctx context.Context, limit time.Duration) error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	errs := make([]error, len(d.all))
	var all sync.WaitGroup
	for i, door := range d.all {
		all.Go(func() {
			if err := door.server.Shutdown(ctx); err != nil {
				errs[i] = fmt.Errorf("stop %s: clients did not finish in %v: %w", door.name, limit, err)
			}
		})
	}
	all.Wait()
	d.done.Wait()
	return errors.Join(errs...)
}
