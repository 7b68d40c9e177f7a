package log

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"streamhouse/log/record"
	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
)

// flush is what becomes durable together: batches of many partitions and other
// changes of state. It is filled while it is the log's current flush, waits in the queue once it is full, and is sealed.
type flush struct {
	// Filled under Log.mu while open, read only afterwards, except that what is too large for the store is cut.
	items       []*item
	changes     []*change // all but the appends
	requests    int       // calls that brought them
	bytes       int64     // of the batches
	changeBytes int64     // of the entries of the changes
	held        int64     // of Log.unflushed, by the batches
	claims      claim     // what its requests were let in to add to the state; none any more once it is applied

	// Set by seal and encode.
	place   uint64  // its sequence number
	placed  []*item // the batches that it had when it got its place, however it is cut
	commit  *meta.Commit
	hurry   bool // others were under way when it was sealed
	body    []byte
	writer  *segment.Writer
	info    FlushInfo
	written chan error // the outcome of the PUT

	// Log.mu guards them; see soloLocked.
	objectBytes int64 // of its object; of the largest that it may become until it is encoded
	filled      bool  // its place

	cut // what became of it where it was too large

	// outcomes and err are set before done is closed. denied is closed when the
	// store fails for good; the flush keeps its place in the journal and is tried on.
	done      chan struct{}
	denied    chan struct{}
	permanent error // set before denied is closed
	err       error
	outcomes  []meta.Outcome
}

// item is one batch of a flush. entry and index say where its outcome stands.
type item struct {
	owner        *appending
	partition    *partition
	batch        record.Batch
	arrival      int32 // its number in the flush that took it
	entry, index int32
}

// change is what one call brought that is no append: its entries are in one commit.
type change struct {
	entries []meta.Entry
	bytes   int64
	claims  claim  // what they were let in to add to the state together
	flush   *flush // the one that has it; Log.mu guards it until that flush is done
	at      int    // where the outcome of its first entry stands
	err     error  // why it is in no commit; set before the flush is done
}

func newFlush() *flush {
	return &flush{written: make(chan error, 1), done: make(chan struct{}), denied: make(chan struct{})}
}

func (f *flush) empty() bool { return len(f.items) == 0 && len(f.changes) == 0 }

// size is what counts against the bound of a flush, bytes.
func (f *flush) size() int64 { return f.bytes + f.changeBytes }

// run is the life of the write path, one goroutine: it seals flushes, gives
// each its place in the journal and lets it be written. A second goroutine, commitAll,
// applies them in that order.
func (l *Log) run() {
	defer close(l.pipeline)
	for {
		f, wait := l.trySeal(time.Now())
		if f != nil {
			l.pipeline <- f
			l.writers.Go(func() { l.write(f) })
			continue
		}
		if !l.idle(wait) {
			return
		}
	}
}

// trySeal takes the flush that is due, else it says how long until one is; 0: until
// something changes. Those that are full go first, in their order; nothing overtakes.
func (l *Log) trySeal(now time.Time) (*flush, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.inFlight) >= l.o.MaxInFlight || l.cutting > 0 || l.soloLocked() || l.err != nil {
		return nil, 0
	}
	f := l.current
	if len(l.queue) > 0 {
		f = l.queue[0]
		if len(l.inFlight) > 0 && l.inFlight[0].place < f.origin {
			return nil, 0 // it is a rest; those before it may turn out to have one as well
		}
		l.queue = slices.Delete(l.queue, 0, 1)
		l.fitLocked(f)
		l.sealLocked(f, now)
		return f, 0
	}
	if f.empty() {
		return nil, 0
	}
	if f.size() < l.flushLimit && l.wantRoom == 0 && !l.closed {
		if l.o.FlushInterval == 0 && len(l.inFlight) > 0 {
			return nil, 0 // the next one starts when this one lands
		}
		if due := l.lastFlush.Add(l.o.FlushInterval); now.Before(due) {
			return nil, due.Sub(now)
		}
	}
	// Those from the queue leave the clock alone. A client that gives up sooner than the flush interval, and whose next try makes
	// the open flush too full each time, would else be in the fresh one each time, and never in one that is written.
	l.lastFlush = now
	l.current = newFlush()
	l.fitLocked(f)
	l.sealLocked(f, now)
	return f, 0
}

// sealLocked gives a flush its place in the journal. Only now: what waits in the queue may never come to its PUT.
func (l *Log) sealLocked(f *flush, now time.Time) {
	f.hurry = len(l.inFlight) > 0
	l.inFlight = append(l.inFlight, f)
	f.placed = slices.Clone(f.items)
	f.objectBytes = f.mostObjectBytes()
	f.place = l.nextSeq
	l.nextSeq++
	f.commit = &meta.Commit{Epoch: l.epoch, Seq: f.place, Time: l.o.Now().UnixMilli()}
}

// idle waits until the current flush may be due. It returns false when the log has
// stopped, or is closing and nothing is left.
func (l *Log) idle(wait time.Duration) bool {
	l.mu.Lock()
	over := l.err != nil || l.closed && l.current.empty() && len(l.queue) == 0 && l.cutting == 0
	l.mu.Unlock()
	if over {
		return false
	}
	var due <-chan time.Time
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-l.wake:
	case <-due:
	case <-l.quit.Done():
		return false
	}
	return true
}

// write encodes a sealed flush and PUTs it, and cuts it while it is too large for the store. Several run at once.
func (l *Log) write(f *flush) {
	place := l.journal.Place(f.commit.Epoch, f.commit.Seq)
	for {
		start := time.Now()
		if err := l.encode(f); err != nil {
			f.written <- l.settle(f, 0, err)
			return
		}
		f.info.Encode += time.Since(start)
		refusals := l.encoded(f)
		start = time.Now()
		// An empty commit cannot be made smaller: a store that refuses even that is in trouble.
		stands, retries, err := place.Append(l.quit, f.body, f.empty(), func(err error) { l.storeFailed(f, err) })
		f.info.Put += time.Since(start)
		f.info.Retries += retries
		if errors.Is(err, objstore.ErrTooLarge) {
			if err = l.overtaken(f, l.cutFlush(f, err)); err != nil {
				f.written <- l.settle(f, 0, err)
				return
			}
			continue
		}
		if err == nil {
			l.storeWorks(retries)
			l.placeFilled(f, stands == len(f.tries), refusals)
		}
		f.written <- l.settle(f, stands, err)
		return
	}
}

// encode builds the segment: blocks sorted by partition, then the commit.
func (l *Log) encode(f *flush) error {
	if f.writer == nil {
		f.writer = l.writerPool.Get().(*segment.Writer)
		l.writersOut.Add(1)
	}
	f.writer.Reset(f.hurry)
	f.commit = &meta.Commit{Epoch: f.commit.Epoch, Seq: f.commit.Seq, Time: f.commit.Time}
	f.info.Partitions = 0
	f.sortItems()
	batches := make([]record.Batch, len(f.items))
	for i, it := range f.items {
		batches[i] = it.batch
	}
	for i, n := 0, 0; i < len(f.items); i = n {
		for n = i; n < len(f.items) && f.items[n].partition == f.items[i].partition; {
			n++
		}
		f.info.Partitions++
		for block := batches[i:n]; len(block) > 0; {
			entry := f.writer.Block(f.items[i].partition.id, block)
			f.commit.Entries = append(f.commit.Entries, entry)
			block = block[len(entry.Batches):]
		}
	}
	for _, c := range f.changes {
		f.commit.Entries = append(f.commit.Entries, c.entries...)
	}
	f.findOutcomes()
	var err error
	f.body, err = l.journal.Encode(f.writer, f.commit)
	f.info.Seq, f.info.Batches, f.info.Entries = f.commit.Seq, len(f.items), len(f.commit.Entries)
	f.info.BatchBytes, f.info.ObjectBytes = f.bytes, int64(len(f.body))
	return err
}

// sortItems sorts the batches as blocks are, by partition and then in the order in which they came.
func (f *flush) sortItems() {
	slices.SortFunc(f.items, func(a, b *item) int {
		return cmp.Or(a.partition.id.Compare(b.partition.id), cmp.Compare(a.arrival, b.arrival))
	})
}

// findOutcomes notes where in the commit's outcomes each batch's and each change's will stand, and in the commit of
// which batches nobody knows the largest timestamp. The batches are sorted.
func (f *flush) findOutcomes() {
	at, items := 0, f.items
	for ; len(items) > 0; at++ {
		entry := f.commit.Entries[at].(*meta.Append)
		n := len(entry.Batches)
		for k, it := range items[:n] {
			it.entry, it.index = int32(at), int32(k)
			if it.owner.timeUnknown {
				entry.Batches[k].TimeUnknown, entry.Batches[k].MaxTimestamp = true, 0
			}
		}
		items = items[n:]
	}
	for _, c := range f.changes {
		c.at = at
		at += len(c.entries)
	}
}

// commitAll takes the flushes in journal order, whatever the order in which
// their PUTs end. Behind one that failed all others fail, too: they may be in the
// bucket, but the next broker's seal stands before them and makes them void.
func (l *Log) commitAll() {
	var failed error
	for f := range l.pipeline {
		err := <-f.written
		if failed != nil {
			err = failed
		}
		if err == nil {
			err = l.commit(f)
		}
		if err != nil {
			failed = err
			l.fail(f, err)
		}
		l.landed(f)
	}
}

// commit makes a written flush part of the log. What a crash leaves behind after
// each step:
func (l *Log) commit(f *flush) error {
	// 0. Before: the segment is not in the bucket, or it is and nobody knows. Nobody
	// was answered; if it is there, the next broker's replay applies it.
	if err := l.Err(); err != nil {
		return err
	}
	// 1 to 4. The state, the engine's view of topics, the tail and the bounds; see applying.step. The
	// commit is in the bucket, so a crash from here on loses nothing but memory.
	touched, err := l.apply(f)
	if err != nil {
		return err
	}
	// 5. Fetches that wait are woken: they see the new high watermark.
	for _, p := range touched {
		p.waiters.wake()
	}
	// 6. Producers and all others in this flush are answered. A crash before this
	// makes an idempotent producer retry; the retry is a duplicate.
	close(f.done)
	if l.o.Events.Flushed != nil {
		l.o.Events.Flushed(f.info)
	}
	return nil
}

// fail answers everybody in a flush that will never be applied by this process.
func (l *Log) fail(f *flush, err error) {
	if errors.Is(err, context.Canceled) {
		err = ErrClosed
		if stopped := l.Err(); stopped != nil {
			err = stopped
		}
	} else {
		l.stop(err)
	}
	f.err = err
	close(f.done)
}

// landed gives back what a flush held.
func (l *Log) landed(f *flush) {
	l.giveBackWriter(f)
	l.mu.Lock()
	l.inFlight = slices.DeleteFunc(l.inFlight, func(g *flush) bool { return g == f })
	l.giveBackLocked(f)
	l.mu.Unlock()
	l.signal()
}

// giveBackLocked gives back what a flush held of the room for what is unflushed, and, where it is not
// applied, of the room in the state.
func (l *Log) giveBackLocked(f *flush) {
	l.admission.release(f.claims)
	f.claims = claim{}
	l.unflushedBytes -= f.bytes
	l.unflushedChanges -= f.changeBytes
	l.unflushed.Release(f.held)
}

func (l *Log) giveBackWriter(f *flush) {
	if f.writer == nil {
		return
	}
	if l.writersOut.Add(-1); f.writer.Cap() <= maxPooledBytes {
		l.writerPool.Put(f.writer)
	}
	f.writer, f.body = nil, nil
}

// signal wakes run. It never blocks.
func (l *Log) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
