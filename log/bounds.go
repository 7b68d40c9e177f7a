package log

import (
	"context"
	"math"

	"streamhouse/log/record"
	"streamhouse/log/segment"
	"streamhouse/meta"
)

// Bounds are the ends of a partition's log.
type Bounds struct {
	LogStart      int64
	HighWatermark int64 // the next offset; readers see what lies before it
	LastStable    int64 // last stable offset
	LeaderEpoch   int32
}

// Bounds returns the ends of a partition, or ErrTopicNotFound or ErrPartitionNotFound.
func (l *Log) Bounds(id PartitionID) (Bounds, error) {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	p, err := l.partitionLocked(id)
	if err != nil {
		return Bounds{}, err
	}
	return Bounds{p.meta.LogStart, p.meta.HighWatermark, p.meta.LastStableOffset(), int32(l.epoch)}, nil
}

// EpochEnd returns the largest leader epoch that is not above epoch and the
// offset at which it ended (KIP-101, KIP-320); -1, -1 where there is none.
func (l *Log) EpochEnd(id PartitionID, epoch int32) (int32, int64, error) {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	p, err := l.partitionLocked(id)
	if err != nil {
		return -1, -1, err
	}
	if epoch == int32(l.epoch) {
		return epoch, p.meta.HighWatermark, nil
	}
	if epoch > int32(l.epoch) {
		return -1, -1, nil
	}
	e, end := p.meta.EpochEnd(epoch)
	return e, end, nil
}

// OffsetAt is a position with the timestamp of its record. Offset is -1 where there is none.
type OffsetAt struct {
	Offset      int64
	Timestamp   int64 // milliseconds since 1970, -1 where unknown
	LeaderEpoch int32
}

var nowhere = OffsetAt{-1, -1, -1}

// OffsetForTime returns the first record whose timestamp is ts or later, milliseconds since 1970.
func (l *Log) OffsetForTime(ctx context.Context, id PartitionID, ts int64) (OffsetAt, error) {
	from, err := l.firstExtentUpTo(id, ts)
	if err != nil || from < 0 {
		return nowhere, err
	}
	found := nowhere
	err = l.eachRecord(ctx, id, from, func(r record.Record) bool {
		if r.Timestamp >= ts {
			found = OffsetAt{Offset: r.Offset, Timestamp: r.Timestamp}
		}
		return found.Offset < 0
	})
	return l.withEpoch(id, found), err
}

// firstExtentUpTo returns where to begin the search for a record of ts or later, -1 where there is none.
func (l *Log) firstExtentUpTo(id PartitionID, ts int64) (int64, error) {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	p, err := l.partitionLocked(id)
	if err != nil {
		return -1, err
	}
	for e := range p.meta.Extents.All() {
		if e.MaxTimestamp >= ts {
			return max(e.Base, p.meta.LogStart), nil
		}
	}
	return -1, nil
}

// OffsetForMaxTime returns the first record with the largest timestamp (KIP-734).
func (l *Log) OffsetForMaxTime(ctx context.Context, id PartitionID) (OffsetAt, error) {
	start, cut, largest, err := l.maxTimes(id)
	if err != nil {
		return nowhere, err
	}
	best := nowhere
	if cut.MaxTimestamp > largest {
		err = l.eachRecord(ctx, id, start, func(r record.Record) bool {
			if r.Offset < cut.End() && (best.Offset < 0 || r.Timestamp > best.Timestamp) {
				best = OffsetAt{Offset: r.Offset, Timestamp: r.Timestamp}
			}
			return r.Offset+1 < cut.End()
		})
	}
	switch {
	case err != nil:
		return nowhere, err
	case best.Offset >= 0 && best.Timestamp >= largest:
		return l.withEpoch(id, best), nil
	}
	return l.OffsetForTime(ctx, id, largest)
}

// maxTimes returns the log's start, the extent that begins before it, and the largest timestamp of all
// others. What the first extent's is worth only its records can tell: the one that has it may be deleted.
func (l *Log) maxTimes(id PartitionID) (start int64, cut meta.Extent, largest int64, err error) {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	cut.MaxTimestamp, largest = math.MinInt64, math.MinInt64
	p, err := l.partitionLocked(id)
	if err != nil {
		return 0, cut, largest, err
	}
	for e := range p.meta.Extents.All() {
		if e.Base < p.meta.LogStart { // only the first may
			cut = e
			continue
		}
		largest = max(largest, e.MaxTimestamp)
	}
	return p.meta.LogStart, cut, largest, nil
}

// eachRecord calls yield for the records from an offset on, until it returns false or the log ends.
func (l *Log) eachRecord(ctx context.Context, id PartitionID, offset int64, yield func(record.Record) bool) error {
	for {
		res := l.Read(ctx, []ReadRequest{{Partition: id, Offset: offset, MaxBytes: segment.BlockBytes, LeaderEpoch: -1}},
			ReadOptions{MaxBytes: segment.BlockBytes, MinBytes: 1, MaxWait: lookupTimeout, lookup: true})[0]
		if res.Err != nil {
			return res.Err
		}
		if res.Bytes == 0 {
			return lookupFailure(ctx, offset, res.HighWatermark)
		}
		start, more := offset, true
		err := record.Decode(res.Records, offset, func(r record.Record) bool {
			offset, more = r.Offset+1, yield(r)
			return more
		})
		if err != nil || !more || offset >= res.HighWatermark || offset == start {
			return err
		}
	}
}

// lookupFailure says why a lookup got nothing: it stands at the end, or the store is slow.
func lookupFailure(ctx context.Context, offset, end int64) error {
	if offset >= end {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return ErrUnavailable
}

// withEpoch adds the leader epoch to a position. A topic that was deleted meanwhile has none.
func (l *Log) withEpoch(id PartitionID, at OffsetAt) OffsetAt {
	at.LeaderEpoch = -1
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	if p, err := l.partitionLocked(id); err == nil && at.Offset >= 0 {
		at.LeaderEpoch = p.meta.LeaderEpoch(at.Offset)
	}
	return at
}
