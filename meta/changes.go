package meta

import "encoding/binary"

// dirty is what has changed since the last TakeChanges, by key. What it is now, or
// that it is gone, is looked up when the changes are taken: a partition that changed a
// hundred times is written once.
type dirty struct {
	topics     map[TopicID]struct{}
	partitions map[PartitionID]struct{}
	extents    map[extentKey]struct{}
	producers  map[producerKey]struct{}
	segments   map[uint64]struct{}
	offsets    map[offsetKey]struct{}
	names      map[string]struct{}
}

type extentKey struct {
	partition PartitionID
	base      int64
}

type producerKey struct {
	partition PartitionID
	id        int64
}

type offsetKey struct {
	group     string
	partition PartitionID
}

func newDirty() dirty {
	return dirty{
		topics:     make(map[TopicID]struct{}),
		partitions: make(map[PartitionID]struct{}),
		extents:    make(map[extentKey]struct{}),
		producers:  make(map[producerKey]struct{}),
		segments:   make(map[uint64]struct{}),
		offsets:    make(map[offsetKey]struct{}),
		names:      make(map[string]struct{}),
	}
}

// Changes is what one transaction writes: the file then holds the state at Seq.
type Changes struct {
	Seq uint64
	ops [len(buckets)][]op
}

// op puts a value, or deletes the key where it is nil.
type op struct{ key, value []byte }

// TakeChanges collects all that has changed since it was last called. It needs
// exclusive access, and does no I/O. Changes must be written in the order in which they were taken.
func (s *State) TakeChanges() *Changes {
	c := &Changes{Seq: s.Seq}
	d := s.dirty
	s.dirty = newDirty()
	c.set(inPosition, positionKey, s.appendPosition(nil))
	for id := range d.topics {
		c.set(inTopics, id[:], encodeIf(s.topics[id]))
	}
	for id := range d.partitions {
		c.set(inPartitions, appendPartitionKey(nil, id), encodeIf(s.Partition(id)))
	}
	for k := range d.extents {
		c.set(inExtents, appendExtentKey(nil, k), encodeIf(s.extent(k)))
	}
	for k := range d.producers {
		c.set(inProducers, appendProducerKey(nil, k), encodeIf(s.producer(k)))
	}
	for id := range d.segments {
		c.set(inSegments, binary.BigEndian.AppendUint64(nil, id), encodeIf(s.segments[id]))
	}
	for k := range d.offsets {
		var value []byte
		if o, ok := s.GroupOffset(k.group, k.partition); ok {
			value = o.appendValue(nil)
		}
		c.set(inOffsets, appendOffsetKey(nil, k), value)
	}
	for name := range d.names {
		var value []byte
		if n, ok := s.producers[name]; ok {
			value = n.appendValue(nil)
		}
		c.set(inNames, []byte(name), value)
	}
	return c
}

func (c *Changes) set(b bucket, key, value []byte) { c.ops[b] = append(c.ops[b], op{key, value}) }

// valued is what has a value in the file.
type valued interface{ appendValue([]byte) []byte }

// encodeIf encodes what is there; nil means that it is gone.
func encodeIf[T any, P interface {
	*T
	valued
}](p P) []byte {
	if p == nil {
		return nil
	}
	return p.appendValue(nil)
}

func (s *State) extent(k extentKey) *Extent {
	p := s.Partition(k.partition)
	if p == nil {
		return nil
	}
	i := p.FindExtent(k.base)
	if i == len(p.Extents) || p.Extents[i].Base != k.base {
		return nil
	}
	return &p.Extents[i]
}

func (s *State) producer(k producerKey) *Producer {
	p := s.Partition(k.partition)
	if p == nil {
		return nil
	}
	return p.Producers[k.id]
}
