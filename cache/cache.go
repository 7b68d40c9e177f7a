// Package cache keeps blocks of immutable objects near their readers:
// uncompressed in memory, as they are stored on disk.
//
// A [Cache] knows only [Key]s and a [Loader]. A block that is wanted is looked
// for in memory, among the loads in flight, on disk, and last brought by the
// Loader. What holds:
//
//   - Readers that want the same block at the same time share one load. A
//     reader that gives up stops its own wait and nobody else's.
//   - A load that failed leaves nothing behind: its waiters get the error and
//     the next Get tries again.
//   - A block is handed out only after [Loader.Decode] has accepted it, whether it
//     came from the Loader or from disk.
//   - A load in flight reaches its waiters even where the cache is too small to
//     keep the block.
//   - The disk can be slow, full, broken or wrong: readers are served without it.
//
// Both tiers are plain least-recently-used, memory by block, disk by file of
// blocks. There is no resistance against scans: the records that many readers
// want at once, the newest, are not kept here, and a block read ahead by a scan is
// wanted within moments, which is what least-recently-used is good at.
package cache

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"streamhouse/cache/disk"
)

var (
	// ErrClosed is returned by a Get that was waiting when the cache was closed, or came later.
	ErrClosed = errors.New("cache is closed")
	// ErrKey reports a key that names no byte range of an object.
	ErrKey = disk.ErrKey
	// ErrOptions reports settings that contradict themselves.
	ErrOptions = errors.New("invalid cache options")
)

// Key names a block: a byte range of an immutable object.
type Key = disk.Key

// Loader brings blocks from where they are kept. Its methods may be called concurrently.
type Loader interface {
	// Load returns the stored bytes of blocks that lie in one object, in
	// ascending order and near to each other; the slices are the cache's.
	Load(ctx context.Context, keys []Key) ([][]byte, error)
	// Decode checks the stored bytes of a block against its checksum and
	// uncompresses them. The result is shared by all readers and never changed.
	// It may be a part of stored.
	Decode(key Key, stored []byte) ([]byte, error)
}

// Cache keeps blocks in memory and on disk. All methods may be called concurrently.
type Cache struct {
	loader    Loader
	events    Events
	spanBytes int64
	gapBytes  int64
	disk      *disk.Tier // nil: no disk tier

	ctx    context.Context // of every load; ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup // every span that runs

	mu       sync.Mutex
	closed   bool
	memory   *memory
	inFlight map[Key]*call // queued or running
	reads    lane          // from disk
	wanted   lane          // loads that somebody waits for
	ahead    lane          // loads of Prefetch
	stats    Stats
}

// Open makes a cache in front of l. The disk tier takes up what an earlier
// process left in its folder. A folder that cannot be made or listed is an
// error; a disk that fails later turns only its tier off, see [Events].DiskOff.
func Open(o Options, l Loader) (*Cache, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	c := &Cache{
		loader:    l,
		events:    o.Events,
		spanBytes: o.SpanBytes,
		gapBytes:  o.GapBytes,
		memory:    newMemory(o.MemoryBytes, o.Events.Evict),
		inFlight:  make(map[Key]*call),
	}
	loadBytes := int64(o.LoadsInFlight) * o.SpanBytes
	c.reads = newLane(diskReads, math.MaxInt64, c.readDisk)
	c.wanted = newLane(wantedLoads, loadBytes, c.load)
	c.ahead = newLane(o.LoadsInFlight, loadBytes, c.load)
	if o.DiskPath != "" && o.DiskBytes > 0 {
		var err error
		if c.disk, err = disk.Open(o.DiskPath, o.DiskBytes, o.Events.ofDisk()); err != nil {
			return nil, fmt.Errorf("cache folder %s: %w", o.DiskPath, err)
		}
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c, nil
}

// Get returns a block, uncompressed. The block is shared: never change it; it
// stays valid for good. When ctx ends first, Get returns its error and the
// load goes on for others. Any other error is the Loader's, wrapped, [ErrKey] or [ErrClosed].
func (c *Cache) Get(ctx context.Context, k Key) ([]byte, error) {
	if block, ok := c.Peek(k); ok {
		return block, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("block %s: %w", k, err)
	}
	if err := k.Validate(); err != nil {
		return nil, err
	}
	cl, err := c.join(k)
	if err != nil {
		return nil, err
	}
	select {
	case <-cl.done:
	case <-ctx.Done():
		return nil, fmt.Errorf("block %s: %w", k, ctx.Err())
	}
	return cl.block, cl.err
}

// Peek returns a block if it is in memory, like Get, and never waits. It counts
// as a use where it finds one.
func (c *Cache) Peek(k Key) ([]byte, bool) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, false
	}
	block, ok := c.memory.get(k)
	if ok {
		c.stats.MemoryHits++
	}
	c.mu.Unlock()
	if ok && c.events.Hit != nil {
		c.events.Hit(Memory)
	}
	return block, ok
}

// join returns the call that brings k: the one in flight, else a new one.
func (c *Cache) join(k Key) (*call, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, ErrClosed
	}
	if cl := c.inFlight[k]; cl != nil {
		c.stats.Shared++
		c.hurryLocked(cl.span)
		c.mu.Unlock()
		if c.events.Shared != nil {
			c.events.Shared()
		}
		return cl, nil
	}
	if block, ok := c.memory.get(k); ok { // it came in since the Peek
		c.stats.MemoryHits++
		c.mu.Unlock()
		if c.events.Hit != nil {
			c.events.Hit(Memory)
		}
		return &call{done: closedChan, block: block}, nil
	}
	s := c.newSpanLocked([]Key{k})
	s.urgent, s.asked = true, true
	cold := !c.disk.Has(k)
	c.startLocked(s, cold)
	c.mu.Unlock()
	if cold {
		c.missed()
	}
	return s.calls[0], nil
}

// missed counts a Get whose block has to come from the Loader.
func (c *Cache) missed() {
	c.mu.Lock()
	c.stats.Misses++
	c.mu.Unlock()
	if c.events.Miss != nil {
		c.events.Miss()
	}
}

// Close ends every wait with [ErrClosed], stops the loads and returns when nothing
// of the cache runs any more. What waits for the disk is still written. Blocks
// that were handed out stay valid. A second Close does nothing.
func (c *Cache) Close() error {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		for _, l := range []*lane{&c.reads, &c.wanted, &c.ahead} {
			for s := l.pop(); s != nil; s = l.pop() {
				for _, cl := range s.calls {
					c.endLocked(cl, nil, ErrClosed)
				}
			}
		}
		c.cancel()
	}
	c.mu.Unlock()
	c.wg.Wait()
	return c.disk.Close()
}
