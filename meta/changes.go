package meta

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Changes is what one transaction writes: it brings the file from the state at the
// sequence number where changes were last taken to the state at Seq.
type Changes struct {
	Seq      uint64
	from     uint64
	position []byte
	ops      [len(buckets)][]byte
}

// The kinds of operation on a bucket. An operation is encoded as
//
//	kind   byte
//	key    length (4 bytes), bytes
//	value  length (4 bytes), bytes; for a range the key behind its last
const (
	opPut byte = iota
	opDelete
	opDeleteRange
)

const opHeadLen = 9

// TakeChanges collects all that has changed since it was last called, or since the
// state was loaded. It needs exclusive access, and does no I/O. Changes must be
// written in the order in which they were taken; see [Changes.Merge] for those of a
// write that failed.
func (s *State) TakeChanges() *Changes {
	u := &s.unsaved
	c := &Changes{Seq: s.Seq, from: u.from, position: s.appendPosition(nil)}
	c.takeTopics(s)
	c.takePartitions(u)
	c.takeProducers(u)
	for _, id := range u.segments {
		c.set(inSegments, appendSegmentKey(nil, id), s.Segment(id).appendValue)
	}
	for k := range u.offsets {
		o, ok := s.GroupOffset(k.group, k.partition)
		c.setOrDelete(ok, inOffsets, appendOffsetKey(nil, k), o.appendValue)
	}
	for name := range u.names {
		n, ok := s.names[name]
		c.setOrDelete(ok, inNames, []byte(name), n.appendValue)
	}
	u.clear(s.Seq)
	return c
}

// takeTopics removes deleted topics with all that was theirs, before anything is
// put: an id may have come back.
func (c *Changes) takeTopics(s *State) {
	for _, id := range s.unsaved.deleted {
		from, to := id[:], keyAfter(id)
		for _, b := range []bucket{inTopics, inPartitions, inExtents, inProducers} {
			c.add(b, opDeleteRange, from, to)
		}
	}
	for id := range s.unsaved.topics {
		if t := s.topics[id]; t != nil {
			c.set(inTopics, id[:], t.appendValue)
		}
	}
}

func (c *Changes) takePartitions(u *unsaved) {
	var key []byte
	for _, p := range u.partitions {
		if p.deleted {
			continue
		}
		key = appendPartitionKey(key[:0], p.ID)
		c.set(inPartitions, key, p.appendValue)
		if p.Extents.trimmed {
			c.add(inExtents, opDeleteRange, appendExtentKey(nil, p.ID, 0), appendExtentKey(nil, p.ID, p.firstBase()))
		}
		list := p.Extents.list
		for i := len(list) - p.Extents.unsaved; i < len(list); i++ {
			e := &list[i]
			key = appendExtentKey(key[:0], p.ID, e.Base)
			c.set(inExtents, key, e.appendValue)
		}
	}
}

// firstBase is the offset before which the partition has no extents.
func (p *Partition) firstBase() int64 {
	if len(p.Extents.list) == 0 {
		return p.HighWatermark
	}
	return p.Extents.list[0].Base
}

func (c *Changes) takeProducers(u *unsaved) {
	for _, k := range u.forgotten {
		c.add(inProducers, opDelete, appendProducerKey(nil, k.partition, k.id), nil)
	}
	var key []byte
	for _, w := range u.producers {
		if p := w.partition; !p.deleted && p.Producers[w.producer.ID] == w.producer {
			key = appendProducerKey(key[:0], p.ID, w.producer.ID)
			c.set(inProducers, key, w.producer.appendValue)
		}
	}
}

// add notes an operation; the last two arguments are copied.
func (c *Changes) add(b bucket, kind byte, key, value []byte) {
	c.ops[b] = append(appendOp(c.ops[b], kind, key, len(value)), value...)
}

func appendOp(dst []byte, kind byte, key []byte, valueLen int) []byte {
	dst = binary.LittleEndian.AppendUint32(append(dst, kind), uint32(len(key)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(valueLen))
	return append(dst, key...)
}

// set puts the value that appendValue encodes.
func (c *Changes) set(b bucket, key []byte, appendValue func([]byte) []byte) {
	at := len(c.ops[b])
	dst := appendValue(appendOp(c.ops[b], opPut, key, 0))
	binary.LittleEndian.PutUint32(dst[at+5:], uint32(len(dst)-at-opHeadLen-len(key)))
	c.ops[b] = dst
}

func (c *Changes) setOrDelete(there bool, b bucket, key []byte, appendValue func([]byte) []byte) {
	if there {
		c.set(b, key, appendValue)
	} else {
		c.add(b, opDelete, key, nil)
	}
}

// Merge appends the changes taken next after c, so that c is worth both: for
// changes whose write failed. It fails with ErrSequence, and changes nothing, where
// next does not follow c.
func (c *Changes) Merge(next *Changes) error {
	if next.from != c.Seq {
		return fmt.Errorf("%w: changes from %d where changes up to %d were taken", ErrSequence, next.from, c.Seq)
	}
	c.Seq, c.position = next.Seq, next.position
	for b := range c.ops {
		c.ops[b] = append(c.ops[b], next.ops[b]...)
	}
	return nil
}

// empty reports whether nothing but the position may have changed.
func (c *Changes) empty() bool {
	for _, ops := range c.ops {
		if len(ops) > 0 {
			return false
		}
	}
	return true
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
