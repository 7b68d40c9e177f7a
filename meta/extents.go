package meta

import (
	"encoding/binary"
	"fmt"
	"math"
	"sort"
)

// End is the offset behind the extent's last record.
func (e *Extent) End() int64 { return e.Base + int64(e.Count) }

// FindExtent returns the index of the first extent that ends behind offset, or
// len(Extents).
func (p *Partition) FindExtent(offset int64) int {
	return sort.Search(len(p.Extents), func(i int) bool { return p.Extents[i].End() > offset })
}

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
			n-- // nothing of that epoch is left
		}
		p.Epochs = append(p.Epochs[:n], EpochStart{int32(epoch), p.HighWatermark})
	}
	if x.open.To != from || int64(x.open.Count)+int64(b.Offsets) > math.MaxInt32 {
		x.finish()
	}
	if x.open.Count == 0 {
		x.open = Extent{Base: p.HighWatermark, Segment: x.segment.ID, Pos: x.entry.Pos, Len: x.entry.Len, From: from, MaxTimestamp: b.MaxTimestamp}
	}
	x.open.Count += b.Offsets
	x.open.To = from + b.Len
	x.open.MaxTimestamp = max(x.open.MaxTimestamp, b.MaxTimestamp)
	p.HighWatermark += int64(b.Offsets)
}

func (x *extender) finish() {
	if x.open.Count == 0 {
		return
	}
	x.p.Extents = append(x.p.Extents, x.open)
	x.p.unsavedExtents++
	x.segment.Extents++
	x.open = Extent{}
}

// dropExtents forgets the first n extents of a partition.
func (s *State) dropExtents(p *Partition, n int) {
	for i := range p.Extents[:n] {
		if g := s.Segment(p.Extents[i].Segment); g != nil {
			g.Extents--
		}
	}
	p.Extents = p.Extents[n:]
	p.unsavedExtents = min(p.unsavedExtents, len(p.Extents))
	p.trimmed = p.trimmed || n > 0
	// Moving what is left costs no more than what was dropped since the last time,
	// and a partition that shrinks gives memory back.
	if p.slack += n; p.slack > len(p.Extents) {
		p.Extents, p.slack = append([]Extent(nil), p.Extents...), 0
	}
}

// moveStart moves the log's start forward to offset. What lies wholly before it is
// forgotten, except by idempotent producers.
func (s *State) moveStart(p *Partition, offset int64) {
	p.LogStart = offset
	s.dropExtents(p, p.FindExtent(offset))
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

func (e *DeleteRecords) apply(s *application) Outcome {
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
