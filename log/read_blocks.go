package log

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

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

// extentsLocked lists the extents from offset on that may hold budget bytes,
// one at least. stateMu is held for reading.
func (l *Log) extentsLocked(p *partition, offset int64, budget int) []extentRef {
	var refs []extentRef
	sum := 0
	for e := range p.meta.Extents.From(offset) {
		if len(refs) > 0 && sum >= budget {
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

// fetched are blocks that this read waited for. It holds on to them: a small
// cache might have let them go before the next try.
type fetched struct {
	mu     sync.Mutex
	raw    map[cache.Key][]byte
	errs   map[cache.Key]error
	asked  map[cache.Key]bool
	lost   map[cache.Key]bool // looked missing or damaged once
	served map[int]bool       // requests that a block has served
}

func (f *fetched) get(k cache.Key) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.raw[k], f.errs[k]
}

func (f *fetched) used(i int) bool { return f.served[i] }

// fromBlocks adds the batches of the blocks at hand, up to the first that is not.
func (r *read) fromBlocks(i int, plan *readPlan) {
	offset := r.reqs[i].Offset
	plan.next = offset
	for _, e := range plan.extents {
		if r.full(i) {
			return
		}
		raw, err := r.blocks.get(e.key)
		if raw == nil && err == nil {
			raw, _ = r.l.cache.Peek(e.key)
		}
		switch {
		case err != nil && r.results[i].Bytes > 0:
			return // what came before it is good; the next read meets the error
		case err != nil:
			r.results[i].Err, r.failed = err, true
			return
		case raw == nil:
			r.miss(i, plan, e.key)
			return
		}
		full, err := r.addExtent(i, plan, e, raw, offset)
		if err != nil {
			r.results[i].Err, r.failed = fmt.Errorf("%w: %s: %w", ErrCorruptLog, e.key, err), true
			return
		}
		if full {
			return
		}
	}
}

// miss notes that request i cannot go on without a block.
func (r *read) miss(i int, plan *readPlan, k cache.Key) {
	if r.results[i].Bytes > 0 {
		return // it has something; the block is prefetched
	}
	if r.missing == nil {
		r.missing = make(map[cache.Key]struct{})
	}
	r.missing[k] = struct{}{}
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
			r.blocks.serve(i)
			plan.next = next
		}
		base, rest = next, behind
	}
	return false, nil
}

func (f *fetched) serve(i int) {
	if f.served == nil {
		f.served = make(map[int]bool)
	}
	f.served[i] = true
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

// awaitBlocks asks for the blocks that the last try missed. Each arrival wakes
// the read.
func (r *read) awaitBlocks(ctx context.Context) {
	for k := range r.missing {
		if r.blocks.ask(k) {
			r.l.blockReads.Go(func() { r.await(ctx, k) })
		}
	}
}

// ask notes that a block is asked for, and reports whether it was not already.
func (f *fetched) ask(k cache.Key) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked == nil {
		f.raw, f.errs = make(map[cache.Key][]byte), make(map[cache.Key]error)
		f.asked, f.lost = make(map[cache.Key]bool), make(map[cache.Key]bool)
	}
	first := !f.asked[k]
	f.asked[k] = true
	return first
}

// await waits for a block and hands it, or why there is none, to the read.
func (r *read) await(ctx context.Context, k cache.Key) {
	raw, err := r.l.cache.Get(ctx, k)
	if errors.Is(err, ErrCorruptLog) {
		if r.blocks.doubt(k) {
			r.planAgain(ctx, k)
			return
		}
		err = r.l.confirmLoss(ctx, k, err)
	}
	if ctx.Err() != nil && err != nil {
		return
	}
	r.blocks.mu.Lock()
	r.blocks.raw[k], r.blocks.errs[k] = raw, err
	r.blocks.mu.Unlock()
	r.waiter.wake()
}
