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

// ahead returns the blocks that sequential readers will want next. A window that is smaller than
// the next block reads nothing ahead: so many readers share the cache that there is no room for it.
func (r *read) ahead(plans []readPlan) (keys []cache.Key) {
	now := time.Now()
	r.l.stateMu.RLock()
	defer r.l.stateMu.RUnlock()
	for i := range plans {
		p := &plans[i]
		if !p.cold || r.results[i].Err != nil || r.o.lookup {
			continue
		}
		window := r.l.readers.advance(p.partition.id, r.reqs[i].Offset, p.next, now)
		if window == 0 || p.missing.key.Length > 0 && !p.asked {
			continue // what it wants first is not even asked for
		}
		r.extents = r.l.extentsLocked(r.extents[:0], p.partition, p.next, int(window))
		for _, e := range r.extents {
			window -= int64(e.to - e.from)
			if window < 0 || len(keys) == maxAheadBlocks {
				break
			}
			if e.key != p.missing.key {
				keys = append(keys, e.key)
			}
		}
	}
	return keys
}
