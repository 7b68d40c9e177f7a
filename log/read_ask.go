package log

import (
	"slices"

	"streamhouse/cache"
)

// askedBlocks are the blocks that one read has asked for. It holds on to them until it ends: a small cache might
// have let them go before the next try.
type askedBlocks struct {
	fetcher *blockFetcher
	waiter  *waiter
	asked   map[cache.Key]*askedBlock
	bytes   int64        // of those on their way or at hand, as far as it is known
	pending int          // how many the last try missed that are on their way
	served  map[int]bool // requests that a block has served
}

type askedBlock struct {
	fetch  *blockFetch
	served bool // records of it were handed out
}

// get returns a block that has come, for this read or for another, or why it could not be
// had. It returns neither where the block is on its way, or was not asked for.
func (a *askedBlocks) get(k cache.Key) ([]byte, error) {
	block := a.asked[k]
	if block == nil {
		f, bytes := a.fetcher.join(a.waiter, k)
		if f == nil {
			return nil, nil
		}
		block = a.add(f, bytes)
	}
	select {
	case <-block.fetch.done:
		return block.fetch.raw, block.fetch.err
	default:
		return nil, nil
	}
}

func (a *askedBlocks) add(f *blockFetch, bytes int64) *askedBlock {
	if a.asked == nil {
		a.asked = make(map[cache.Key]*askedBlock)
	}
	block := &askedBlock{fetch: f}
	a.asked[f.key] = block
	a.bytes += bytes
	return block
}

// serve notes that a request was served from a block.
func (a *askedBlocks) serve(i int, k cache.Key) {
	if a.served == nil {
		a.served = make(map[int]bool)
	}
	a.served[i] = true
	if block := a.asked[k]; block != nil {
		block.served = true
	}
}

func (a *askedBlocks) used(i int) bool { return a.served[i] }

// ask asks for the blocks that the plans miss, and for what sequential readers will want next. It takes the plans
// in the order of the requests, and no more than fits into the answer and into one read's share. Those behind
// are the next reads' turn: what has come is answered, and clients then ask for the others first.
func (r *read) ask(plans []readPlan) {
	r.blocks.pending = 0
	if !slices.ContainsFunc(plans, func(p readPlan) bool { return p.cold }) {
		return // the tail had it all
	}
	var wanted []wantedBlock
	var twice map[cache.Key]bool // partitions may stand in a request more than once
	bytes := r.blocks.bytes
	limit := min(int64(r.o.MaxBytes), r.l.blocks.readLimit())
	for i := range plans {
		p := &plans[i]
		if p.missing.key.Length == 0 || r.results[i].Err != nil || r.results[i].Bytes > 0 && r.bytes >= r.o.MinBytes {
			continue
		}
		r.missing++
		if r.blocks.asked[p.missing.key] != nil {
			p.asked = true
			r.blocks.pending++
			continue
		}
		w := wantedBlock{p.missing.key, int64(p.missing.to)}
		if twice[w.key] || bytes > 0 && bytes+w.cost() > limit { // one may always be asked for
			continue
		}
		if twice == nil {
			twice = make(map[cache.Key]bool)
		}
		twice[w.key] = true
		bytes += w.cost()
		wanted = append(wanted, w)
		p.asked = true
	}
	ahead := r.ahead(plans)
	if len(wanted) == 0 && len(ahead) == 0 {
		return
	}
	for i, f := range r.l.blocks.want(r.waiter, wanted, ahead) {
		if f != nil {
			r.blocks.add(f, wanted[i].cost())
			r.blocks.pending++
		}
	}
}
