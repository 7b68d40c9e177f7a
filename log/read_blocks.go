package log

import (
	"encoding/binary"
	"fmt"

	"streamhouse/cache"

	"streamhouse/log/record"
	"streamhouse/log/segment"
)

// extentRef is an extent as a reader needs it: valid without the state's lock.
type extentRef struct {
	key      cache.Key
	base     int64
	epoch    int32 // leader epoch of its records
	from, to int32
	end      int64 // offset behind its last record
}

// extentsLocked appends to refs the extents from offset on that may hold budget bytes,
// one at least and maxPlanExtents at most. stateMu is held for reading.
func (l *Log) extentsLocked(refs []extentRef, p *partition, offset int64, budget int) []extentRef {
	sum := 0
	for e := range p.meta.Extents.From(offset) {
		if len(refs) > 0 && sum >= budget || len(refs) == maxPlanExtents {
			break
		}
		g := l.state.Segment(e.Segment)
		if g == nil {
			break // Check reports it; the reader sees a hole and gets an error
		}
		refs = append(refs, extentRef{
			key:  cache.Key{Object: segment.Key(g.Epoch, g.ID), Offset: e.Pos, Length: int64(e.Len)},
			base: e.Base, end: e.Base + int64(e.Count), epoch: p.meta.LeaderEpoch(e.Base), from: e.From, to: e.To,
		})
		sum += int(e.To - e.From)
	}
	return refs
}

// fromBlocks adds the batches of the blocks at hand, up to the first that is not. more: behind these
// extents there may be others, with room for them.
func (r *read) fromBlocks(i int, plan *readPlan, extents []extentRef) (more bool) {
	offset := r.reqs[i].Offset
	for _, e := range extents {
		if r.full(i) {
			return false
		}
		raw, err := r.blocks.get(e.key)
		if raw == nil && err == nil {
			raw, _ = r.l.cache.Peek(e.key)
		}
		switch {
		case err != nil && r.results[i].Bytes > 0:
			return false // what came before it is good; the next read meets the error
		case err != nil:
			r.results[i].Err, r.failed = err, true
			return false
		case raw == nil:
			plan.missing = e
			return false
		}
		before := r.bytes
		full, err := r.addExtent(i, plan, e, raw, offset)
		if r.bytes > before {
			r.pinned += int64(len(raw))
		}
		if err != nil {
			r.results[i].Err, r.failed = fmt.Errorf("%w: %s: %w", ErrCorruptLog, e.key, err), true
			return false
		}
		if full {
			return false
		}
	}
	return len(extents) == maxPlanExtents
}

// addExtent adds the batches of one extent that end behind offset. full: no
// more fits.
func (r *read) addExtent(i int, plan *readPlan, e extentRef, raw []byte, offset int64) (full bool, err error) {
	if int(e.to) > len(raw) || e.from > e.to {
		return false, fmt.Errorf("the block has %d bytes, the extent is %d to %d", len(raw), e.from, e.to)
	}
	base := e.base
	for rest := raw[e.from:e.to]; len(rest) > 0; {
		b, behind, err := record.Next(rest)
		if err != nil {
			return false, err
		}
		next := base + b.Offsets()
		if next > e.end {
			return false, fmt.Errorf("batches up to offset %d, the extent ends at %d", next, e.end)
		}
		if next > offset {
			if !r.fits(i, len(b)) {
				return true, nil
			}
			r.add(i, b, r.patched(b, base, e.epoch), b[record.PatchLen:])
			r.blocks.serve(i, e.key)
			plan.next = next
		}
		base, rest = next, behind
	}
	return false, nil
}

// patched returns the head of a batch with its final offset: the block itself is
// shared with other readers and keeps what the producer sent.
func (r *read) patched(b record.Batch, base int64, epoch int32) []byte {
	if len(r.arena) < record.PatchLen {
		r.arena = make([]byte, 64*record.PatchLen)
	}
	head := r.arena[:record.PatchLen:record.PatchLen]
	r.arena = r.arena[record.PatchLen:]
	binary.BigEndian.PutUint64(head, uint64(base))
	copy(head[8:12], b[8:12])
	binary.BigEndian.PutUint32(head[12:], uint32(epoch))
	return head
}
