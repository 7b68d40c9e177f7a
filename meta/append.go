package meta

import (
	"encoding/binary"
	"errors"
	"fmt"
)

func (*Append) kind() kind { return kindAppend }

// Validate implements Entry.
func (e *Append) Validate() error {
	if e.Pos < 0 || e.Len <= 0 || e.Partition.Index < 0 {
		return fmt.Errorf("a block of %d bytes at %d for partition %d", e.Len, e.Pos, e.Partition.Index)
	}
	if len(e.Batches) == 0 {
		return errors.New("a block without batches")
	}
	size := int64(0)
	for _, b := range e.Batches {
		if b.Len <= 0 || b.Offsets <= 0 || b.ProducerID < -1 || b.ProducerID >= 0 && (b.ProducerEpoch < 0 || b.BaseSequence < 0) {
			return fmt.Errorf("a batch of %d bytes and %d offsets by producer %d, epoch %d, sequence %d", b.Len, b.Offsets, b.ProducerID, b.ProducerEpoch, b.BaseSequence)
		}
		size += int64(b.Len)
	}
	if size > 1<<31-1 {
		return fmt.Errorf("batches of %d bytes", size)
	}
	return nil
}

// append writes: partition (topic id 16 bytes, index uvarint), position
// uvarint, length uvarint, count of batches uvarint; each batch: length
// uvarint, offsets uvarint, largest timestamp varint, attributes varint,
// producer id + 1 uvarint and, unless that is 0, epoch uvarint and base
// sequence uvarint.
func (e *Append) append(dst []byte) []byte {
	dst = appendPartition(dst, e.Partition)
	dst = binary.AppendUvarint(dst, uint64(e.Pos))
	dst = binary.AppendUvarint(dst, uint64(e.Len))
	dst = binary.AppendUvarint(dst, uint64(len(e.Batches)))
	for i := range e.Batches {
		b := &e.Batches[i]
		dst = binary.AppendUvarint(dst, uint64(b.Len))
		dst = binary.AppendUvarint(dst, uint64(b.Offsets))
		dst = binary.AppendVarint(dst, b.MaxTimestamp)
		dst = binary.AppendVarint(dst, int64(b.Attributes))
		dst = binary.AppendUvarint(dst, uint64(b.ProducerID+1))
		if b.ProducerID >= 0 {
			dst = binary.AppendUvarint(dst, uint64(b.ProducerEpoch))
			dst = binary.AppendUvarint(dst, uint64(b.BaseSequence))
		}
	}
	return dst
}

func (r *reader) appendEntry() *Append {
	e := &Append{Partition: r.partition(), Pos: r.int64(), Len: r.int32()}
	n := r.count(5)
	if n > 0 {
		e.Batches = make([]Batch, n)
	}
	for i := range e.Batches {
		b := &e.Batches[i]
		b.Len, b.Offsets, b.MaxTimestamp = r.int32(), r.int32(), r.varint()
		b.Attributes, b.ProducerID = int16(r.narrow(16)), int64(r.max(1<<63-1))-1
		if b.ProducerID >= 0 {
			b.ProducerEpoch, b.BaseSequence = int16(r.max(1<<15-1)), r.int32()
		}
	}
	return e
}

// apply gives the batches their offsets: the order of the journal is the order
// of the log.
func (e *Append) apply(s *State, c *Commit) Outcome {
	segment := s.keepSegment(c)
	p, err := s.findPartition(e.Partition)
	if err != nil {
		return Outcome{Err: err}
	}
	out := make([]BatchOutcome, len(e.Batches))
	x := extender{s: s, p: p, segment: segment, entry: e}
	from := int32(0)
	for i := range e.Batches {
		b := &e.Batches[i]
		out[i].LogStart = p.LogStart
		producer, known, err := s.checkSequence(p, b)
		switch {
		case err != nil:
			out[i].Err = err
		case known != nil:
			out[i].Base, out[i].Duplicate = known.Base, true
		default:
			out[i].Base = p.HighWatermark
			x.add(from, b, c.Epoch)
			s.remember(p, producer, b, out[i].Base, c)
		}
		from += b.Len
	}
	x.finish()
	return Outcome{Batches: out}
}

// keepSegment returns the record of the commit's own segment.
func (s *State) keepSegment(c *Commit) *Segment {
	g := s.segments[c.Seq]
	if g == nil {
		g = &Segment{ID: c.Seq, Epoch: c.Epoch, Size: c.Size}
		s.segments[c.Seq] = g
		s.dirty.segments[c.Seq] = struct{}{}
	}
	return g
}
