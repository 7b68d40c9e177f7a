package cache

import "container/list"

// lane runs spans, at most limit of them and limitBytes of their bytes at once
// (one alone may be larger). The others wait: the urgent ones go first, else in order.
// Its fields are guarded by the cache's mutex.
type lane struct {
	limit      int
	limitBytes int64
	run        func(*span)

	running      int
	runningBytes int64
	urgent       *list.List // of *span
	patient      *list.List // of *span
	patientKeys  int        // in the spans of patient
}

func newLane(limit int, limitBytes int64, run func(*span)) lane {
	return lane{limit: limit, limitBytes: limitBytes, run: run, urgent: list.New(), patient: list.New()}
}

func (l *lane) push(s *span) {
	s.lane = l
	if s.urgent {
		s.place = l.urgent.PushBack(s)
		return
	}
	s.place = l.patient.PushBack(s)
	l.patientKeys += len(s.calls)
}

// first returns the span whose turn it is, or nil.
func (l *lane) first() *span {
	for _, q := range []*list.List{l.urgent, l.patient} {
		if e := q.Front(); e != nil {
			return e.Value.(*span)
		}
	}
	return nil
}

// pop takes out the span whose turn it is, or returns nil.
func (l *lane) pop() *span {
	s := l.first()
	if s != nil {
		l.remove(s)
	}
	return s
}

// remove takes out a span that waits.
func (l *lane) remove(s *span) {
	if s.urgent {
		l.urgent.Remove(s.place)
	} else {
		l.patient.Remove(s.place)
		l.patientKeys -= len(s.calls)
	}
	s.lane, s.place = nil, nil
}

// hasRoom says whether s may run now.
func (l *lane) hasRoom(s *span) bool {
	return l.running == 0 || l.running < l.limit && l.runningBytes+s.bytes <= l.limitBytes
}

// dispatchLocked starts the spans of a lane for which there is room.
func (c *Cache) dispatchLocked(l *lane) {
	for s := l.first(); s != nil && !c.closed && l.hasRoom(s); s = l.first() {
		l.remove(s)
		l.running++
		l.runningBytes += s.bytes
		c.wg.Go(func() {
			l.run(s)
			c.mu.Lock()
			defer c.mu.Unlock()
			l.running--
			l.runningBytes -= s.bytes
			c.dispatchLocked(l)
		})
	}
}
