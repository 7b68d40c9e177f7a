package log

import "streamhouse/cache"

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
	fetch  *blockFetch // nil: not even the queue had room for it
	served bool        // records of it were handed out
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
		block = a.add(k, bytes)
		block.fetch = f
	}
	if block.fetch == nil {
		return nil, nil
	}
	select {
	case <-block.fetch.done:
		return block.fetch.raw, block.fetch.err
	default:
		return nil, nil
	}
}

func (a *askedBlocks) add(k cache.Key, bytes int64) *askedBlock {
	if a.asked == nil {
		a.asked = make(map[cache.Key]*askedBlock)
	}
	block := &askedBlock{}
	a.asked[k] = block
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

// mayAsk says whether a read may ask for n bytes more, where its answer may have maxBytes. It may always ask for one block.
func (a *askedBlocks) mayAsk(n int64, maxBytes int) bool {
	return a.bytes == 0 || a.bytes+n <= min(int64(maxBytes), a.fetcher.readLimit())
}

// leave gives all blocks back.
func (a *askedBlocks) leave() {
	for _, block := range a.asked {
		if block.fetch != nil {
			a.fetcher.leave(a.waiter, block.fetch, block.served)
		}
	}
}

// ask asks for the blocks that the plans miss, and for what sequential readers will want next. It takes the plans
// in the order of the requests, and no more than fits into the answer and into one read's share. Those behind
// are the next reads' turn: what has come is answered, and clients then ask for the others first.
func (r *read) ask(plans []readPlan) {
	var wanted []wantedBlock
	r.blocks.pending = 0
	for i := range plans {
		p := &plans[i]
		if p.missing.key.Length == 0 || r.results[i].Err != nil || r.results[i].Bytes > 0 && r.bytes >= r.o.MinBytes {
			continue
		}
		r.missing++
		w := wantedBlock{p.missing.key, int64(p.missing.to)}
		if r.blocks.asked[w.key] == nil {
			if !r.blocks.mayAsk(w.cost(), r.o.MaxBytes) {
				continue
			}
			r.blocks.add(w.key, w.cost())
			wanted = append(wanted, w)
		}
		p.asked = true
		r.blocks.pending++
	}
	ahead := r.ahead(plans)
	if len(wanted) == 0 && len(ahead) == 0 {
		return
	}
	for _, f := range r.l.blocks.want(r.waiter, wanted, ahead) {
		r.blocks.asked[f.key].fetch = f
	}
}
