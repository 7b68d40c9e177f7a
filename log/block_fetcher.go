package log

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"streamhouse/cache"
)

// blockFetcher brings the blocks that reads miss. What it brings, and what it has brought and no
// read was served from yet, counts against one account. A block for which there is no room waits its turn, in the order of
// the asking, and keeps it when the read that asked has ended: else a reader that waits
// less than a turn takes would never be served. A block that came for a read that has ended is kept for the
// next one, for unclaimedTime, whatever becomes of it in the cache. All methods may be called concurrently.
type blockFetcher struct {
	cache   *cache.Cache
	ctx     context.Context // of all fetches
	running *sync.WaitGroup // the fetches that are on their way
	account account
	// confirmLoss is asked before a block counts as lost.
	confirmLoss func(context.Context, cache.Key, error) error

	known atomic.Int64 // len(fetches): where there are none, no read takes the lock

	mu        sync.Mutex
	closed    bool
	fetches   map[cache.Key]*blockFetch
	queue     list.List // of *blockFetch: there is no room for them yet
	full      bool      // there was no room for all: a good part must be free before it goes on
	unclaimed list.List // of *blockFetch: in memory, and no read has them; the oldest first
	expiry    *time.Timer
}

// blockFetch is one block that is wanted, from the asking until a read was served from it.
type blockFetch struct {
	key  cache.Key
	done chan struct{} // closed when the block has come, or could not be had

	// The outcome, valid when done is closed.
	raw []byte
	err error

	// Guarded by the fetcher's mu.
	bytes     int64 // that it has drawn or will draw
	refs      int   // reads under way that have it
	waiters   []*waiter
	landed    bool
	served    bool
	place     *list.Element // in unclaimed
	unclaimed time.Time     // since when
}

func newBlockFetcher(ctx context.Context, o Options, running *sync.WaitGroup) *blockFetcher {
	return &blockFetcher{
		ctx: ctx, running: running,
		account: account{limit: max(o.CacheMemoryBytes/2, minFetchBytes)},
		fetches: make(map[cache.Key]*blockFetch),
	}
}

// readLimit is how many bytes one read may ask for.
func (b *blockFetcher) readLimit() int64 { return b.account.limit / readShare }

// wantedBlock is a block that a read misses.
type wantedBlock struct {
	key   cache.Key
	bytes int64 // what it will hold, as far as the state knows
}

// cost is what a block takes while it is on its way: its stored bytes and what they hold.
func (w wantedBlock) cost() int64 { return w.bytes + w.key.Length + blockFetchBytes }

// want asks for blocks, and for what shall be read ahead with them: neighbours come in one GET. It returns at once. w is woken when a
// block is done. The fetches stand in the order of the blocks, which must differ; the caller gives them back with leave. Where not even
// the queue has room for a block there is nil: the next read asks again.
func (b *blockFetcher) want(w *waiter, wanted []wantedBlock, ahead []cache.Key) []*blockFetch {
	b.mu.Lock()
	defer b.mu.Unlock()
	fetches := make([]*blockFetch, len(wanted))
	for i, block := range wanted {
		f := b.fetches[block.key]
		if f == nil {
			if b.closed || b.queue.Len() >= maxQueuedBlocks {
				continue
			}
			f = &blockFetch{key: block.key, bytes: block.cost(), done: make(chan struct{})}
			b.fetches[f.key] = f
			b.queue.PushBack(f)
		}
		if b.joinLocked(f, w); f.landed {
			w.wake() // it came since w's read looked
		}
		fetches[i] = f
	}
	b.known.Store(int64(len(b.fetches)))
	b.dispatchLocked(ahead)
	return fetches
}

// join returns the fetch of a block that somebody has asked for and no read was served from, or nil. w is woken when
// it is done. The caller gives it back with leave.
func (b *blockFetcher) join(w *waiter, k cache.Key) (f *blockFetch, bytes int64) {
	if b.known.Load() == 0 {
		return nil, 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if f = b.fetches[k]; f == nil {
		return nil, 0
	}
	b.joinLocked(f, w)
	return f, f.bytes
}

func (b *blockFetcher) joinLocked(f *blockFetch, w *waiter) {
	f.refs++
	if f.place != nil {
		b.unclaimed.Remove(f.place)
		f.place = nil
	}
	if !f.landed {
		f.waiters = append(f.waiters, w)
	}
}

// prefetch asks for blocks that a read will ask for in a moment.
func (b *blockFetcher) prefetch(wanted []wantedBlock) {
	nobody, blocks := newWaiter(), make(map[cache.Key]*askedBlock)
	for _, f := range b.want(nobody, wanted, nil) {
		if f != nil {
			blocks[f.key] = &askedBlock{fetch: f}
		}
	}
	b.leave(nobody, blocks)
}

// leave ends a read's part in its fetches.
func (b *blockFetcher) leave(w *waiter, blocks map[cache.Key]*askedBlock) {
	if len(blocks) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, block := range blocks {
		f := block.fetch
		f.refs--
		f.served = f.served || block.served
		if i := slices.Index(f.waiters, w); i >= 0 {
			f.waiters = slices.Delete(f.waiters, i, i+1)
		}
		b.settleLocked(f)
	}
	b.dispatchLocked(nil)
}

// settleLocked decides what becomes of a fetch whose block has come, and that no read has.
func (b *blockFetcher) settleLocked(f *blockFetch) {
	switch {
	case !f.landed || f.refs > 0:
	case f.served || f.err != nil:
		b.forgetLocked(f)
	case f.place == nil:
		f.unclaimed = time.Now()
		f.place = b.unclaimed.PushBack(f)
		b.expireLocked()
	}
}

// expireLocked forgets the blocks that nobody has come for in time. While there are others it runs again.
func (b *blockFetcher) expireLocked() {
	for b.expiry == nil && b.unclaimed.Len() > 0 && !b.closed {
		f := b.unclaimed.Front().Value.(*blockFetch)
		left := unclaimedTime - time.Since(f.unclaimed)
		if left <= 0 {
			b.forgetLocked(f)
			continue
		}
		b.expiry = time.AfterFunc(left, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.expiry = nil
			b.expireLocked()
			b.dispatchLocked(nil)
		})
	}
}

func (b *blockFetcher) forgetLocked(f *blockFetch) {
	if b.fetches[f.key] == f {
		delete(b.fetches, f.key)
		b.known.Store(int64(len(b.fetches)))
	}
	if f.place != nil {
		b.unclaimed.Remove(f.place)
		f.place = nil
	}
	b.account.release(f.bytes)
	f.bytes = 0
}

// dispatchLocked starts the fetches for which there is room, in one go with what is to be read ahead. Once it had
// no room for all it waits until much is free: neighbours that start together come in one GET.
func (b *blockFetcher) dispatchLocked(ahead []cache.Key) {
	var started []*blockFetch
	for b.queue.Len() > 0 && !b.closed {
		f := b.queue.Front().Value.(*blockFetch)
		room := f.bytes
		if b.full {
			room = max(room, b.account.limit/readShare)
		}
		if b.full = !b.account.draw(room); b.full {
			break
		}
		b.account.release(room - f.bytes)
		b.queue.Remove(b.queue.Front())
		started = append(started, f)
	}
	if len(started) > 0 || len(ahead) > 0 {
		keys := make([]cache.Key, 0, len(started)+len(ahead))
		for _, f := range started {
			keys = append(keys, f.key)
		}
		b.cache.Prefetch(append(keys, ahead...))
	}
	for _, f := range started {
		b.running.Go(func() { b.fetch(f) })
	}
}

// fetch brings one block.
func (b *blockFetcher) fetch(f *blockFetch) {
	raw, err := b.cache.Get(b.ctx, f.key)
	if errors.Is(err, ErrCorruptLog) {
		raw, err = b.lookAgain(f)
	}
	if err != nil && b.ctx.Err() != nil {
		err = ErrClosed
	}
	b.land(f, raw, err)
}

// land makes the outcome of a fetch known. A block that could not be had is forgotten: whoever asks next tries again.
func (b *blockFetcher) land(f *blockFetch, raw []byte, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	held := int64(0)
	if err == nil {
		held = int64(cap(raw)) + cache.BlockOverhead
	}
	b.account.release(f.bytes - held)
	f.raw, f.err, f.bytes, f.landed = raw, err, held, true
	close(f.done)
	for _, w := range f.waiters {
		w.wake()
	}
	f.waiters = nil
	if err != nil && b.fetches[f.key] == f {
		delete(b.fetches, f.key)
		b.known.Store(int64(len(b.fetches)))
	}
	b.settleLocked(f)
	b.dispatchLocked(nil)
}

// close starts no fetch any more; those under way are ended by their context.
func (b *blockFetcher) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if b.expiry != nil {
		b.expiry.Stop()
	}
}

// check makes sure that the account counts what the fetches hold, at any moment.
func (b *blockFetcher) check() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	held := int64(0)
	for _, f := range b.fetches {
		held += f.bytes
	}
	for e := b.queue.Front(); e != nil; e = e.Next() {
		held -= e.Value.(*blockFetch).bytes // not drawn yet
	}
	if used, _ := b.account.figures(); used != held || b.queue.Len() > maxQueuedBlocks {
		return fmt.Errorf("fetches count %d bytes, they hold %d; %d blocks wait, at most %d may", used, held, b.queue.Len(), maxQueuedBlocks)
	}
	return nil
}
