package log

import (
	"context"
	"math"
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
	return l.findRecord(ctx, id, func(p *partition) (offset int64) {
		for _, e := range p.meta.Extents {
			if e.MaxTimestamp >= ts && e.Base+int64(e.Count) > p.meta.LogStart {
				return max(e.Base, p.meta.LogStart)
			}
		}
		return -1
	}, ts)
}

// OffsetForMaxTime returns the first record with the largest timestamp (KIP-734).
func (l *Log) OffsetForMaxTime(ctx context.Context, id PartitionID) (OffsetAt, error) {
	largest := int64(math.MinInt64)
	l.stateMu.RLock()
	if p, err := l.partitionLocked(id); err == nil {
		for _, e := range p.meta.Extents {
			largest = max(largest, e.MaxTimestamp)
		}
	}
	l.stateMu.RUnlock()
	return l.OffsetForTime(ctx, id, largest)
}

// findRecord goes from the place that from names to the first record of ts or later.
func (l *Log) findRecord(ctx context.Context, id PartitionID, from func(*partition) int64, ts int64) (OffsetAt, error) {
	l.stateMu.RLock()
	p, err := l.partitionLocked(id)
	offset := int64(-1)
	if err == nil {
		offset = from(p)
	}
	l.stateMu.RUnlock()
	for err == nil && offset >= 0 {
		res := l.Read(ctx, []ReadRequest{{Partition: id, Offset: offset, MaxBytes: blockBytes, LeaderEpoch: -1}},
			ReadOptions{MaxBytes: blockBytes, MinBytes: 1, MaxWait: lookupTimeout, lookup: true})[0]
		if res.Err != nil {
			return nowhere, res.Err
		}
		if res.Bytes == 0 {
			return nowhere, lookupFailure(ctx, offset, res.HighWatermark)
		}
		found, start := nowhere, offset
		err = DecodeRecords(res.Records, offset, func(r Record) bool {
			offset = r.Offset + 1
			if r.Timestamp >= ts {
				found = OffsetAt{Offset: r.Offset, Timestamp: r.Timestamp}
			}
			return found.Offset < 0
		})
		if found.Offset >= 0 {
			found.LeaderEpoch = l.leaderEpochAt(id, found.Offset)
			return found, nil
		}
		if offset >= res.HighWatermark || offset == start {
			break
		}
	}
	return nowhere, err
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

func (l *Log) leaderEpochAt(id PartitionID, offset int64) int32 {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	p, err := l.partitionLocked(id)
	if err != nil {
		return -1
	}
	return p.meta.LeaderEpoch(offset)
}
