package log

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"streamhouse/cache"
	"streamhouse/log/segment"
)

// readers remembers where lagging readers stopped. One that goes on there is
// sequential, and is read ahead: its window doubles with every read up to the
// limit, so that a replay runs at the speed of the network and a single lookup
// costs a single block.
type readers struct {
	limit int64 // of one window
	total int64 // of all windows together: they must fit into the cache

	mu        sync.Mutex
	positions *simplelru.LRU[position, window]
}

type position struct {
	partition PartitionID
	offset    int64
}

type window struct {
	bytes int64
	seen  time.Time
}

func newReaders(o Options) readers {
	positions, _ := simplelru.NewLRU[position, window](maxReaders, nil) // errs only where the size is not positive
	return readers{limit: o.PrefetchBytes, total: o.CacheMemoryBytes / 2, positions: positions}
}

// advance moves a reader from one offset to the next and returns how far to
// read ahead of it. from and to may be equal: it still waits for its first block.
func (r *readers) advance(p PartitionID, from, to int64, now time.Time) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	w, known := r.positions.Get(position{p, from})
	if !known {
		w.bytes = segment.BlockBytes
	} else if to != from {
		r.positions.Remove(position{p, from})
		w.bytes *= 2
	}
	r.forget(now)
	w.bytes = max(0, min(w.bytes, r.limit, r.total/int64(r.positions.Len()+1)))
	w.seen = now
	r.positions.Add(position{p, to}, w)
	if !known && to != from {
		return 0 // a first read that its first block satisfied: perhaps a lookup
	}
	return w.bytes
}

// forget drops readers that have gone: they would make the windows of the others small.
func (r *readers) forget(now time.Time) {
	for {
		p, w, ok := r.positions.GetOldest()
		if !ok || now.Sub(w.seen) < readerIdle {
			return
		}
		r.positions.Remove(p)
	}
}

// prefetch asks for what the plans miss and for what sequential readers will
// want next, together, so that neighbouring blocks of all partitions come in one GET.
func (r *read) prefetch(plans []readPlan) {
	var keys []cache.Key
	now := time.Now()
	r.l.stateMu.RLock()
	for i := range plans {
		p := &plans[i]
		if p.extents == nil || r.results[i].Err != nil {
			continue
		}
		var ahead int64
		if !r.o.lookup {
			ahead = r.l.readers.advance(p.partition.id, r.reqs[i].Offset, p.next, now)
		}
		for _, e := range r.l.extentsLocked(p.partition, p.next, int(ahead)) {
			if ahead > 0 || p.next == r.reqs[i].Offset {
				keys = append(keys, e.key)
			}
		}
	}
	r.l.stateMu.RUnlock()
	if len(keys) > 0 {
		r.l.cache.Prefetch(keys)
	}
}
