package meta

import (
	"bytes"
)

// Changes bring the file from the state at the sequence number where changes were last
// taken to the state at Seq. They are values and absences, never differences: a file
// that has some of them already becomes the same state as one that has none.
//
// They are a copy, or share what is never changed in place, so that they are encoded
// while commits go on.
type Changes struct {
	Seq        uint64
	from       uint64
	position   []byte
	deleted    []TopicID
	topics     []Topic
	partitions []partitionChange
	forgotten  []producerKey
	producers  []producerChange
	segments   []Segment
	offsets    []offsetChange
	names      []nameChange
}

type partitionChange struct {
	id                      PartitionID
	logStart, highWatermark int64
	epochs                  []EpochStart
	trimmed                 bool  // there are no extents before first any more
	first                   int64 // base of the first extent
	extents                 []Extent
}

type producerChange struct {
	partition PartitionID
	Producer
	batches [rememberedBatches]ProducerBatch // where Batches are
}

type offsetChange struct {
	offsetKey
	GroupOffset
	there bool
}

type nameChange struct {
	name string
	namedProducer
	there bool
}

// TakeChanges collects all that has changed since it was last called, since the state
// was loaded, or since [DB.Rewrite] began. It may run beside readers of the state; no
// commit and no other taker may run beside it. It does no I/O. Changes must be
// written in the order in which they were taken.
func (s *State) TakeChanges() *Changes {
	if s.applying {
		panic("meta: changes are taken in the middle of a commit")
	}
	u := &s.unsaved
	c := &Changes{Seq: s.Seq, from: u.from, position: s.appendPosition(nil)}
	c.deleted, c.forgotten = u.deleted, u.forgotten
	c.takeTopics(s)
	c.takePartitions(u)
	c.takeProducers(u)
	for _, id := range u.segments {
		c.segments = append(c.segments, *s.Segment(id))
	}
	c.offsets = make([]offsetChange, 0, len(u.offsets))
	for k := range u.offsets {
		o, ok := s.GroupOffset(k.group, k.partition)
		c.offsets = append(c.offsets, offsetChange{k, o, ok})
	}
	for name := range u.names {
		n, ok := s.names[name]
		c.names = append(c.names, nameChange{name, n, ok})
	}
	u.clear(s.Seq)
	return c
}

func (c *Changes) takeTopics(s *State) {
	for id := range s.unsaved.topics {
		if t := s.topics[id]; t != nil {
			c.topics = append(c.topics, *t)
		}
	}
}

func (c *Changes) takePartitions(u *unsaved) {
	c.partitions = make([]partitionChange, 0, len(u.partitions))
	for _, p := range u.partitions {
		if p.deleted {
			continue
		}
		x := &p.Extents
		fresh := x.list[len(x.list)-x.unsaved:]
		c.partitions = append(c.partitions, partitionChange{p.ID, p.LogStart, p.HighWatermark, p.Epochs, x.trimmed, p.firstBase(), fresh})
	}
}

// firstBase is the offset before which the partition has no extents.
func (p *Partition) firstBase() int64 {
	if len(p.Extents.list) == 0 {
		return p.HighWatermark
	}
	return p.Extents.list[0].Base
}

// takeProducers copies the batches: they are moved in place.
func (c *Changes) takeProducers(u *unsaved) {
	c.producers = make([]producerChange, 0, len(u.producers))
	for _, w := range u.producers {
		if p := w.partition; !p.deleted && p.Producers[w.producer.ID] == w.producer {
			c.producers = append(c.producers, producerChange{partition: p.ID, Producer: *w.producer})
			last := &c.producers[len(c.producers)-1]
			copy(last.batches[:], last.Batches)
		}
	}
}

// encode makes the operations of the changes. A topic that was deleted goes with all
// that was its, before anything is put: its id may have come back.
func (c *Changes) encode() *batch {
	b := &batch{}
	for _, id := range c.deleted {
		from, to := id[:], keyAfter(id)
		for _, in := range []bucket{inTopics, inPartitions, inExtents, inProducers} {
			b[in].deleteRange(from, to)
		}
	}
	for i := range c.topics {
		b[inTopics].put(c.topics[i].ID[:], c.topics[i].appendValue)
	}
	var key []byte
	for i := range c.partitions {
		key = b.partition(&c.partitions[i], key)
	}
	for _, k := range c.forgotten {
		key = appendProducerKey(key[:0], k.partition, k.id)
		b[inProducers].delete(key)
	}
	for i := range c.producers {
		w := &c.producers[i]
		w.Batches = w.batches[:len(w.Batches)]
		key = appendProducerKey(key[:0], w.partition, w.ID)
		b[inProducers].put(key, w.appendValue)
	}
	for i := range c.segments {
		key = appendSegmentKey(key[:0], c.segments[i].ID)
		b[inSegments].put(key, c.segments[i].appendValue)
	}
	for i := range c.offsets {
		o := &c.offsets[i]
		key = appendOffsetKey(key[:0], o.offsetKey)
		b[inOffsets].putOrDelete(o.there, key, o.appendValue)
	}
	for i := range c.names {
		n := &c.names[i]
		b[inNames].putOrDelete(n.there, []byte(n.name), n.appendValue)
	}
	return b
}

func (b *batch) partition(p *partitionChange, key []byte) []byte {
	value := Partition{LogStart: p.logStart, HighWatermark: p.highWatermark, Epochs: p.epochs}
	key = appendPartitionKey(key[:0], p.id)
	b[inPartitions].put(key, value.appendValue)
	if p.trimmed {
		b[inExtents].deleteRange(appendExtentKey(nil, p.id, 0), appendExtentKey(nil, p.id, p.first))
	}
	for i := range p.extents {
		key = appendExtentKey(key[:0], p.id, p.extents[i].Base)
		b[inExtents].put(key, p.extents[i].appendValue)
	}
	return key
}

// empty reports whether nothing but the position may have changed.
func (c *Changes) empty() bool {
	return len(c.deleted)+len(c.topics)+len(c.partitions)+len(c.forgotten)+len(c.producers)+len(c.segments)+len(c.offsets)+len(c.names) == 0
}

// keyAfter returns the first key behind those that begin with a topic's id.
func keyAfter(id TopicID) []byte {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i]++; id[i] != 0 {
			return id[:i+1]
		}
	}
	return bytes.Repeat([]byte{0xff}, len(id)+13) // longer than any key of a topic
}
