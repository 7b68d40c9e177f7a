package bench

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// progress is what a running phase has done so far. It may be used concurrently: phase and started
// do not change once [meter.start] has returned it.
type progress struct {
	phase     string
	started   time.Time
	records   atomic.Int64 // acknowledged, or read
	bytes     atomic.Int64 // of their values
	latencies latencies
	failures  failures
}

// result is called when the phase is over; took is up to the last record.
func (p *progress) result(took time.Duration) phaseResult {
	return newResult(p.phase, p.records.Load(), p.bytes.Load(), took, &p.latencies, &p.failures)
}

// meter writes a line of progress while phases run: over and over the same one on
// a terminal, else a new one every few seconds.
type meter struct {
	out      io.Writer
	terminal bool
	// stop is closed to end the goroutine, done by it when it has.
	stop chan struct{}
	done chan struct{}

	mu sync.Mutex
	// running are the phases on the line, in the order in which they began.
	running []*progress
}

// newMeter starts the goroutine that writes; close ends it. Nobody else may write to out meanwhile.
func newMeter(out io.Writer) *meter {
	m := &meter{out: out, terminal: isTerminal(out), stop: make(chan struct{}), done: make(chan struct{})}
	go m.write()
	return m
}

// start puts a phase on the line and returns what it counts in. Its clock runs from now.
func (m *meter) start(phase string) *progress {
	p := &progress{phase: phase, started: time.Now()}
	m.mu.Lock()
	m.running = append(m.running, p)
	m.mu.Unlock()
	return p
}

// finish takes phases off the line.
func (m *meter) finish() {
	m.mu.Lock()
	m.running = nil
	m.mu.Unlock()
}

// close waits for the goroutine. It must be called once.
func (m *meter) close() {
	close(m.stop)
	<-m.done
}

// write is the goroutine. On a terminal it takes its line away at the end, so that the table stands alone.
func (m *meter) write() {
	defer close(m.done)
	pause, start, end := 5*time.Second, "", "\n"
	if m.terminal {
		// Back to the first column, and clear the line (ECMA-48: EL).
		pause, start, end = time.Second/2, "\r\x1b[K", ""
	}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if line := m.line(time.Now()); line != "" {
				fmt.Fprint(m.out, start, line, end)
			}
		case <-m.stop:
			if m.terminal {
				fmt.Fprint(m.out, start)
			}
			return
		}
	}
}

// line returns the line of the moment, "" while no phase runs.
func (m *meter) line(now time.Time) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var parts []string
	for _, p := range m.running {
		took := now.Sub(p.started).Seconds()
		records, bytes := p.records.Load(), p.bytes.Load()
		parts = append(parts, fmt.Sprintf("%s %.0f s, %d records, %.0f records/s, %.1f MiB/s",
			p.phase, took, records, float64(records)/took, float64(bytes)/(1<<20)/took))
	}
	return strings.Join(parts, " | ")
}

// isTerminal reports a character device: /dev/null is one, too, and does not mind.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
