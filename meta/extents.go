package meta

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"slices"
	"sort"
)

// End is the offset behind the extent's last record.
func (e *Extent) End() int64 { return e.Base + int64(e.Count) }

// bytes is how long the extent's batches are.
func (e *Extent) bytes() int64 { return int64(e.To) - int64(e.From) }

// Extents are the extents of a partition, ascending by Base, without overlap. The zero
// value has none. Whoever may read the state may read them; what they yield are copies.
type Extents struct {
	list    []Extent
	bytes   int64 // of the batches in list
	slack   int   // places of dropped extents in front of list, which its array still holds
	unsaved int   // how many of the last ones bbolt lacks
	trimmed bool  // some were dropped that bbolt may have
}

// All yields every extent.
func (x *Extents) All() iter.Seq[Extent] { return slices.Values(x.list) }

// From yields the extents from the first one that ends behind offset: the one that
// holds it, unless it lies before the first or behind the last.
func (x *Extents) From(offset int64) iter.Seq[Extent] { return slices.Values(x.list[x.find(offset):]) }

// Bytes is how long the batches are that the extents hold.
func (x *Extents) Bytes() int64 { return x.bytes }

// find returns the index of the first extent that ends behind offset, or their number.
func (x *Extents) find(offset int64) int {
	return sort.Search(len(x.list), func(i int) bool { return x.list[i].End() > offset })
}

// add puts an extent behind the last one. Those that are there are never changed in
// place: changes that were taken share them.
func (x *Extents) add(e Extent) {
	x.list = append(x.list, e)
	x.bytes += e.bytes()
}

// drop forgets the first n.
func (x *Extents) drop(n int) {
	for i := range x.list[:n] {
		x.bytes -= x.list[i].bytes()
	}
	x.list = x.list[n:]
	x.unsaved = min(x.unsaved, len(x.list))
	// Moving what is left costs no more than what was dropped since the last time,
	// and a partition that shrinks gives memory back.
	if x.slack += n; x.slack > len(x.list) {
		x.list, x.slack = append([]Extent(nil), x.list...), 0
	}
}

// saved says that bbolt has them all, and no other.
func (x *Extents) saved() { x.unsaved, x.trimmed = 0, false }

// LastStableOffset is the offset before which no transaction is open. There
// are none, so it is the high watermark.
func (p *Partition) LastStableOffset() int64 { return p.HighWatermark }

// LeaderEpoch returns the leader epoch in which the record at offset was
// written, -1 where nothing was.
func (p *Partition) LeaderEpoch(offset int64) int32 {
	i := sort.Search(len(p.Epochs), func(i int) bool { return p.Epochs[i].Start > offset })
	if i == 0 {
		return -1
	}
	return p.Epochs[i-1].Epoch
}

// EpochEnd returns the largest leader epoch up to the one asked for in which
// something was written, and where it ended: where the next one began, or at the
// high watermark (KIP-101, KIP-320). As in Kafka, an epoch older than all that are
// known is returned as asked, with the start of the oldest; -1 gives -1, -1. That
// epoch is not newer than the journal's is for the caller to check.
func (p *Partition) EpochEnd(epoch int32) (e int32, end int64) {
	if epoch < 0 {
		return -1, -1
	}
	next := sort.Search(len(p.Epochs), func(i int) bool { return p.Epochs[i].Epoch > epoch })
	e, end = epoch, p.HighWatermark
	if next > 0 {
		e = p.Epochs[next-1].Epoch
	}
	if next < len(p.Epochs) {
		end = p.Epochs[next].Start
	}
	return e, end
}

// extender adds accepted batches of one block to a partition. Batches that
// follow each other without a gap share an extent.
type extender struct {
	state   *State
	p       *Partition
	segment *Segment
	entry   *Append
	open    Extent // Count 0: none
}

// add accepts the batch that begins at byte from of the uncompressed block.
func (x *extender) add(from int32, b *Batch, epoch uint32) {
	p := x.p
	if n := len(p.Epochs); n == 0 || p.Epochs[n-1].Epoch != int32(epoch) {
		if n > 0 && p.Epochs[n-1].Start == p.HighWatermark {
			// Nothing of that epoch is left. Changes that were taken share the list.
			n--
			p.Epochs = slices.Clone(p.Epochs[:n])
		}
		p.Epochs = append(p.Epochs, EpochStart{int32(epoch), p.HighWatermark})
	}
	if x.open.To != from || int64(x.open.Count)+int64(b.Offsets) > math.MaxInt32 {
		x.finish()
	}
	if x.open.Count == 0 {
		x.open = Extent{Base: p.HighWatermark, Segment: x.segment.ID, Pos: x.entry.Pos, Len: x.entry.Len, From: from, MaxTimestamp: x.state.latest(b)}
	}
	x.open.Count += b.Offsets
	x.open.To = from + b.Len
	x.open.MaxTimestamp = max(x.open.MaxTimestamp, x.state.latest(b))
	x.open.TimeUnknown = x.open.TimeUnknown || b.TimeUnknown
	p.HighWatermark += int64(b.Offsets)
}

// latest is the largest timestamp of a batch, or the time of the commit that brings it where that is not known.
func (s *State) latest(b *Batch) int64 {
	if b.TimeUnknown {
		return s.Time
	}
	return b.MaxTimestamp
}

func (x *extender) finish() {
	if x.open.Count == 0 {
		return
	}
	x.p.Extents.add(x.open)
	x.state.unsaved.extent(x.p)
	x.segment.Extents++
	x.open = Extent{}
}

// dropExtents forgets the first n extents of a partition.
func (s *State) dropExtents(p *Partition, n int) {
	for _, e := range p.Extents.list[:n] {
		if g := s.Segment(e.Segment); g != nil {
			g.Extents--
		}
	}
	p.Extents.drop(n)
}

// moveStart moves the log's start forward to offset. What lies wholly before it is
// forgotten, except by idempotent producers.
func (s *State) moveStart(p *Partition, offset int64) {
	p.LogStart = offset
	if n := p.Extents.find(offset); n > 0 {
		s.dropExtents(p, n)
		s.unsaved.trim(p)
	}
	// The epoch that offset belongs to is the oldest that is left; it begins here now.
	i := sort.Search(len(p.Epochs), func(i int) bool { return p.Epochs[i].Start > offset })
	if i > 0 {
		p.Epochs = append([]EpochStart(nil), p.Epochs[i-1:]...)
		p.Epochs[0].Start = offset
	}
	s.unsaved.partition(p)
}

func (*DeleteRecords) kind() kind { return kindDeleteRecords }

// Validate implements Entry.
func (e *DeleteRecords) Validate() error {
	if e.Partition.Index < 0 {
		return fmt.Errorf("partition %d", e.Partition.Index)
	}
	return nil
}

func (e *DeleteRecords) append(dst []byte) []byte {
	return binary.AppendVarint(appendPartition(dst, e.Partition), e.Offset)
}

func (e *DeleteRecords) apply(s *Application) Outcome {
	p, err := s.findPartition(e.Partition)
	if err != nil {
		return Outcome{Err: err}
	}
	to := e.Offset
	if to == -1 {
		to = p.HighWatermark
	}
	if to < 0 || to > p.HighWatermark {
		return Outcome{Err: fmt.Errorf("%w: %d, the log ends at %d", ErrOffsetOutOfRange, to, p.HighWatermark)}
	}
	if to > p.LogStart {
		s.moveStart(p, to)
	}
	return Outcome{Value: p.LogStart}
}
