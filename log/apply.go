package log

import (
	"fmt"
	"time"

	"streamhouse/meta"
)

// apply applies a flush's commit to the state, and brings along what follows the
// state, in steps that hold stateMu for about a millisecond. Between them
// readers see one partition before the commit and another behind it, and whoever sees a new high
// watermark finds the batches in the tail. It returns the partitions that grew.
//
// One entry is never cut in two; the documentation of package meta names those that take longer. Here,
// a topic that is deleted gives back its batches in the tail, too: 0.1 s where they are 600,000.
func (l *Log) apply(f *flush) (touched []*partition, err error) {
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	a, err := l.state.Begin(f.commit)
	if err != nil {
		return nil, fmt.Errorf("apply commit %d: %w", f.commit.Seq, err)
	}
	s := applying{Log: l, flush: f, application: a, items: f.items}
	for done := false; !done; {
		l.stateMu.Lock()
		start := time.Now()
		done = s.step()
		held := time.Since(start)
		l.stateMu.Unlock()
		if l.o.Events.StateHeld != nil {
			l.o.Events.StateHeld(held)
		}
	}
	f.outcomes = a.Outcomes()
	if l.state.Unsaved() > maxUnsaved {
		select {
		case l.file.due <- struct{}{}:
		default:
		}
	}
	return s.touched, nil
}

// applying is a flush between two steps.
type applying struct {
	*Log
	flush       *flush
	application *meta.Application
	entries     int     // that the engine has followed
	items       []*item // that are still to be placed: their order is that of the entries
	touched     []*partition
}

// step needs stateMu held.
func (s *applying) step() (done bool) {
	// 1. Apply assigns offsets, finds duplicates and fences. The state is a
	// function of the journal, so a crash from here on loses nothing but memory.
	done = s.application.Step(applyStep)
	outcomes := s.application.Outcomes()
	// 2. The engine's own view of topics follows the state.
	s.followTopics(s.flush.commit.Entries[s.entries:len(outcomes)])
	s.entries = len(outcomes)
	// 3. Readers that keep up find the batches in the tail, with their offsets.
	for len(s.items) > 0 && int(s.items[0].entry) < len(outcomes) {
		s.fillTail(s.items[0], &outcomes[s.items[0].entry])
		s.items = s.items[1:]
	}
	// 4. What the flush was let in to add is part of the state.
	if done {
		s.admission.settle(s.flush.claims, s.state.Usage())
		s.flush.claims = claim{}
	}
	return done
}

// fillTail gives an accepted batch its offset and puts it into the tail.
func (s *applying) fillTail(it *item, out *meta.Outcome) {
	if out.Err != nil {
		return
	}
	switch b := out.Batches[it.index]; {
	case b.Duplicate:
		emit0(s.o.Events.Duplicate)
	case b.Err == nil:
		it.batch.Patch(b.Base, int32(s.flush.commit.Epoch))
		s.tail.add(it.partition, b.Base, it.batch)
		if s.o.Events.Appended != nil {
			s.o.Events.Appended(int64(len(it.batch)), int64(it.batch.Count()))
		}
		if n := len(s.touched); n == 0 || s.touched[n-1] != it.partition {
			s.touched = append(s.touched, it.partition)
		}
	}
}
