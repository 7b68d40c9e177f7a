package simulation

import (
	"math/rand/v2"
	"time"

	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
)

// weatherFault is a fault with a name for the story.
type weatherFault struct {
	name string
	faulty.Fault
}

// drawFault draws what goes wrong next. Bytes of another object come from whole reads alone: the
// checksum of a block does not say which block it is.
func drawFault(r *rand.Rand) weatherFault {
	const read, write = objstore.OpGetRange | objstore.OpGet, objstore.OpPut
	all := []weatherFault{
		{"a storm of refused requests", faulty.Fault{Chance: 0.6, Do: faulty.FailBefore(nil)}},
		{"writes fail", faulty.Fault{Ops: write, Chance: 0.7, Do: faulty.FailBefore(nil)}},
		{"answers to writes are lost", faulty.Fault{Ops: write, Chance: 0.5, Do: faulty.FailAfter(nil)}},
		{"one answer to a write is lost", faulty.Fault{Ops: write, Times: 1, Do: faulty.FailAfter(nil)}},
		{"the store refuses writes", faulty.Fault{Ops: write, Do: faulty.Refuse()}},
		{"the store takes no large objects", faulty.Fault{Ops: write, Prefix: "journal/", Above: 1 << 20, Do: faulty.TooLarge()}},
		{"writes hang", faulty.Fault{Ops: write, Do: faulty.Hang()}},
		{"writes happen and hang", faulty.Fault{Ops: write, Do: faulty.HangAfter()}},
		{"one write hangs", faulty.Fault{Ops: write, Times: 1, Do: faulty.Hang()}},
		{"one write happens and hangs", faulty.Fault{Ops: write, Times: 1, Do: faulty.HangAfter()}},
		{"some writes hang", faulty.Fault{Ops: write, Chance: 0.3, Do: faulty.Hang()}},
		{"some writes are slow", faulty.Fault{Ops: write, Chance: 0.4, Do: faulty.Slow(3 * time.Second)}},
		{"reads are slow", faulty.Fault{Ops: read, Chance: 0.5, Do: faulty.Slow(2 * time.Second)}},
		{"reads fail", faulty.Fault{Ops: read, Chance: 0.5, Do: faulty.FailBefore(nil)}},
		{"reads hang", faulty.Fault{Ops: objstore.OpGetRange, Chance: 0.5, Do: faulty.Hang()}},
		{"writes land long after they failed", faulty.Fault{Ops: write, Chance: 0.4, Do: faulty.FailLate(nil, 20*time.Second)}},
		{"one write lands long after it failed", faulty.Fault{Ops: write, Times: 1, Do: faulty.FailLate(nil, 2*time.Minute)}},
		{"objects come back truncated", faulty.Fault{Ops: read, Chance: 0.3, Do: faulty.Truncate()}},
		{"objects come back damaged", faulty.Fault{Ops: read, Chance: 0.3, Do: faulty.FlipBit()}},
		{"objects come back empty", faulty.Fault{Ops: read, Chance: 0.3, Do: faulty.Empty()}},
		{"another object comes back", faulty.Fault{Ops: objstore.OpGet, Chance: 0.3, Do: faulty.OtherObject()}},
		{"objects are not found", faulty.Fault{Ops: read, Chance: 0.3, Do: faulty.Missing()}},
		{"one object is not found", faulty.Fault{Ops: read, Times: 1, Do: faulty.Missing()}},
		{"listings break off", faulty.Fault{Ops: objstore.OpList, Chance: 0.6, Do: faulty.FailAfter(nil)}},
		{"listings come back empty", faulty.Fault{Ops: objstore.OpList, Chance: 0.4, Do: faulty.Empty()}},
		{"one listing comes back empty", faulty.Fault{Ops: objstore.OpList, Times: 1, Do: faulty.Empty()}},
		{"listings lag", faulty.Fault{Ops: objstore.OpList, Do: faulty.Lag(5 * time.Second)}},
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
		w.weather.Break(faulty.Fault{Chance: 0.5, Do: faulty.Slow(w.latency * time.Duration(part+1) / 10)})
	}
}
