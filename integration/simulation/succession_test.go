package simulation

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// maxUndead is how many brokers there may be that were taken over.
const maxUndead = 2

// live lets time pass while faults and restarts come as chance has it.
func (w *world) live() {
	r := random(w.seed, "world")
	for time.Since(w.began) < w.length && !w.hasFailed() {
		time.Sleep(about(r, w.length/40))
		w.supervise(r)
		switch n := r.IntN(100); {
		case n < 38:
			w.spoil(drawFault(r), about(r, longestFault(w.length)/2))
		case n < 46:
			w.tell("connections are cut")
			w.current.cut()
		case n < 52:
			w.jump(r)
		case n < 56:
			w.spoilCache(r)
		case n < 59:
			w.fillDisk(r)
		case n < 65:
			w.restart(r)
		case n < 80:
			w.crash(r)
		case n < 84:
			w.suspend(r)
		case n < 93:
			w.takeOver(r)
		default:
			w.contest(r)
		}
	}
}

// longestFault is how long a fault lasts at most.
func longestFault(run time.Duration) time.Duration { return run / 8 }

// supervise starts a broker again that has stopped by itself, since the store shrank under it.
func (w *world) supervise(r *rand.Rand) {
	if w.current.hasStopped() {
		w.restart(r)
	}
}

// fillDisk leaves the broker's metadata file without room for a while, which may outlast the broker.
func (w *world) fillDisk(r *rand.Rand) {
	length := about(r, longestFault(w.length))
	w.tell("the disk of the metadata file of %s is full for %v", w.current.name, length)
	mend, err := w.current.fill()
	if err != nil {
		w.t.Fatal(err)
	}
	w.faults.Go(func() {
		time.Sleep(length)
		mend()
	})
}

// restart stops the broker and starts it again.
func (w *world) restart(r *rand.Rand) {
	w.endUndead(r, 0)
	w.tell("%s is stopped", w.current.name)
	w.current.stop()
	w.lead(w.openBroker(disk{image: w.current.readDisk()}))
}

// crash takes the broker's power away and starts it again: on its own metadata file as it was left, on
// an old one, or on none.
func (w *world) crash(r *rand.Rand) {
	w.endUndead(r, 0)
	before, last := w.current.aWhileLater(r)
	w.tell("%s crashes", w.current.name)
	w.current.crash()
	time.Sleep(about(r, w.pace))
	w.lead(w.openBroker(w.aDisk(r, before, last)))
}

// suspend stops the process for a while, and nobody takes over.
func (w *world) suspend(r *rand.Rand) {
	length := about(r, longestFault(w.length))
	w.tell("%s is suspended for %v", w.current.name, length)
	w.current.process.suspend(length)
	time.Sleep(length)
}

// takeOver starts a broker while the one before it is still there; sometimes that sleeps, for longer
// than the run lasts or not.
func (w *world) takeOver(r *rand.Rand) {
	w.endUndead(r, maxUndead-1)
	old := w.current
	if r.IntN(2) == 0 {
		nth, length := 1+r.IntN(4), about(r, w.length/2)
		w.tell("%s is suspended for %v from its store call %d on", old.name, length, nth)
		old.process.suspendAt(nth, r.IntN(2) == 0, length)
		time.Sleep(about(r, w.pace))
	}
	w.tell("%s is taken over", old.name)
	w.bury(old)
	before, last := old.aWhileLater(r)
	w.lead(w.openBroker(w.aDisk(r, before, last)))
}

// contest starts two brokers at once, while the one before them is still there. One of
// them may sleep in the middle of its start, and find that it has to take over from the other.
func (w *world) contest(r *rand.Rand) {
	w.endUndead(r, maxUndead-2)
	old := w.current
	w.tell("%s is taken over by two", old.name)
	w.bury(old)
	before, last := old.aWhileLater(r)
	one, two := w.newBroker(w.aDisk(r, before, last)), w.newBroker(w.aDisk(r, before, last))
	one.succeeded.Store(true)
	two.succeeded.Store(true)
	if r.IntN(3) > 0 {
		nth, length := 1+r.IntN(15), about(r, 2*time.Minute)
		w.tell("%s is suspended for %v in its store call %d", one.name, length, nth)
		one.process.suspendAt(nth, r.IntN(2) == 0, length)
	}
	var starts sync.WaitGroup
	var started [2]bool
	starts.Go(func() { started[0] = one.open() })
	time.Sleep(about(r, time.Second))
	starts.Go(func() { started[1] = two.open() })
	starts.Wait()
	if !started[0] || !started[1] {
		w.t.FailNow()
	}
	if one.engine.LeaderEpoch() > two.engine.LeaderEpoch() {
		one, two = two, one
	}
	one.serve()
	w.bury(one)
	w.lead(two)
	two.succeeded.Store(false)
}

// bury notes that a broker is being taken over.
func (w *world) bury(b *broker) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.undead = append(w.undead, b)
}

// zombies are the brokers that were taken over and are still there.
func (w *world) zombies() []*broker {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.undead)
}

// endUndead ends the oldest brokers that were taken over and have not noticed yet, until so many are left.
func (w *world) endUndead(r *rand.Rand, left int) {
	for all := w.zombies(); len(all) > left; all = all[1:] {
		if r.IntN(2) == 0 {
			all[0].crash()
		} else {
			all[0].stop()
		}
		w.mu.Lock()
		w.undead = w.undead[1:]
		w.mu.Unlock()
	}
}

// settle ends the faults, and leaves one broker at work. Those that were taken over notice that, whenever they wake.
func (w *world) settle() {
	w.faults.Wait()
	w.weather.Wait()
	w.current.wake()
	for _, z := range w.zombies() {
		z.wake()
		select {
		case <-z.ended:
		case <-time.After(time.Hour):
			w.fail("%s has not noticed that it was taken over", z.name)
		}
	}
	r := random(w.seed, "settle")
	w.endUndead(r, 0)
	w.supervise(r)
	w.tell("the faults are over")
}
