package simulation

import (
	"math/rand/v2"
	"time"

	"streamhouse/objstore"
)

// weatherFault is a fault with a name for the story.
type weatherFault struct {
	name string
	objstore.Fault
}

// drawFault draws what goes wrong next. Wrong bytes come from ranged reads alone: those
// are checked and tried again. What stands at a place of the journal that is taken is read as a whole, and a
// broker that finds anything there but its own bytes has to stop.
func drawFault(r *rand.Rand) weatherFault {
	const read, write = objstore.OpGetRange | objstore.OpGet, objstore.OpPut
	all := []weatherFault{
		{"a storm of refused requests", objstore.Fault{Chance: 0.6, Do: objstore.FailBefore(nil)}},
		{"writes fail", objstore.Fault{Ops: write, Chance: 0.7, Do: objstore.FailBefore(nil)}},
		{"answers to writes are lost", objstore.Fault{Ops: write, Chance: 0.5, Do: objstore.FailAfter(nil)}},
		{"one answer to a write is lost", objstore.Fault{Ops: write, Times: 1, Do: objstore.FailAfter(nil)}},
		{"the store refuses writes", objstore.Fault{Ops: write, Do: objstore.Refuse()}},
		{"writes hang", objstore.Fault{Ops: write, Do: objstore.Hang()}},
		{"writes happen and hang", objstore.Fault{Ops: write, Do: objstore.HangAfter()}},
		{"one write hangs", objstore.Fault{Ops: write, Times: 1, Do: objstore.Hang()}},
		{"one write happens and hangs", objstore.Fault{Ops: write, Times: 1, Do: objstore.HangAfter()}},
		{"some writes hang", objstore.Fault{Ops: write, Chance: 0.3, Do: objstore.Hang()}},
		{"some writes are slow", objstore.Fault{Ops: write, Chance: 0.4, Do: objstore.Slow(3 * time.Second)}},
		{"reads are slow", objstore.Fault{Ops: read, Chance: 0.5, Do: objstore.Slow(2 * time.Second)}},
		{"reads fail", objstore.Fault{Ops: read, Chance: 0.5, Do: objstore.FailBefore(nil)}},
		{"reads hang", objstore.Fault{Ops: objstore.OpGetRange, Chance: 0.5, Do: objstore.Hang()}},
		{"blocks come back truncated", objstore.Fault{Ops: objstore.OpGetRange, Chance: 0.3, Do: objstore.Truncate()}},
		{"blocks come back damaged", objstore.Fault{Ops: objstore.OpGetRange, Chance: 0.3, Do: objstore.FlipBit()}},
		{"listings break off", objstore.Fault{Ops: objstore.OpList, Chance: 0.6, Do: objstore.FailAfter(nil)}},
	}
	return pick(r, all...)
}

// spoil puts a fault in force for a while.
func (w *world) spoil(f weatherFault, length time.Duration) {
	w.tell("%s for %v", f.name, length)
	rule := w.weather.Break(f.Fault)
	w.faults.Go(func() {
		time.Sleep(length)
		rule.Mend()
	})
}

// clear is the weather without faults: a store takes its time.
func (w *world) clear() {
	for part := range 4 {
		w.weather.Break(objstore.Fault{Chance: 0.5, Do: objstore.Slow(w.latency * time.Duration(part+1) / 10)})
	}
}
