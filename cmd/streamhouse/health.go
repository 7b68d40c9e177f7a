package main

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"streamhouse/log"
)

// health answers whether this process lives and whether it can serve. It may
// be used concurrently.
type health struct {
	grace time.Duration // how long writes may fail before the broker is not ready any more
	// hint is what onChange was given, nil until then. It is atomic because changed must not wait for mu.
	hint atomic.Pointer[func()]
	row  failingRow

	mu     sync.Mutex
	phase  error // why it cannot serve whatever the engine says; nil while it serves
	engine engineHealth
}

// engineHealth is what [log.Log] tells about itself: Health is why it cannot take writes now, Err
// why it has stopped for good. Both are nil while all is well, quick, and may be called concurrently.
type engineHealth interface {
	Health() error
	Err() error
}

// What ready answers while the engine is not there to be asked.
var (
	errStarting = errors.New("starting: the journal is being read")
	errStopping = errors.New("stopping")
)

// newHealth returns the health of a broker that starts: alive, and not ready until serving is called.
func newHealth(grace time.Duration) *health { return &health{grace: grace, phase: errStarting} }

// serving is called once, when the doors are open.
func (h *health) serving(e engineHealth) {
	h.mu.Lock()
	h.engine, h.phase = e, nil
	h.mu.Unlock()
	h.changed()
}

// stopping takes the broker out of the rotation before its doors close, and stops the timer
// of a failing row. The broker stays alive: a probe must not kill it while it flushes.
func (h *health) stopping() {
	h.mu.Lock()
	h.phase = errStopping
	h.mu.Unlock()
	h.row.end()
	h.changed()
}

// onChange has f called when ready may answer otherwise than before. f must not block, and may be
// called under the engine's locks. A second call replaces f.
func (h *health) onChange(f func()) { h.hint.Store(&f) }

// storeFails is called for every write that the store fails. Like storeWorks and changed it
// may be called under the engine's locks, and so asks the engine nothing.
func (h *health) storeFails() {
	h.row.failed(h.grace, h.changed)
	h.changed()
}

// storeWorks is called when a write went through after failures.
func (h *health) storeWorks() {
	h.row.end()
	h.changed()
}

// changed is called by the engine's events, which may hold its locks: so it takes none.
func (h *health) changed() {
	if f := h.hint.Load(); f != nil {
		(*f)()
	}
}

// alive returns nil while restarting the process would not help: it starts, it serves, or it waits for
// a store that fails. Only an engine that stopped by itself needs a new process.
func (h *health) alive() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.engine == nil {
		return nil
	}
	return h.engine.Err()
}

// ready returns nil while clients can be served. A store that fails writes is
// forgiven for the grace: reads are served all the same, the writes are tried on, and there is no
// other broker that clients could be sent to. A broker that was fenced or has stopped is not ready at once.
func (h *health) ready() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.phase != nil {
		return h.phase
	}
	err := h.engine.Health()
	if errors.Is(err, log.ErrUnavailable) && h.row.lasted() < h.grace {
		return nil
	}
	return err
}

// failingRow is since when writes have failed one after the other. The zero value is no row. It
// may be used concurrently, and calls nothing while it holds its lock.
type failingRow struct {
	mu    sync.Mutex
	since time.Time   // zero: they do not
	over  *time.Timer // tells when the grace is over
}

// failed begins a row unless there is one. When it has lasted for grace, over is called in a goroutine
// of its own, once.
func (r *failingRow) failed(grace time.Duration, over func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.since.IsZero() {
		r.since = time.Now()
		r.over = time.AfterFunc(grace, over)
	}
}

// end ends the row.
func (r *failingRow) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.since.IsZero() {
		r.since = time.Time{}
		r.over.Stop()
	}
}

// lasted returns how long the row is by now: 0 also while its first failure has not been told yet.
func (r *failingRow) lasted() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.since.IsZero() {
		return 0
	}
	return time.Since(r.since)
}

// page answers a probe: 200 with the word, or 503 with the reason in plain text. No cache between may keep
// either.
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
