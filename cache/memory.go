package cache

import (
	"math"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// BlockOverhead is what a block in memory is counted with beside its bytes: its
// key, list element and place in the map.
const BlockOverhead = 256

// memory is the memory tier: a list of blocks by use, bounded by their bytes. It
// is not safe for concurrent use.
type memory struct {
	limitBytes int64
	bytes      int64
	evicted    int64 // blocks given up since the start
	onEvict    func(Tier, int64)
	blocks     *simplelru.LRU[Key, []byte]
}

func newMemory(limitBytes int64, onEvict func(Tier, int64)) *memory {
	// The list counts entries and this tier counts bytes: the list's own bound must never be the one that is reached.
	blocks, err := simplelru.NewLRU[Key, []byte](math.MaxInt, nil)
	if err != nil {
		panic(err) // the size is not positive
	}
	return &memory{limitBytes: limitBytes, onEvict: onEvict, blocks: blocks}
}

// cost counts the capacity, not the length: that is what stays allocated.
func cost(block []byte) int64 { return int64(cap(block)) + BlockOverhead }

// get returns a block and makes it the most recently used.
func (m *memory) get(k Key) ([]byte, bool) { return m.blocks.Get(k) }

// add keeps a block as the most recently used, giving up others for it. A block
// larger than the whole tier is not kept.
func (m *memory) add(k Key, block []byte) {
	if old, ok := m.blocks.Peek(k); ok {
		m.bytes -= cost(old)
		m.blocks.Remove(k)
	}
	n := cost(block)
	if n > m.limitBytes {
		return
	}
	for m.bytes+n > m.limitBytes {
		m.evictOldest()
	}
	m.blocks.Add(k, block)
	m.bytes += n
}

func (m *memory) evictOldest() {
	_, block, ok := m.blocks.RemoveOldest()
	if !ok {
		panic("cache: memory tier is empty but counts bytes")
	}
	m.bytes -= cost(block)
	m.evicted++
	if m.onEvict != nil {
		m.onEvict(Memory, cost(block))
	}
}
