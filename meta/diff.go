package meta

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxDifferences is how many differences Diff words; the others are counted.
const maxDifferences = 20

// Diff describes how two states differ, a line for each difference, or returns "" where
// they are the same. Which changes were taken does not count. It may run beside other
// readers of both.
func (s *State) Diff(other *State) string {
	var d differ
	d.value("cluster", s.Cluster, other.Cluster)
	d.value("epoch", s.Epoch, other.Epoch)
	d.value("seq", s.Seq, other.Seq)
	d.value("seq epoch", s.SeqEpoch, other.SeqEpoch)
	d.value("time", s.Time, other.Time)
	d.value("next producer id", s.nextProducer, other.nextProducer)
	d.value("last expiry", s.lastExpiry, other.lastExpiry)
	diffMaps(&d, "topic", topicsByText(s), topicsByText(other), d.topic)
	diffMaps(&d, "segment", segmentsByID(s), segmentsByID(other), func(name string, a, b Segment) { d.value(name, a, b) })
	diffMaps(&d, "group", s.groups, other.groups, func(name string, a, b map[PartitionID]GroupOffset) {
		diffMaps(&d, name, offsetsByText(a), offsetsByText(b), func(name string, a, b GroupOffset) { d.value(name, a, b) })
	})
	diffMaps(&d, "named producer", s.names, other.names, func(name string, a, b namedProducer) { d.value(name, a, b) })
	if n := d.count - len(d.lines); n > 0 {
		d.lines = append(d.lines, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(d.lines, "\n")
}

type differ struct {
	lines []string
	count int
}

func (d *differ) add(format string, args ...any) {
	if d.count++; d.count <= maxDifferences {
		d.lines = append(d.lines, fmt.Sprintf(format, args...))
	}
}

// value compares two comparable values.
func (d *differ) value(name string, a, b any) {
	if a != b {
		d.add("%s: %+v against %+v", name, a, b)
	}
}

// diffMaps compares what two maps have in common with equal, in the order of the
// keys, and notes what only one of them has.
func diffMaps[K cmp.Ordered, V any](d *differ, name string, a, b map[K]V, equal func(name string, a, b V)) {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	for _, k := range slices.Compact(keys) {
		x, here := a[k]
		y, there := b[k]
		switch name := fmt.Sprintf("%s %v", name, k); {
		case !there:
			d.add("%s: only in the first", name)
		case !here:
			d.add("%s: only in the second", name)
		default:
			equal(name, x, y)
		}
	}
}

func topicsByText(s *State) map[string]*Topic {
	m := make(map[string]*Topic, len(s.topics))
	for id, t := range s.topics {
		m[fmt.Sprintf("%x", id)] = t
	}
	return m
}

func segmentsByID(s *State) map[uint64]Segment {
	m := make(map[uint64]Segment, len(s.segments))
	for _, g := range s.segments {
		m[g.ID] = g
	}
	return m
}

func offsetsByText(offsets map[PartitionID]GroupOffset) map[string]GroupOffset {
	m := make(map[string]GroupOffset, len(offsets))
	for p, o := range offsets {
		m[fmt.Sprintf("%x/%d", p.Topic, p.Index)] = o
	}
	return m
}

func (d *differ) topic(name string, a, b *Topic) {
	d.value(name+" name", a.Name, b.Name)
	d.value(name+" creation time", a.CreatedAt, b.CreatedAt)
	diffMaps(d, name+" config", a.Configs, b.Configs, func(name string, a, b string) { d.value(name, a, b) })
	d.value(name+" replicas", a.Replicas, b.Replicas)
	d.value(name+" number of partitions", len(a.Partitions), len(b.Partitions))
	for i := range min(len(a.Partitions), len(b.Partitions)) {
		d.partition(fmt.Sprintf("%s (%s/%d)", name, a.Name, i), a.Partitions[i], b.Partitions[i])
	}
}

func (d *differ) partition(name string, a, b *Partition) {
	d.value(name+" id", a.ID, b.ID)
	d.value(name+" log start", a.LogStart, b.LogStart)
	d.value(name+" high watermark", a.HighWatermark, b.HighWatermark)
	diffLists(d, name+" extent", a.Extents.list, b.Extents.list)
	diffLists(d, name+" epoch", a.Epochs, b.Epochs)
	diffMaps(d, name+" producer", a.Producers, b.Producers, func(name string, a, b *Producer) {
		d.value(name+" id", a.ID, b.ID)
		d.value(name+" epoch", a.Epoch, b.Epoch)
		d.value(name+" last time", a.LastTime, b.LastTime)
		diffLists(d, name+" batch", a.Batches, b.Batches)
	})
}

func diffLists[T comparable](d *differ, name string, a, b []T) {
	if len(a) != len(b) {
		d.add("%s: %d against %d of them", name, len(a), len(b))
	}
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			d.add("%s %d: %+v against %+v", name, i, a[i], b[i])
		}
	}
}
