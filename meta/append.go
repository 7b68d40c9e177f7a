package meta

import (
	"encoding/binary"
	"errors"
	"fmt"
)

func (e *Append) kind() kind {
	if e.Legacy {
		return kindLegacyAppend
	}
	return kindAppend
}

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
			return fmt.Errorf("a batch of %d bytes and %d offsets by producer %d, epoch %d, sequence %d",
				b.Len, b.Offsets, b.ProducerID, b.ProducerEpoch, b.BaseSequence)
		}
		if b.TimeUnknown && (e.Legacy || b.MaxTimestamp != 0) {
			return fmt.Errorf("a largest timestamp of %d that is not known, in an entry of kind %d", b.MaxTimestamp, e.kind())
		}
		size += int64(b.Len)
	}
	if size > 1<<31-1 {
		return fmt.Errorf("batches of %d bytes", size)
	}
	return nil
}

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
		dst = e.appendAttributes(dst, b)
		dst = binary.AppendUvarint(dst, uint64(b.ProducerID)+1)
		if b.ProducerID >= 0 {
			dst = binary.AppendUvarint(dst, uint64(b.ProducerEpoch))
			dst = binary.AppendUvarint(dst, uint64(b.BaseSequence))
		}
	}
	return dst
}

// timeUnknown stands beside the 16 attributes of a batch.
const timeUnknown = 1 << 16

func (e *Append) appendAttributes(dst []byte, b *Batch) []byte {
	if e.Legacy {
		return binary.AppendVarint(dst, int64(b.Attributes))
	}
	v := uint64(uint16(b.Attributes))
	if b.TimeUnknown {
		v |= timeUnknown
	}
	return binary.AppendUvarint(dst, v)
}

func (r *reader) attributes(legacy bool, b *Batch) {
	if legacy {
		b.Attributes = int16(r.narrow(16))
		return
	}
	v := r.max(timeUnknown<<1 - 1)
	b.Attributes, b.TimeUnknown = int16(v), v&timeUnknown != 0
}

func (r *reader) appendEntry(legacy bool) *Append {
	e := &Append{Legacy: legacy, Partition: r.partition(), Pos: r.int64(), Len: r.int32()}
	n := r.count(5)
	if n > 0 {
		e.Batches = make([]Batch, n)
	}
	for i := range e.Batches {
		b := &e.Batches[i]
		b.Len, b.Offsets, b.MaxTimestamp = r.int32(), r.int32(), r.varint()
		r.attributes(legacy, b)
		b.ProducerID = int64(r.max(1<<63) - 1)
		if b.ProducerID >= 0 {
			b.ProducerEpoch, b.BaseSequence = int16(r.max(1<<15-1)), r.int32()
		}
	}
	return e
}

// apply gives the batches their offsets: the order of the journal is the order
// of the log.
func (e *Append) apply(s *Application) Outcome {
	segment := s.ownSegment(s.commit)
	p, err := s.findPartition(e.Partition)
	if err != nil {
		return Outcome{Err: err}
	}
	out := s.room(len(e.Batches))
	x := extender{state: s.State, p: p, segment: segment, entry: e}
	from := int32(0)
	for i := range e.Batches {
		b, o := &e.Batches[i], &out[i]
		o.LogStart = p.LogStart
		producer, known, err := p.checkSequence(b, e.Legacy)
		switch {
		case err != nil:
			o.Err = err
		case known != nil:
			o.Base, o.Duplicate, o.Timestamp = known.Base, true, known.Timestamp
		default:
			o.Base = p.HighWatermark
			x.add(from, b, s.commit.Epoch)
			s.remember(p, producer, b, o.Base)
		}
		from += b.Len
	}
	x.finish()
	return Outcome{Batches: out}
}

// ownSegment returns the record of the commit's own segment, and makes it for the
// first append: it stays even where no batch is accepted, as the object is there.
// The result is valid until the next segment is made.
func (s *State) ownSegment(c *Commit) *Segment {
	n := len(s.segments)
	if n == 0 || s.segments[n-1].ID != c.Seq {
		s.segments = append(s.segments, Segment{ID: c.Seq, Epoch: c.Epoch, Size: c.Size})
		s.unsaved.segment(c.Seq)
		n++
	}
	return &s.segments[n-1]
}
