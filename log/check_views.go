package log

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"

	"streamhouse/meta"
)

// checkViews verifies what the engine keeps beside the state: that its own topics are the state's, that the tail holds what it
// counts, that what is unflushed is what the flushes hold, and that nobody waits who has gone. It is cheap, and
// needs a log at rest: no call under way, but for reads.
func (l *Log) checkViews() error {
	l.stateMu.RLock()
	errs := []error{l.checkTopicsLocked(), l.checkTailLocked(), l.checkWaitersLocked()}
	l.stateMu.RUnlock()
	return errors.Join(append(errs, l.checkUnflushed(), l.checkPlaces(), l.readers.check(), l.blocks.check())...)
}

// checkTopicsLocked compares the engine's topics with the state's. stateMu is held for reading.
func (l *Log) checkTopicsLocked() error {
	var errs []error
	known := 0
	for m := range l.state.Topics() {
		known++
		if err := l.checkTopicLocked(m); err != nil {
			errs = append(errs, fmt.Errorf("topic %q, id %s: %w", m.Name, meta.FormatID(m.ID), err))
		}
	}
	if known != len(l.topics) {
		errs = append(errs, fmt.Errorf("the engine follows %d topics, the state has %d", len(l.topics), known))
	}
	return errors.Join(errs...)
}

func (l *Log) checkTopicLocked(m *meta.Topic) error {
	t := l.topics[m.ID]
	switch {
	case t == nil:
		return errors.New("the engine does not follow it")
	case t.meta != m || len(t.partitions) != len(m.Partitions):
		return fmt.Errorf("the engine follows another one, of %d partitions instead of %d", len(t.partitions), len(m.Partitions))
	case t.settings != l.configs.settings(m.Configs):
		return fmt.Errorf("the engine has other settings: %+v", t.settings)
	}
	for i, p := range t.partitions {
		if p.meta != m.Partitions[i] || p.id != p.meta.ID || p.topic != t || p.gone {
			return fmt.Errorf("the engine follows another partition %d: gone %t, index %d of topic id %s", i, p.gone, p.id.Index, meta.FormatID(p.id.Topic))
		}
	}
	return nil
}

// checkTailLocked compares the tail's count and queue with the partitions' tails. stateMu is held for reading.
func (l *Log) checkTailLocked() error {
	sum, inTails := int64(0), 0
	for _, t := range l.topics {
		for _, p := range t.partitions {
			inTails += p.tail.len()
			for i := range p.tail.len() {
				sum += int64(len(p.tail.at(i).data))
			}
			if err := p.checkTail(); err != nil {
				return fmt.Errorf("tail of partition %d of topic %q: %w", p.id.Index, t.meta.Name, err)
			}
		}
	}
	next, dead := make(map[*partition]int), 0
	for i := range l.tail.queue.len() {
		e := l.tail.queue.at(i)
		if e.partition.gone {
			dead++
			continue
		}
		at := next[e.partition]
		if next[e.partition]++; at >= e.partition.tail.len() || int64(len(e.partition.tail.at(at).data)) != e.size {
			return fmt.Errorf("the tail's queue has a batch of %d bytes of partition %d of topic %q that is not its batch %d", e.size, e.partition.id.Index, e.partition.topic.meta.Name, at)
		}
	}
	if sum != l.tail.bytes || sum > l.tail.limit || l.tail.queue.len()-dead != inTails || dead != l.tail.dead {
		return fmt.Errorf("the tail counts %d bytes and may hold %d, its partitions hold %d in %d batches; its queue has %d entries, of them %d dead, and counts %d dead",
			l.tail.bytes, l.tail.limit, sum, inTails, l.tail.queue.len(), dead, l.tail.dead)
	}
	return nil
}

// checkTail makes sure that a partition's tail goes on without a gap up to its end.
func (p *partition) checkTail() error {
	if p.tail.len() == 0 {
		return nil
	}
	next := p.tail.at(0).base
	for i := range p.tail.len() {
		b := p.tail.at(i)
		if says := int64(binary.BigEndian.Uint64(b.data)); b.base != next || says != b.base {
			return fmt.Errorf("batch %d begins at %d and says %d, the one before it ends at %d", i, b.base, says, next)
		}
		next += b.data.Offsets()
	}
	if next != p.meta.HighWatermark {
		return fmt.Errorf("it ends at %d, the high watermark is %d", next, p.meta.HighWatermark)
	}
	return nil
}

// checkWaitersLocked finds reads that have returned and left themselves behind. stateMu is held for reading.
func (l *Log) checkWaitersLocked() error {
	for _, t := range l.topics {
		for _, p := range t.partitions {
			if p.waiters.deserted() {
				return fmt.Errorf("a read that has ended still waits for partition %d of topic %q", p.id.Index, t.meta.Name)
			}
		}
	}
	return nil
}

func (ws *waiters) deserted() bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range maps.Keys(ws.set) {
		if w.ended.Load() {
			return true
		}
	}
	return false
}

// checkUnflushed compares what is counted as unflushed with the flushes that exist.
func (l *Log) checkUnflushed() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	flushes := append(l.waitingLocked(), l.inFlight...)
	var bytes, changes, held int64
	for _, f := range flushes {
		bytes, changes, held = bytes+f.bytes, changes+f.changeBytes, held+f.held
	}
	if bytes != l.unflushedBytes || changes != l.unflushedChanges {
		return fmt.Errorf("%d bytes of batches and %d of changes count as unflushed, the flushes hold %d and %d", l.unflushedBytes, l.unflushedChanges, bytes, changes)
	}
	if out := l.writersOut.Load(); out > int64(len(l.inFlight)) || out < 0 {
		return fmt.Errorf("%d segment writers are out for %d flushes in flight", out, len(l.inFlight))
	}
	free := l.o.MaxUnflushedBytes - held
	if free < 0 || !l.unflushed.TryAcquire(free) {
		return fmt.Errorf("the flushes hold %d of the %d bytes that may be unflushed, and the rest is not free", held, l.o.MaxUnflushedBytes)
	}
	l.unflushed.Release(free)
	if free < l.o.MaxUnflushedBytes && l.unflushed.TryAcquire(free+1) {
		l.unflushed.Release(free + 1)
		return fmt.Errorf("the flushes hold %d of the %d bytes that may be unflushed, and more than the rest is free", held, l.o.MaxUnflushedBytes)
	}
	return nil
}

// checkPlaces makes sure that the next flush's place is behind all that was applied and all that is under way.
// A log that has stopped never applies what it had under way.
func (l *Log) checkPlaces() error {
	if l.Err() != nil {
		return nil
	}
	_, first, next := l.places()
	l.stateMu.RLock()
	applied := l.state.Seq
	l.stateMu.RUnlock()
	if first > applied+1 || applied >= next {
		return fmt.Errorf("commit %d is applied, the next flushes' places are %d to %d", applied, first, next)
	}
	return nil
}

// check makes sure that the readers that are remembered stay within their limits.
func (r *readers) check() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := r.positions.Len(); n > maxReaders {
		return fmt.Errorf("%d readers are remembered, at most %d may be", n, maxReaders)
	}
	for _, p := range r.positions.Keys() {
		if w, _ := r.positions.Peek(p); w.bytes < 0 || w.bytes > max(r.limit, 0) || p.offset < 0 {
			return fmt.Errorf("the reader at offset %d of partition %d is read ahead by %d bytes, the limit is %d", p.offset, p.partition.Index, w.bytes, r.limit)
		}
	}
	return nil
}
