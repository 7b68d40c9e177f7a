package log

import (
	"cmp"
	"math"
	"slices"

	"streamhouse/cache"
	"streamhouse/log/segment"
	"streamhouse/meta"
)

// extentsUpTo returns the first n extents from offset on whose batches claim a timestamp of ts or later, or may have one.
func (s *lookup) extentsUpTo(offset, ts int64, n int) (found []timedExtent, err error) {
	err = s.scan(offset, func(p *partition, e *meta.Extent) bool {
		if e.MaxTimestamp >= ts || e.TimeUnknown {
			found = append(found, s.timedLocked(p, e))
		}
		return len(found) < n
	})
	return found, err
}

// latestExtents returns the n extents with the largest timestamps by their claims, among those with the same the first ones, in
// that order from behind after on; only those that may hold a better record than best. Where the largest is not known, the time
// of the commit stands for it.
func (s *lookup) latestExtents(after timedExtent, best OffsetAt, n int) (found []timedExtent, err error) {
	err = s.scan(math.MinInt64, func(p *partition, e *meta.Extent) bool {
		if e.MaxTimestamp > after.maxTime || e.MaxTimestamp == after.maxTime && e.Base <= after.base {
			return true
		}
		if len(found) == n && e.MaxTimestamp <= found[n-1].maxTime {
			return true // those before it come first
		}
		t := s.timedLocked(p, e)
		if !t.mayBeat(best) {
			return true
		}
		i, _ := slices.BinarySearchFunc(found, e, func(t timedExtent, e *meta.Extent) int {
			return cmp.Or(cmp.Compare(e.MaxTimestamp, t.maxTime), cmp.Compare(t.base, e.Base))
		})
		found = slices.Insert(found, i, t)
		found = found[:min(n, len(found))]
		return true
	})
	return found, err
}

// scan calls yield for the extents from offset on, until it returns false. It lets go of the state's lock
// again and again: commits go on while a million extents are looked through.
func (s *lookup) scan(offset int64, yield func(*partition, *meta.Extent) bool) error {
	for more := true; more; {
		if err := s.ctx.Err(); err != nil {
			return s.late()
		}
		var err error
		if offset, more, err = s.scanSome(offset, yield); err != nil {
			return err
		}
	}
	return nil
}

// scanSome is a scan over scanExtents of them. It returns where to go on, and whether to.
func (s *lookup) scanSome(offset int64, yield func(*partition, *meta.Extent) bool) (next int64, more bool, err error) {
	s.l.stateMu.RLock()
	defer s.l.stateMu.RUnlock()
	p, err := s.l.partitionLocked(s.id)
	if err != nil {
		return offset, false, err
	}
	n := 0
	for e := range p.meta.Extents.From(offset) {
		if n++; n > scanExtents {
			return offset, true, nil
		}
		offset = e.End()
		if !yield(p, &e) {
			break
		}
	}
	return offset, false, nil
}

// timedLocked is what a lookup needs of an extent without the state's lock, which is held.
func (s *lookup) timedLocked(p *partition, e *meta.Extent) timedExtent {
	t := timedExtent{maxTime: e.MaxTimestamp, unknown: e.TimeUnknown, recent: p.from(e.Base) >= 0, extentRef: extentRef{base: e.Base, end: e.End(), from: e.From, to: e.To}}
	if g := s.l.state.Segment(e.Segment); g != nil {
		t.key = cache.Key{Object: segment.Key(g.Epoch, g.ID), Offset: e.Pos, Length: int64(e.Len)}
	}
	return t
}
