package cache

import (
	"bytes"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"streamhouse/cache/disk"
)

var (
	errLength = errors.New("wrong length")
	errCount  = errors.New("wrong number of blocks")
)

// load brings the blocks of a span from the Loader. Those that do not decode are loaded once more.
func (c *Cache) load(s *span) {
	if bad := c.fetch(s.calls); len(bad) > 0 {
		for _, b := range c.fetch(callsOf(bad)) {
			c.end(b.call, nil, fmt.Errorf("block %s: %w", b.call.key, b.err))
		}
	}
}

// badBlock is a call whose block was loaded but did not decode.
type badBlock struct {
	call *call
	err  error
}

func callsOf(bad []badBlock) []*call {
	calls := make([]*call, len(bad))
	for i, b := range bad {
		calls[i] = b.call
	}
	return calls
}

// fetch asks the Loader once. It ends the calls whose blocks are good, and all of them
// when Load itself fails, and returns those that are left: whose blocks are bad.
func (c *Cache) fetch(calls []*call) []badBlock {
	stored, err := c.askLoader((&span{calls: calls}).keys())
	if err != nil {
		for _, cl := range calls {
			c.end(cl, nil, fmt.Errorf("block %s: %w", cl.key, err))
		}
		return nil
	}
	var bad []badBlock
	for i, cl := range calls {
		block, err := c.decode(cl.key, stored[i])
		if err != nil {
			c.corrupt(Store, cl.key, err)
			bad = append(bad, badBlock{cl, err})
			continue
		}
		if len(calls) > 1 && overlap(block, stored[i]) {
			// The stored blocks of a span share an array: one kept block would keep it all.
			block = bytes.Clone(block)
		}
		c.disk.Put(cl.key, stored[i])
		c.end(cl, block, nil)
	}
	return bad
}

// askLoader calls Load and checks the shape of its answer.
func (c *Cache) askLoader(keys []Key) ([][]byte, error) {
	if c.ctx.Err() != nil {
		return nil, ErrClosed
	}
	start := time.Now()
	stored, err := c.loader.Load(c.ctx, keys)
	if err == nil && len(stored) != len(keys) {
		err = fmt.Errorf("%w: %d, not %d", errCount, len(stored), len(keys))
	}
	loaded := int64(0)
	for _, b := range stored {
		loaded += int64(len(b))
	}
	c.mu.Lock()
	c.stats.Loads++
	c.stats.LoadedBytes += loaded
	if err != nil {
		c.stats.LoadErrors++
	}
	c.mu.Unlock()
	if c.events.Loaded != nil {
		c.events.Loaded(len(keys), loaded, time.Since(start), err)
	}
	if err != nil && c.ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", ErrClosed, err)
	}
	return stored, err
}

// decode checks and uncompresses the stored bytes of a block.
func (c *Cache) decode(k Key, stored []byte) ([]byte, error) {
	if int64(len(stored)) != k.Length {
		return nil, fmt.Errorf("%w: %d stored bytes", errLength, len(stored))
	}
	return c.loader.Decode(k, stored)
}

// readDisk brings the block of a span from disk, and leaves it to the Loader where that fails.
func (c *Cache) readDisk(s *span) {
	cl := s.calls[0]
	stored, err := c.disk.Read(cl.key)
	var block []byte
	if err == nil {
		block, err = c.decode(cl.key, stored)
		if err != nil {
			c.disk.Forget(cl.key)
			err = fmt.Errorf("%w: %w", disk.ErrCorrupt, err)
		}
	}
	if errors.Is(err, disk.ErrCorrupt) {
		c.corrupt(Disk, cl.key, err)
	}
	if err != nil {
		c.loadInstead(s)
		return
	}
	if s.asked && c.events.Hit != nil {
		c.events.Hit(Disk)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.asked {
		c.stats.DiskHits++
	}
	c.endLocked(cl, block, nil)
}

// loadInstead hands a span that the disk did not have to the Loader's lanes.
func (c *Cache) loadInstead(s *span) {
	if s.asked {
		c.missed()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		c.endLocked(s.calls[0], nil, ErrClosed)
		return
	}
	c.startLocked(s, true)
}

func (c *Cache) end(cl *call, block []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endLocked(cl, block, err)
}

func (c *Cache) corrupt(from Tier, k Key, err error) {
	c.mu.Lock()
	c.stats.Corrupt++
	c.mu.Unlock()
	if c.events.Corrupt != nil {
		c.events.Corrupt(from, k, err)
	}
}

// overlap says whether a lies, in part at least, in the array of b.
func overlap(a, b []byte) bool {
	if cap(a) == 0 || cap(b) == 0 {
		return false
	}
	startA, startB := uintptr(unsafe.Pointer(unsafe.SliceData(a))), uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	return startA < startB+uintptr(cap(b)) && startB < startA+uintptr(cap(a))
}
