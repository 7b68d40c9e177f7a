package simulation

import (
	"context"
	"errors"
	"time"

	"streamhouse/log"
	"streamhouse/log/record"
)

// auditor compares the newest engine with the model all the time.
type auditor struct{ world *world }

func (a *auditor) work(ctx context.Context) {
	r := random(a.world.seed, "auditor")
	for pause(ctx, about(r, a.world.pace)) {
		e := a.world.engine()
		a.world.audit(e)
		a.world.lookUp(ctx, e, pick(r, lastingParts()...), r.IntN(1<<30))
	}
}

// audit checks what needs no records.
func (w *world) audit(e *log.Log) { w.model.check(e) }

// lookUp reads from the place of one record that was acknowledged.
func (w *world) lookUp(ctx context.Context, e *log.Log, p part, any int) {
	offset, ok := w.model.acknowledged(p, any)
	if !ok {
		return
	}
	id, ok := w.partitionID(e, p)
	if !ok {
		return
	}
	o := log.ReadOptions{MaxBytes: 64 << 10, MinBytes: 1, MaxWait: 5 * time.Second}
	res := e.Read(ctx, []log.ReadRequest{{Partition: id, Offset: offset, MaxBytes: 64 << 10, LeaderEpoch: -1}}, o)[0]
	switch outside, ok := errors.AsType[*log.OffsetError](res.Err); {
	case ok && !w.model.mayBeDeleted(p, offset):
		w.fail("offset %d of %v was acknowledged: %v", offset, p, outside)
	case res.Err != nil:
		return // the store is in trouble, or the engine has ended
	}
	err := record.Decode(res.Records, offset, func(r record.Record) bool {
		w.model.see(p, r)
		return true
	})
	if err != nil {
		w.fail("what was read from offset %d of %v: %v", offset, p, err)
	}
}

// acknowledged returns the offset of some record that was acknowledged.
func (m *model) acknowledged(p part, any int) (int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.partLocked(p).acked
	if len(all) == 0 {
		return 0, false
	}
	return all[any%len(all)], true
}

func (w *world) partitionID(e *log.Log, p part) (log.PartitionID, bool) {
	t, err := e.Topic(p.topic)
	if err != nil {
		w.fail("topic %s is not there: %v", p.topic, err)
	}
	return log.PartitionID{Topic: t.ID, Index: p.index}, err == nil
}

// bounds returns the ends of a partition.
func (w *world) bounds(e *log.Log, p part) log.Bounds {
	id, _ := w.partitionID(e, p)
	b, err := e.Bounds(id)
	if err != nil {
		w.fail("the bounds of %v: %v", p, err)
	}
	return b
}

// committed returns where a group stands, 0 where nowhere.
func (w *world) committed(e *log.Log, group string, p part) int64 {
	id, _ := w.partitionID(e, p)
	o, _ := e.CommittedOffset(group, id)
	return o.Offset
}
