package main

import (
	"log/slog"
	"sync"
	"time"

	"streamhouse/log"
)

// engineEvents adds log lines and the health to what the figures subscribe to, e, whose functions
// must all be set as far as they are wrapped here. The engine may hold locks when it calls one: none of
// them asks the engine anything.
func engineEvents(e log.Events, logger *slog.Logger, h *health) log.Events {
	figures := e
	var trouble storeTrouble
	e.ObjectRefused = func(bytes, limit int64, err error) {
		figures.ObjectRefused(bytes, limit, err)
		logger.Warn("the object store refuses an object for its size: the flush is cut, and later ones are smaller until the next start; set --flush-size below what the store takes",
			"bytes", bytes, "limit", limit, "error", err)
	}
	e.StoreTrouble = func(err error, attempt int, pause time.Duration) {
		figures.StoreTrouble(err, attempt, pause)
		h.storeFails()
		logger.Error("the object store fails: trying again until it works",
			"error", err, "attempt", attempt, "next_in", pause, "failures", trouble.failed(time.Now()))
	}
	e.StoreRecovered = func() {
		figures.StoreRecovered()
		h.storeWorks()
		since, failures := trouble.recovered()
		logger.Info("the object store works again", "failures", failures, "after", time.Since(since).Round(time.Millisecond))
	}
	e.CacheTrouble = func(err error) {
		figures.CacheTrouble(err)
		logger.Error("the disk cache is off until the next start: reads that it would have answered go to the store", "error", err)
	}
	e.Refused = func(err error) {
		figures.Refused(err)
		logger.Warn("a client asked for more than the settings allow", "error", err)
	}
	e.Fenced = func(err error) { // the engine logs why it stops
		figures.Fenced(err)
		h.changed()
	}
	return e
}

// storeTrouble counts the failures of a row: PUTs that failed with no success between them. It may be used
// concurrently.
type storeTrouble struct {
	mu       sync.Mutex
	failures int
	since    time.Time // of the first one in the row
}

// failed returns how many failures the row has by now.
func (s *storeTrouble) failed(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures == 0 {
		s.since = now
	}
	s.failures++
	return s.failures
}

// recovered ends the row and returns when it began and how many failures it had. Without a row it
// returns that of the last one, with no failures.
func (s *storeTrouble) recovered() (since time.Time, failures int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since, failures = s.since, s.failures
	s.failures = 0
	return since, failures
}
