package log

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"streamhouse/log/record"
)

// OffsetAt is a position with the timestamp of its record. Offset is -1 where there is none.
type OffsetAt struct {
	Offset      int64
	Timestamp   int64 // milliseconds since 1970, -1 where unknown
	LeaderEpoch int32
}

var nowhere = OffsetAt{-1, -1, -1}

// OffsetForTime returns the first record whose timestamp is ts or later, milliseconds since 1970. As in Kafka,
// batches without such a record by their header are not looked into. Records that cannot be read are passed over.
//
// Headers of older versions say what the producer claimed, and where [Options.TrustCompressed] is set, nobody knows what
// is in a compressed batch: it is looked into whatever its header says. Where many hold no such record, the search gives up after
// maxLookupBlocks or maxLookupBytes and returns where it has got to: there is no such record before. A store that does
// not answer in time is ErrUnavailable.
func (l *Log) OffsetForTime(ctx context.Context, id PartitionID, ts int64) (OffsetAt, error) {
	s, err := l.startLookup(ctx, id)
	if err != nil {
		return nowhere, err
	}
	defer s.end()
	found := nowhere
	for offset, n := int64(math.MinInt64), 1; ; n = lookupAhead {
		candidates, err := s.extentsUpTo(offset, ts, n)
		if err != nil || len(candidates) == 0 {
			return nowhere, err
		}
		if s.spent() {
			return s.withEpoch(OffsetAt{Offset: max(candidates[0].base, s.start), Timestamp: max(candidates[0].maxTime, ts)}), nil
		}
		s.readAhead(candidates)
		for _, c := range candidates {
			err := s.records(c, func(r record.Record) bool {
				if r.Timestamp >= ts {
					found = OffsetAt{Offset: r.Offset, Timestamp: r.Timestamp}
				}
				return found.Offset < 0
			})
			if err != nil || found.Offset >= 0 {
				return s.withEpoch(found), err
			}
			offset = c.end
		}
	}
}

// OffsetForMaxTime returns the first record with the largest timestamp (KIP-734). It looks into the batches with the largest times by their headers,
// until no other can have a larger one, and into those whose largest time is not known; after maxLookupBlocks or maxLookupBytes
// it returns the best that it has seen. Records that cannot be read are passed over.
func (l *Log) OffsetForMaxTime(ctx context.Context, id PartitionID) (OffsetAt, error) {
	s, err := l.startLookup(ctx, id)
	if err != nil {
		return nowhere, err
	}
	defer s.end()
	best, after := nowhere, timedExtent{maxTime: math.MaxInt64, extentRef: extentRef{base: -1}}
	for n := 1; ; n = lookupAhead {
		candidates, err := s.latestExtents(after, best, n)
		if err != nil {
			return nowhere, err
		}
		if len(candidates) == 0 || s.spent() {
			return s.withEpoch(best), nil
		}
		s.readAhead(candidates)
		for _, after = range candidates {
			if !after.mayBeat(best) {
				continue
			}
			err := s.records(after, func(r record.Record) bool {
				if best.Offset < 0 || r.Timestamp > best.Timestamp || r.Timestamp == best.Timestamp && r.Offset < best.Offset {
					best = OffsetAt{Offset: r.Offset, Timestamp: r.Timestamp}
				}
				return true
			})
			if err != nil {
				return nowhere, err
			}
		}
	}
}

// timedExtent is an extent with the largest timestamp that its batches' headers claim.
type timedExtent struct {
	extentRef
	maxTime int64
	unknown bool // of some batches nobody knows the largest timestamp
	recent  bool // it is in the tail
}

// mayBeat says whether the extent may hold a record with a larger timestamp than at's, or an earlier one with the same.
func (e timedExtent) mayBeat(at OffsetAt) bool {
	return at.Offset < 0 || e.unknown || e.maxTime > at.Timestamp || e.maxTime == at.Timestamp && e.base < at.Offset
}

// lookup is a search for a record by its time, under way.
type lookup struct {
	l      *Log
	caller context.Context
	ctx    context.Context // the caller's, with a limit
	cancel context.CancelFunc
	id     PartitionID
	start  int64 // of the log
	blocks int
	bytes  int64
}

// startLookup waits until a few lookups at most are under way in all. The caller ends it.
func (l *Log) startLookup(ctx context.Context, id PartitionID) (*lookup, error) {
	b, err := l.Bounds(id)
	if err != nil {
		return nil, err
	}
	s := &lookup{l: l, caller: ctx, id: id, start: b.LogStart}
	s.ctx, s.cancel = context.WithTimeout(ctx, lookupTimeout)
	if err := l.lookups.Acquire(s.ctx, 1); err != nil {
		s.cancel()
		return nil, s.late()
	}
	return s, nil
}

func (s *lookup) end() {
	s.l.lookups.Release(1)
	s.cancel()
}

// spent says whether the search has read as much as it may.
func (s *lookup) spent() bool { return s.blocks >= maxLookupBlocks || s.bytes >= maxLookupBytes }

// late says why a search that has come to nothing ends: for its caller, or since the store is slow.
func (s *lookup) late() error {
	if err := s.caller.Err(); err != nil {
		return err
	}
	return ErrUnavailable
}

// readAhead asks for the blocks of extents that are about to be read, all but the first, which is
// asked for with them: a search that finds its record at once costs one block.
func (s *lookup) readAhead(extents []timedExtent) {
	if len(extents) == 1 {
		return
	}
	var wanted []wantedBlock
	for _, e := range extents {
		again := slices.ContainsFunc(wanted, func(w wantedBlock) bool { return w.key == e.key })
		if !e.recent && !again {
			wanted = append(wanted, wantedBlock{e.key, int64(e.to)})
		}
	}
	s.l.blocks.prefetch(wanted)
}

// records calls yield for the records of an extent from the log's start on, until it returns false. It goes on behind
// batches that cannot be decoded: older versions let them in. An extent that was deleted meanwhile has none.
func (s *lookup) records(e timedExtent, yield func(record.Record) bool) error {
	s.blocks++
	s.bytes += int64(e.to - e.from)
	for offset, more := max(e.base, s.start), true; more && offset < e.end; {
		req := ReadRequest{Partition: s.id, Offset: offset, MaxBytes: int(e.to - e.from), LeaderEpoch: -1}
		res := s.l.Read(s.ctx, []ReadRequest{req}, ReadOptions{MaxBytes: req.MaxBytes, MinBytes: 1, MaxWait: lookupTimeout, lookup: true})[0]
		if errors.Is(res.Err, ErrOffsetOutOfRange) {
			return nil
		}
		if res.Err != nil {
			return res.Err
		}
		if res.Bytes == 0 {
			return s.late()
		}
		next, err := record.EndOffset(res.Records)
		if err == nil && next <= offset {
			err = fmt.Errorf("%w: asked for offset %d, got batches up to %d", ErrCorruptLog, offset, next)
		}
		for more && offset < next && err == nil {
			err = record.Decode(res.Records, offset, func(r record.Record) bool {
				more = r.Offset < e.end && yield(r)
				return more
			})
			offset, err = behind(err, next)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// behind returns where to go on after a decoding that ended with err: behind a batch that cannot be decoded, or at end.
func behind(err error, end int64) (int64, error) {
	if unreadable, ok := errors.AsType[*record.DecodeError](err); ok {
		return unreadable.Next, nil
	}
	return end, err
}

// withEpoch adds the leader epoch to a position. A topic that was deleted meanwhile has none.
func (s *lookup) withEpoch(at OffsetAt) OffsetAt {
	at.LeaderEpoch = -1
	s.l.stateMu.RLock()
	defer s.l.stateMu.RUnlock()
	if p, err := s.l.partitionLocked(s.id); err == nil && at.Offset >= 0 {
		at.LeaderEpoch = p.meta.LeaderEpoch(at.Offset)
	}
	return at
}
