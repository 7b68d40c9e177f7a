package simulation

import (
	"fmt"
	"maps"
	"slices"

	"streamhouse/log"
)

// topicState is what a topic is like.
type topicState struct {
	there      bool
	partitions int32
	configs    string // as fmt prints the map
}

// topicModel is a topic that is changed by one client, one change after the other. While the
// answer to a change is open or lost, several states are possible.
type topicModel struct{ possible []topicState }

// printConfigs returns configs in a form that can be compared; fmt sorts them.
func printConfigs(configs map[string]string) string { return fmt.Sprint(configs) }

// topicIsThere notes a topic that was created before the run.
func (m *model) topicIsThere(name string, s topicState) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.topics[name] = &topicModel{possible: []topicState{s}}
}

// changeTopic notes that a topic is about to be changed; the change returns false where a
// state does not let it happen. done is called with the outcome.
func (m *model) changeTopic(name string, change func(topicState) (topicState, bool)) (done func(acknowledged bool)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.topics[name]
	if t == nil {
		t = &topicModel{possible: []topicState{{}}}
		m.topics[name] = t
	}
	before := t.possible
	var after []topicState
	for _, s := range before {
		if s, ok := change(s); ok {
			after = append(after, s)
		}
	}
	t.possible = distinct(append(slices.Clone(before), after...))
	return func(acknowledged bool) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if acknowledged {
			t.possible = distinct(after)
		}
	}
}

// forget drops what is known of a topic's records, which are about to be deleted.
func (m *model) forget(topic string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.parts, func(p part, _ *partition) bool { return p.topic == topic })
}

func distinct(all []topicState) []topicState {
	set := make(map[topicState]bool)
	for _, s := range all {
		set[s] = true
	}
	return slices.Collect(maps.Keys(set))
}

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

func (m *model) checkTopicsLocked(e *log.Log) map[string]log.TopicID {
	ids := make(map[string]log.TopicID)
	there := make(map[string]topicState)
	for _, t := range e.Topics() {
		ids[t.Name] = t.ID
		there[t.Name] = topicState{there: true, partitions: t.Partitions, configs: printConfigs(t.Configs)}
		if m.topics[t.Name] == nil {
			m.fail("topic %s was never created", t.Name)
		}
	}
	for name, t := range m.topics {
		if !slices.Contains(t.possible, there[name]) {
			m.fail("topic %s is %+v, which has to be one of %+v", name, there[name], t.possible)
		}
	}
	return ids
}
