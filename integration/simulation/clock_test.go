package simulation

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// wallClock is what one broker takes for the time.
type wallClock struct{ ahead atomic.Int64 } // of the true time, nanoseconds

func (c *wallClock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// errors are the bounds of what the clocks of a run were wrong by.
type clockErrors struct {
	mu           sync.Mutex
	behind       time.Duration // at most, not negative
	ahead        time.Duration // at most, not negative
	overProducer bool          // one has jumped so far that all producers were forgotten
}

func (e *clockErrors) note(ahead time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ahead, e.behind = max(e.ahead, ahead), max(e.behind, -ahead)
	e.overProducer = e.overProducer || ahead > 23*time.Hour
}

// between returns when something was done by the clocks of the brokers that was done between two true times.
func (e *clockErrors) between(from, to int64) (earliest, latest int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return from - e.behind.Milliseconds() - 1, to + e.ahead.Milliseconds() + 1 // of what is cut off
}

// producersForgotten tells whether an idempotent producer may have been forgotten in the middle of its work, so
// that a batch whose answer was lost is stored again. Like Kafka, the broker does that after a day by its clock.
func (e *clockErrors) producersForgotten() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.overProducer
}

// set sets a broker's clock wrong.
func (w *world) setClock(b *broker, ahead time.Duration) {
	w.clocks.note(ahead)
	b.clock.ahead.Store(int64(ahead))
}

// drawSkew is by how much a clock is wrong that nobody looks after. Behind it is never by an hour: the broker would
// refuse records for being from the future.
func drawSkew(r *rand.Rand) time.Duration {
	return pick(r, 0, 0, about(r, time.Second), -about(r, time.Second), about(r, 5*time.Minute), -about(r, 5*time.Minute))
}

// jump sets the clock of the broker at work wrong for a while.
func (w *world) jump(r *rand.Rand) {
	b, before := w.current, time.Duration(w.current.clock.ahead.Load())
	ahead := pick(r, -40*time.Minute, time.Hour, 22*time.Hour, 22*time.Hour)
	length := about(r, min(time.Minute, longestFault(w.length)))
	w.tell("the clock of %s jumps by %v for %v", b.name, ahead, length)
	w.setClock(b, ahead)
	w.faults.Go(func() {
		time.Sleep(length)
		b.clock.ahead.Store(int64(before))
	})
}
