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
	made       int    // the number of the change that created it
}

// looks returns what can be seen of a state.
func (s topicState) looks() topicState {
	s.made = 0
	return s
}

// topicModel is a topic that several clients change, at the same time, too. It holds every state that may
// be the case: all orders of the changes that are open, each of which has happened or not.
type topicModel struct {
	possible []possibility
	open     [64]func(topicState) (topicState, bool)
	removals int // begun and ended: what was acknowledged before one and after it may be of two topics
	removing int // under way
}

// possibility is a state with the open changes that it contains, one bit for each.
type possibility struct {
	state topicState
	has   uint64
}

// outcome is what the client that makes a change learns of it.
type outcome int

const (
	lost         outcome = iota // nothing: it may have happened, or may yet
	acknowledged                // it has happened
	refused                     // it has happened, in an attempt whose answer was lost, or will not
)

// printConfigs returns configs in a form that can be compared; fmt sorts them.
func printConfigs(configs map[string]string) string { return fmt.Sprint(configs) }

// topicIsThere notes a topic that was created before the run.
func (m *model) topicIsThere(name string, s topicState) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes++
	s.made = m.changes
	m.topics[name] = &topicModel{possible: []possibility{{state: s}}}
}

// changeTopic notes that a topic is about to be changed; the change returns false where a
// state does not let it happen. done is called with the outcome.
func (m *model) changeTopic(name string, change func(topicState) (topicState, bool)) (done func(outcome)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.topicLocked(name)
	slot := slices.IndexFunc(t.open[:], func(f func(topicState) (topicState, bool)) bool { return f == nil })
	m.changes++
	number := m.changes
	t.open[slot] = func(s topicState) (topicState, bool) {
		before := s.there
		s, ok := change(s)
		if s.there && !before {
			s.made = number
		}
		return s, ok
	}
	t.spread()
	return func(o outcome) {
		m.mu.Lock()
		defer m.mu.Unlock()
		t.end(slot, o)
	}
}

func (m *model) topicLocked(name string) *topicModel {
	if m.topics[name] == nil {
		m.topics[name] = &topicModel{possible: []possibility{{}}}
	}
	return m.topics[name]
}

// spread adds what the open changes can make of what is possible. A change happens again where the client
// asks again since the answer to it was lost: what it made may have been undone in between by another client.
// Which of the two then made the topic is not known.
func (t *topicModel) spread() {
	known := make(map[possibility]bool)
	for _, p := range t.possible {
		known[p] = true
	}
	for i := 0; i < len(t.possible); i++ {
		for slot, change := range t.open {
			p := t.possible[i]
			if change == nil {
				continue
			}
			if s, ok := change(p.state); ok {
				if p.has&(1<<slot) != 0 && s.made != p.state.made {
					s.made = 0
				}
				if next := (possibility{s, p.has | 1<<slot}); !known[next] {
					known[next] = true
					t.possible = append(t.possible, next)
				}
			}
		}
	}
}

// end notes what became of a change. One that is lost stays open.
func (t *topicModel) end(slot int, o outcome) {
	if o == lost {
		return
	}
	left := make(map[possibility]bool)
	for _, p := range t.possible {
		if o == refused || p.has&(1<<slot) != 0 {
			p.has &^= 1 << slot
			left[p] = true
		}
	}
	t.possible, t.open[slot] = slices.Collect(maps.Keys(left)), nil
}

// removeTopic is changeTopic for a deletion: what is known of the topic's records is forgotten.
func (m *model) removeTopic(name string) (done func(outcome)) {
	m.forget(name, 1)
	end := m.changeTopic(name, func(s topicState) (topicState, bool) { return topicState{}, s.there })
	return func(o outcome) {
		end(o)
		if o != lost { // else it may come at any time
			m.forget(name, -1)
		}
	}
}

// forget drops what is known of a topic's records when a deletion begins or ends.
func (m *model) forget(name string, removing int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.topicLocked(name)
	t.removals++
	t.removing += removing
	maps.DeleteFunc(m.parts, func(p part, _ *partition) bool { return p.topic == name })
}

// lifeLocked numbers the lives of a topic; known is false while it may be about to end.
func (m *model) lifeLocked(name string) (life int, known bool) {
	t := m.topicLocked(name)
	return t.removals, t.removing == 0
}

// checkTopicsLocked compares the topics of an engine with the model, and their ids with those that were seen.
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
		var made []int // the creations that it may come from
		for _, p := range t.possible {
			if p.state.looks() == there[name] {
				made = append(made, p.state.made)
			}
		}
		if len(made) == 0 {
			m.fail("topic %s is %+v, which has to be one of %+v", name, there[name], t.possible)
		} else if made = slices.Compact(slices.Sorted(slices.Values(made))); len(made) == 1 && made[0] > 0 {
			m.checkIDLocked(name, made[0], ids[name])
		}
	}
	return ids
}

// checkIDLocked makes sure that a topic keeps its id for life, and that no other one gets it.
func (m *model) checkIDLocked(name string, made int, id log.TopicID) {
	if before, ok := m.ids[made]; ok && before != id {
		m.fail("topic %s had id %x and has id %x", name, before, id)
	}
	if other, ok := m.creations[id]; ok && other != made {
		m.fail("topic %s was created anew and has its former id %x", name, id)
	}
	m.ids[made], m.creations[id] = id, made
}
