package meta

import (
	"encoding/binary"
	"fmt"
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

// EpochEnd returns the largest leader epoch that wrote something and is not
// above epoch, and the offset at which the next one began or the log ends
// (KIP-101, KIP-320); -1, -1 where there is none.
func (p *Partition) EpochEnd(epoch int32) (int32, int64) {
	i := sort.Search(len(p.Epochs), func(i int) bool { return p.Epochs[i].Epoch > epoch })
	if i == 0 {
		return -1, -1
	}
	if i == len(p.Epochs) {
		return p.Epochs[i-1].Epoch, p.HighWatermark
	}
	return p.Epochs[i-1].Epoch, p.Epochs[i].Start
}

// extender adds accepted batches of one block to a partition. Batches that
// follow each other without a gap share an extent.
type extender struct {
	s       *State
	p       *Partition
	segment *Segment
	entry   *Append
	open    Extent // Count 0: none
}

func (x *extender) add(from int32, b *Batch, epoch uint32) {
	p := x.p
	if n := len(p.Epochs); n == 0 || p.Epochs[n-1].Epoch != int32(epoch) {
		p.Epochs = append(p.Epochs, EpochStart{int32(epoch), p.HighWatermark})
	}
	if x.open.Count > 0 && (x.open.To != from || int64(x.open.Count)+int64(b.Offsets) > 1<<31-1) {
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
	x.segment.Extents++
	x.s.dirty.partitions[x.p.ID] = struct{}{}
	x.s.dirty.extents[extentKey{x.p.ID, x.open.Base}] = struct{}{}
	x.open = Extent{}
}

// dropExtents forgets the first n extents of a partition.
func (s *State) dropExtents(p *Partition, n int) {
	for i := range p.Extents[:n] {
		e := &p.Extents[i]
		if g := s.segments[e.Segment]; g != nil {
			g.Extents--
		}
		s.dirty.extents[extentKey{p.ID, e.Base}] = struct{}{}
	}
	// A copy lets go of the old array: a partition that shrinks gives memory back.
	p.Extents = append([]Extent(nil), p.Extents[n:]...)
}

func (*DeleteRecords) kind() kind { return kindDeleteRecords }

// Validate implements Entry.
func (e *DeleteRecords) Validate() error {
	if e.Partition.Index < 0 {
		return fmt.Errorf("partition %d", e.Partition.Index)
	}
	return nil
}

// append writes: partition, offset varint.
func (e *DeleteRecords) append(dst []byte) []byte {
	return binary.AppendVarint(appendPartition(dst, e.Partition), e.Offset)
}

func (e *DeleteRecords) apply(s *State, c *Commit) Outcome {
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
		p.LogStart = to
		s.dropExtents(p, p.FindExtent(to))
		s.dirty.partitions[p.ID] = struct{}{}
	}
	return Outcome{Value: p.LogStart}
}
