package log

import (
	"cmp"
	"fmt"
	"slices"

	"streamhouse/meta"
)

// A store, or a proxy before it, may refuse an object for its size. The flush's place in the journal must be filled all the
// same, for others may stand behind it already. So the flush is cut until the store takes what is left:
//
//  1. All changes of state and the earlier batches stay, up to half of the bytes; the rest is set aside. Changes
//     are cut only where there are no batches, and no request is cut: one that is too large by itself is set
//     aside to be refused, and an empty commit takes the place.
//  2. What is left is encoded and PUT at the same place, and cut again if need be. Meanwhile no flush gets a place.
//  3. The place is filled. By what, [journal.Place] says: if an attempt before a cut had no answer (a timeout,
//     a reset, a 5xx), it may have been carried out, and the whole stands there. Then what was set aside since is put back.
//  4. The rest goes to the head of the queue, before all that came later, and gets a place once all places before its
//     first one have landed: their rests come before it. What a request was refused for is told to
//     its producer when the place's commit is applied.
//
// Mostly nobody has a place behind a flush that is cut: an object larger than the store has taken so far travels alone, see
// proof.go. Only where a store takes less than it did, flushes that had their place before the first refusal come before
// the rest. For batches that is what a lost request and its retry do in Kafka: of an idempotent producer those that come too
// early are out of order, and refused. Where the partition would take them, as it does not know the producer yet, the log
// stops instead: see [Log.overtaken]. Changes must never be applied in reverse: those of a rest behind another flush fail, and may be tried again.
//
// A crash before step 3: any of what was PUT stands there or nothing; nobody was answered. After it: the
// place's commit is in the journal, and the rest was never acknowledged.

// cut is what became of a flush that was too large for the store. Its writer owns it until the flush is written.
type cut struct {
	wasCut  bool     // set before the flush is done
	origin  uint64   // place of the flush that it is, or goes back to being, a rest of; 0: of none
	refused bool     // it is one request that is too large by itself
	rests   []*flush // set aside, the earlier requests in the later ones
	tries   []try    // what was PUT at its place before it was cut again
}

// try is a flush as it was PUT.
type try struct {
	commit *meta.Commit
	info   FlushInfo
	rests  int // how many rests there were
}

// A flush that was filled while the limit was higher is cut before it gets its place, so that nothing overtakes its rest.

// minFlushLimit is the least that a refusal makes of the limit: a store that refuses less is broken, and
// would be paid a PUT for nearly every request.
const minFlushLimit = 64 << 10

// cutFlush sets aside what a flush has too much, after the store has refused it for its size, and keeps later
// flushes smaller. It returns what it has set aside.
func (l *Log) cutFlush(f *flush, cause error) *flush {
	l.mu.Lock()
	if f.wasCut = true; len(f.tries) == 0 {
		l.cutting++
	}
	l.flushLimit = min(l.flushLimit, max(f.size()/2, minFlushLimit))
	l.disprovedLocked(f.objectBytes)
	limit := l.flushLimit
	f.tries = append(f.tries, try{f.commit, f.info, len(f.rests)})
	r := f.halve(cmp.Or(f.origin, f.place))
	if f.empty() {
		r.refuse(cause)
	}
	f.rests = append(f.rests, r)
	refused := f.info.ObjectBytes
	l.mu.Unlock()
	if l.o.Events.ObjectRefused != nil {
		l.o.Events.ObjectRefused(refused, limit, cause)
	}
	return r
}

// refuse notes why a request that is too large by itself is refused, unless the store turns out to have it.
func (r *flush) refuse(cause error) {
	r.refused = true
	for _, it := range r.items {
		it.owner.refused = fmt.Errorf("%w: the object store takes no object as large as this request alone: send smaller ones: %w", ErrBatchTooLarge, cause)
	}
	r.drop(fmt.Errorf("%w: change less at once: %w", ErrChangeTooLarge, cause))
}

// fitLocked cuts a flush that has no place yet down to the limit, which was higher when it was filled. The rest waits behind it.
func (l *Log) fitLocked(f *flush) {
	for f.size() > l.flushLimit && f.divisible() {
		f.wasCut = true
		r := f.halve(f.origin)
		r.takeOver()
		l.queue = slices.Insert(l.queue, 0, r)
	}
}

// divisible says whether a flush holds more than one request.
func (f *flush) divisible() bool {
	n := len(f.changes)
	for i := 0; i < len(f.items) && n < 2; i++ {
		if i == 0 || f.items[i].owner != f.items[i-1].owner {
			n++
		}
	}
	return n > 1
}

// takeOver tells the requests of a rest which flush they are in now.
func (r *flush) takeOver() {
	for _, it := range r.items {
		it.owner.flush = r
	}
	for _, c := range r.changes {
		c.flush = r
	}
}

// halve takes the later half of a flush's requests out of it, or the only one.
func (f *flush) halve(origin uint64) *flush {
	slices.SortFunc(f.items, func(a, b *item) int { return cmp.Compare(a.arrival, b.arrival) })
	items, changes := f.firstHalf()
	r := newFlush()
	r.origin = origin
	r.items, f.items = f.items[items:], f.items[:items:items]
	r.changes, f.changes = f.changes[changes:], f.changes[:changes:changes]
	for _, it := range r.items {
		r.bytes += int64(len(it.batch))
		if it.owner.newProducer {
			r.claims.add(newProducer, 1)
		}
	}
	for _, c := range r.changes {
		r.changeBytes += c.bytes
		r.claims.add(c.claims, 1)
	}
	r.held = min(r.bytes, f.held)
	f.bytes, f.changeBytes, f.held = f.bytes-r.bytes, f.changeBytes-r.changeBytes, f.held-r.held
	f.claims.add(r.claims, -1)
	return r
}

// firstHalf says how many batches and changes stay. The batches are in order of arrival.
func (f *flush) firstHalf() (items, changes int) {
	half := f.size() / 2
	if len(f.items) == 0 {
		size := int64(0)
		for changes < len(f.changes)-1 && (changes == 0 || size+f.changes[changes].bytes <= half) {
			size += f.changes[changes].bytes
			changes++
		}
		return 0, changes
	}
	size := f.changeBytes
	// Something stays, and something goes.
	for ; items < len(f.items)-1; items++ {
		size += int64(len(f.items[items].batch))
		if size > half && (items > 0 || len(f.changes) > 0) {
			break
		}
	}
	return items, len(f.changes)
}

// putBack undoes all cuts but the first so many.
func (f *flush) putBack(rests int) {
	for len(f.rests) > rests {
		r := f.rests[len(f.rests)-1]
		f.rests = f.rests[:len(f.rests)-1]
		for _, it := range r.items {
			it.owner.refused = nil
		}
		r.drop(nil)
		f.items, f.changes = append(f.items, r.items...), append(f.changes, r.changes...)
		f.bytes, f.changeBytes, f.held = f.bytes+r.bytes, f.changeBytes+r.changeBytes, f.held+r.held
		f.claims.add(r.claims, 1)
	}
}

// settle ends the cutting of a flush whose place is filled by its stands-th try, or never will be. It returns
// why the flush is not written.
func (l *Log) settle(f *flush, stands int, err error) error {
	if len(f.tries) == 0 {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.signal()
	l.cutting--
	if err == nil {
		err = l.err // nobody would ever come to the queue
	}
	if err != nil {
		f.putBack(0)
		f.tries = nil
		return err
	}
	if stands < len(f.tries) {
		t := f.tries[stands]
		f.putBack(t.rests)
		f.sortItems()
		f.commit = t.commit
		t.info.Encode, t.info.Put, t.info.Retries = f.info.Encode, f.info.Put, f.info.Retries
		f.info = t.info
		f.findOutcomes()
	}
	overtaken := l.nextSeq > f.place+1
	for _, r := range f.rests {
		l.setAsideLocked(r, overtaken)
	}
	f.tries, f.rests = nil, nil
	return nil
}

// setAsideLocked decides what becomes of the rest of a flush whose place is filled.
func (l *Log) setAsideLocked(r *flush, overtaken bool) {
	switch {
	case r.refused:
		l.giveBackLocked(r)
		return
	case overtaken:
		r.drop(fmt.Errorf("%w: it refused the size of the changes, and later ones are under way: try again", ErrUnavailable))
		l.unflushedChanges -= r.changeBytes
		for _, c := range r.changes {
			l.admission.release(c.claims)
			r.claims.add(c.claims, -1)
		}
		r.changes, r.changeBytes = nil, 0
	}
	if r.empty() {
		return
	}
	r.takeOver()
	at := slices.IndexFunc(l.queue, func(q *flush) bool { return q.origin == 0 || q.origin >= r.origin })
	if at < 0 {
		at = len(l.queue)
	}
	l.queue = slices.Insert(l.queue, at, r)
}

// drop gives up the changes of a rest.
func (r *flush) drop(err error) {
	for _, c := range r.changes {
		c.err = err
	}
}
