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

// progress is what a running phase has done so far. It may be used concurrently.
type progress struct {
	phase     string
	started   time.Time
	records   atomic.Int64
	bytes     atomic.Int64
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
	stop     chan struct{}
	done     chan struct{}

	mu      sync.Mutex
	running []*progress
}

// newMeter starts the goroutine that writes; close ends it.
func newMeter(out io.Writer) *meter {
	m := &meter{out: out, terminal: isTerminal(out), stop: make(chan struct{}), done: make(chan struct{})}
	go m.write()
	return m
}

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

func (m *meter) close() {
	close(m.stop)
	<-m.done
}

func (m *meter) write() {
	defer close(m.done)
	pause, start, end := 5*time.Second, "", "\n"
	if m.terminal {
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

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
