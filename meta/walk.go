package meta

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
)

var (
	// stepPairs is how many pairs a walk reads before it lets go of the state. Tests lower both.
	stepPairs = 500
	// copyPairs is how many pairs a transaction of a copy holds.
	copyPairs = 20_000
)

// walk goes over a whole state in the order of the file's keys, while commits are applied
// between its steps. Every pair that it hands out was true at some moment since it
// began: what changed meanwhile is for the changes to set right.
//
// Whatever it holds on to over a step may be gone behind it: a topic that was deleted
// is walked on, a partition's extents are found again by their offsets.
type walk struct {
	state   *State
	reading sync.Locker          // held while the state is looked at
	write   func(b *batch) error // called without it
	ctx     context.Context

	topics []TopicID // of the state when the walk began, in order, like the others
	groups []string
	names  []string

	batch        batch
	looked, read int // things looked at in this step; pairs in batch
	key          []byte
	err          error
}

// newWalk begins a walk. No commit may run beside it.
func newWalk(s *State) *walk {
	return &walk{
		state:  s,
		topics: slices.Collect(maps.Keys(s.topics)),
		groups: slices.Collect(maps.Keys(s.groups)),
		names:  slices.Collect(maps.Keys(s.names)),
	}
}

// run hands all pairs to write.
func (w *walk) run() error {
	slices.SortFunc(w.topics, func(a, b TopicID) int { return slices.Compare(a[:], b[:]) })
	slices.SortFunc(w.groups, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	slices.Sort(w.names)
	w.look()
	w.flush()
	return w.err
}

// look reads the state, in steps.
func (w *walk) look() {
	w.reading.Lock()
	defer w.reading.Unlock()
	w.eachTopic(func(t *Topic) { w.put(inTopics, t.ID[:], t.appendValue) })
	w.eachPartition(func(p *Partition) {
		w.key = appendPartitionKey(w.key[:0], p.ID)
		w.put(inPartitions, w.key, p.appendValue)
	})
	w.eachPartition(w.extents)
	w.eachPartition(w.producers)
	w.segments()
	w.offsets()
	for _, name := range w.names {
		if n, ok := w.state.names[name]; ok {
			w.put(inNames, []byte(name), n.appendValue)
		}
		w.step()
	}
}

func (w *walk) put(to bucket, key []byte, appendValue func([]byte) []byte) {
	if w.err == nil {
		w.batch[to].put(key, appendValue)
		w.read++
	}
}

// step counts a thing that was looked at, and lets commits and others in when there
// were enough of them. After an error the walk goes nowhere.
func (w *walk) step() (goOn bool) {
	if w.looked++; w.looked < stepPairs || w.err != nil {
		return w.err == nil
	}
	w.looked = 0
	w.outside(func() {
		if w.err = w.ctx.Err(); w.err == nil && w.read >= copyPairs {
			w.flush()
		}
	})
	return w.err == nil
}

// outside does what needs no state.
func (w *walk) outside(f func()) {
	w.reading.Unlock()
	defer w.reading.Lock()
	f()
}

func (w *walk) flush() {
	if w.err != nil || w.read == 0 {
		return
	}
	w.err = w.write(&w.batch)
	for i := range w.batch {
		w.batch[i].reset()
	}
	w.read = 0
}

func (w *walk) eachTopic(f func(*Topic)) {
	for _, id := range w.topics {
		if t := w.state.topics[id]; t != nil {
			f(t)
		}
		if !w.step() {
			return
		}
	}
}

func (w *walk) eachPartition(f func(*Partition)) {
	w.eachTopic(func(t *Topic) {
		for i := 0; i < len(t.Partitions) && w.step(); i++ {
			f(t.Partitions[i])
		}
	})
}

func (w *walk) extents(p *Partition) {
	for from := int64(0); ; {
		rest := p.Extents.list[p.Extents.find(from):]
		if len(rest) == 0 {
			return
		}
		rest = rest[:min(len(rest), stepPairs)]
		for i := range rest {
			w.key = appendExtentKey(w.key[:0], p.ID, rest[i].Base)
			w.put(inExtents, w.key, rest[i].appendValue)
		}
		from = rest[len(rest)-1].End()
		if w.looked += len(rest); !w.step() {
			return
		}
	}
}

func (w *walk) producers(p *Partition) {
	for _, id := range walkKeys(w, p.Producers, cmp.Compare[int64]) {
		if producer := p.Producers[id]; producer != nil {
			w.key = appendProducerKey(w.key[:0], p.ID, id)
			w.put(inProducers, w.key, producer.appendValue)
		}
		if !w.step() {
			return
		}
	}
}

func (w *walk) segments() {
	for next := uint64(0); ; {
		i, _ := w.state.segmentIndex(next)
		if i == len(w.state.segments) {
			return
		}
		g := &w.state.segments[i]
		next = g.ID + 1
		w.key = appendSegmentKey(w.key[:0], g.ID)
		if w.put(inSegments, w.key, g.appendValue); !w.step() {
			return
		}
	}
}

func (w *walk) offsets() {
	for _, group := range w.groups {
		for _, p := range walkKeys(w, w.state.groups[group], PartitionID.Compare) {
			if o, ok := w.state.GroupOffset(group, p); ok {
				w.key = appendOffsetKey(w.key[:0], offsetKey{group, p})
				w.put(inOffsets, w.key, o.appendValue)
			}
			if !w.step() {
				return
			}
		}
	}
}

// walkKeys returns a map's keys in order. Many of them are not sorted while others wait.
func walkKeys[K comparable, V any](w *walk, m map[K]V, order func(a, b K) int) []K {
	if len(m) == 0 {
		return nil
	}
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	if len(keys) < min(stepPairs, 50) {
		slices.SortFunc(keys, order)
	} else {
		w.outside(func() { slices.SortFunc(keys, order) })
	}
	return keys
}
