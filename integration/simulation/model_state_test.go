package simulation

import (
	"slices"

	"streamhouse/log"
)

// position names where a group stands in a partition.
type position struct {
	group string
	part  part
}

// positionModel is what may be committed. Where several members commit, each behind
// what the one before it had acknowledged, only the bounds are known.
type positionModel struct {
	possible []committed // of a group with one committer; nil otherwise
	low      int64       // acknowledged; -1: nothing was
	high     int64       // tried
	tries    int
}

type committed struct {
	offset   int64 // -1: nothing is
	metadata string
}

func (m *model) positionLocked(p position) *positionModel {
	k := m.positions[p]
	if k == nil {
		k = &positionModel{low: -1, high: -1}
		m.positions[p] = k
	}
	return k
}

// commit notes that the only committer of a group is about to commit.
func (m *model) commit(p position, c committed) (done func(acknowledged bool)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.positionLocked(p)
	if k.possible == nil {
		k.possible = []committed{{offset: -1}}
	}
	k.possible = append(k.possible, c)
	return func(acknowledged bool) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if acknowledged {
			k.possible = []committed{c}
		}
	}
}

// advance notes that a member of a group is about to commit.
func (m *model) advance(p position, offset int64) (acknowledged func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.positionLocked(p)
	k.high = max(k.high, offset)
	k.tries++
	last := k.tries
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if last < k.tries {
			return // another member commits, too, and which of them was first is not known
		}
		if offset < k.low {
			m.fail("group %s had committed %d of %v, and a member was let commit %d", p.group, k.low, p.part, offset)
		}
		k.low = max(k.low, offset)
	}
}

// check compares the state of an engine with the model: all that needs no records. What
// an engine has applied before it answers is in its state, and what is tried is in the
// model before it is sent: so with the model held still they must agree.
func (m *model) check(e *log.Log) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ids := m.checkTopicsLocked(e)
	for p := range m.parts {
		if id, ok := ids[p.topic]; ok {
			if b, err := e.Bounds(log.PartitionID{Topic: id, Index: p.index}); err != nil {
				m.fail("the bounds of %v: %v", p, err)
			} else {
				m.checkBoundsLocked(p, b)
			}
		}
	}
	for p, k := range m.positions {
		c := committed{offset: -1}
		if o, ok := e.CommittedOffset(p.group, log.PartitionID{Topic: ids[p.part.topic], Index: p.part.index}); ok {
			c = committed{o.Offset, o.Metadata}
		}
		switch {
		case k.possible != nil && !slices.Contains(k.possible, c):
			m.fail("group %s has committed %v of %v, which has to be one of %v", p.group, c, p.part, k.possible)
		case k.possible == nil && (c.offset < k.low || c.offset > k.high):
			m.fail("group %s has committed %d of %v, which has to be %d to %d", p.group, c.offset, p.part, k.low, k.high)
		}
	}
}
