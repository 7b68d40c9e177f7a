package main

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
)

// health answers whether this process lives and whether it can serve. It may
// be used concurrently.
type health struct {
	hint atomic.Pointer[func()]

	mu     sync.Mutex
	phase  error // why it cannot serve whatever the engine says; nil while it serves
	engine engineHealth
}

// engineHealth is what [log.Log] tells about itself.
type engineHealth interface {
	Health() error
	Err() error
}

var (
	errStarting = errors.New("starting: the journal is being read")
	errStopping = errors.New("stopping")
)

func newHealth() *health { return &health{phase: errStarting} }

// serving is called once the doors are open.
func (h *health) serving(e engineHealth) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.engine, h.phase = e, nil
}

// stopping takes the broker out of the rotation before its doors close.
func (h *health) stopping() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.phase = errStopping
}

// onChange has f called when the engine's health may have changed. f must not block.
func (h *health) onChange(f func()) { h.hint.Store(&f) }

// changed is called by the engine's events, which may hold its locks: so it takes none.
func (h *health) changed() {
	if f := h.hint.Load(); f != nil {
		(*f)()
	}
}

// alive returns nil while restarting the process would not help.
func (h *health) alive() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.engine == nil {
		return nil
	}
	return h.engine.Err()
}

// ready returns nil while clients can be served.
func (h *health) ready() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.phase != nil {
		return h.phase
	}
	return h.engine.Health()
}

// page answers a probe: 200 with the word, or 503 with the reason.
func page(word string, probe func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if err := probe(); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, err)
			return
		}
		fmt.Fprintln(w, word)
	}
}
