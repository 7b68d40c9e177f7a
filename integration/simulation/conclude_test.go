package simulation

import (
	"context"
	"time"
)

// conclude compares what there is at the end with the model, and with what other machines
// make of the bucket. The clients are gone.
func (w *world) conclude() {
	time.Sleep(2 * (w.flushInterval + time.Minute)) // what nobody waits for any more lands, too
	e := w.current.engine
	w.audit(e)
	w.verify("at the end")
	want := w.snapshotOf(e)
	for p, records := range want.records {
		w.model.checkWhole(p, want.bounds[p], records)
	}
	w.tell("%d records were sent; acknowledged were %v", len(w.model.sent), w.model.done)
	w.elsewhere("with nothing", disk{}, want)
	w.elsewhere("with an old metadata file", disk{image: append(w.disks, nil)[0]}, want)
	w.current.stop()
}

// elsewhere compares what a machine makes of the bucket that has nothing but this metadata file.
func (w *world) elsewhere(what string, d disk, want snapshot) {
	w.current.stop()
	w.lead(w.openBroker(d))
	w.verify(what)
	if why := want.differs(w.snapshotOf(w.current.engine)); why != "" {
		w.fail("a machine %s finds %s", what, why)
	}
}

// verify lets the engine check itself.
func (w *world) verify(when string) {
	if err := w.current.engine.Check(context.Background()); err != nil {
		w.fail("check %s: %v", when, err)
	}
}
