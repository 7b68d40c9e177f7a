package meta

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Check verifies every invariant of the state by itself, and returns all that
// is wrong. It needs to be the only user of the state, or among readers.
func (s *State) Check() error {
	var c checker
	refs := make(map[uint64]int)
	for id, t := range s.topics {
		c.that(t.ID == id && s.byName[t.Name] == t, "topic %q is not found by its id and name", t.Name)
		for i, p := range t.Partitions {
			c.that(p.ID == PartitionID{id, int32(i)}, "partition %d of %q has id %v", i, t.Name, p.ID)
			c.partition(s, t.Name, p, refs)
		}
	}
	c.that(len(s.byName) == len(s.topics), "%d topics have %d names", len(s.topics), len(s.byName))
	for id, g := range s.segments {
		c.that(g.ID == id && g.ID <= s.Seq && g.Size > 0, "segment %d: id %d, size %d, at seq %d", id, g.ID, g.Size, s.Seq)
		c.that(g.Extents == refs[id], "segment %d counts %d extents, %d refer to it", id, g.Extents, refs[id])
	}
	for group, offsets := range s.groups {
		c.that(len(offsets) > 0, "group %q has no offsets", group)
		for p := range offsets {
			c.that(s.Partition(p) != nil, "group %q has an offset of partition %d of topic %x, which is gone", group, p.Index, p.Topic)
		}
	}
	for name, n := range s.producers {
		c.that(n.ID > 0 && n.ID < s.nextProducer, "producer %q has id %d, %d is next", name, n.ID, s.nextProducer)
	}
	return errors.Join(c.errs...)
}

type checker struct{ errs []error }

func (c *checker) that(ok bool, format string, args ...any) {
	if !ok {
		c.errs = append(c.errs, fmt.Errorf(format, args...))
	}
}

func (c *checker) partition(s *State, topic string, p *Partition, refs map[uint64]int) {
	name := fmt.Sprintf("%s/%d", topic, p.ID.Index)
	c.that(0 <= p.LogStart && p.LogStart <= p.HighWatermark, "%s: log start %d, high watermark %d", name, p.LogStart, p.HighWatermark)
	at := p.LogStart
	for i, e := range p.Extents {
		// The first may begin before the log's start; the others follow without a gap.
		c.that(e.Base == at || i == 0 && e.Base < at && e.End() > at, "%s: extent at %d where %d is next", name, e.Base, at)
		c.that(e.Count > 0 && e.Len > 0 && e.Pos >= 0 && 0 <= e.From && e.From < e.To, "%s: extent %+v", name, e)
		c.that(s.segments[e.Segment] != nil, "%s: extent at %d is in segment %d, which is unknown", name, e.Base, e.Segment)
		refs[e.Segment]++
		at = e.End()
	}
	c.that(at == p.HighWatermark, "%s: the extents end at %d, the high watermark is %d", name, at, p.HighWatermark)
	for i, e := range p.Epochs {
		c.that(e.Epoch <= int32(s.Epoch) && e.Start <= p.HighWatermark, "%s: epoch %d starts at %d", name, e.Epoch, e.Start)
		c.that(i == 0 || e.Epoch > p.Epochs[i-1].Epoch && e.Start >= p.Epochs[i-1].Start, "%s: epochs %v", name, p.Epochs)
	}
	for id, w := range p.Producers {
		c.that(w.ID == id && len(w.Batches) > 0 && len(w.Batches) <= rememberedBatches, "%s: producer %d is %+v", name, id, w)
	}
}

// Diff describes how two states differ, or returns "". What is not yet written to bbolt does not count.
func (s *State) Diff(other *State) string {
	var diffs []string
	for _, part := range []struct {
		name string
		a, b any
	}{
		{"cluster", s.Cluster, other.Cluster}, {"epoch", s.Epoch, other.Epoch}, {"seq", s.Seq, other.Seq}, {"seq epoch", s.SeqEpoch, other.SeqEpoch},
		{"time", s.Time, other.Time}, {"last expiry", s.lastExpiry, other.lastExpiry}, {"next producer", s.nextProducer, other.nextProducer},
		{"segments", s.segments, other.segments}, {"groups", s.groups, other.groups}, {"named producers", s.producers, other.producers},
	} {
		if !reflect.DeepEqual(part.a, part.b) {
			diffs = append(diffs, fmt.Sprintf("%s: %v against %v", part.name, part.a, part.b))
		}
	}
	for id, t := range s.topics {
		diffs = append(diffs, diffTopic(t, other.topics[id])...)
	}
	for id, t := range other.topics {
		if s.topics[id] == nil {
			diffs = append(diffs, fmt.Sprintf("topic %q: only there", t.Name))
		}
	}
	return strings.Join(diffs, "\n")
}

func diffTopic(a, b *Topic) (diffs []string) {
	if b == nil {
		return []string{fmt.Sprintf("topic %q: only here", a.Name)}
	}
	if a.Name != b.Name || a.CreatedAt != b.CreatedAt || len(a.Partitions) != len(b.Partitions) || fmt.Sprint(a.Configs) != fmt.Sprint(b.Configs) {
		return []string{fmt.Sprintf("topic %q: %+v against %+v", a.Name, a, b)}
	}
	for i, p := range a.Partitions {
		if x, y := fmt.Sprintf("%+v", p.comparable()), fmt.Sprintf("%+v", b.Partitions[i].comparable()); x != y {
			diffs = append(diffs, fmt.Sprintf("%s/%d: %s against %s", a.Name, i, x, y))
		}
	}
	return diffs
}

// comparable holds what a partition is, in a form that prints alike when it is alike.
func (p *Partition) comparable() any {
	producers := make(map[int64]Producer, len(p.Producers))
	for id, w := range p.Producers {
		producers[id] = *w
	}
	return struct {
		Start, End int64
		Extents    []Extent
		Epochs     []EpochStart
		Producers  map[int64]Producer
	}{p.LogStart, p.HighWatermark, p.Extents, p.Epochs, producers}
}
