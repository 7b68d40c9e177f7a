package cache

// Stats is what a [Cache] holds at a moment, and what it has done since Open.
type Stats struct {
	MemoryBytes  int64 // with BlockOverhead for each
	MemoryBlocks int
	DiskBytes    int64 // of its files
	DiskBlocks   int
	DiskOff      bool // the disk tier turned itself off
	InFlight     int  // blocks that are loaded or wait their turn

	MemoryHits int64 // Gets and Peeks
	DiskHits   int64 // Gets
	Shared     int64 // Gets that waited for a load under way
	Misses     int64 // Gets that had to load

	Loads       int64 // calls of Loader.Load
	LoadErrors  int64
	LoadedBytes int64 // stored bytes that Load returned
	Corrupt     int64 // blocks that did not decode, from disk or from the Loader

	MemoryEvictions   int64 // blocks
	DiskEvictions     int64 // files
	DiskWrites        int64 // blocks
	DiskWritesDropped int64 // blocks: the disk was slower than the loads
	PrefetchesDropped int64 // blocks: too many waited their turn
}

// Stats returns the figures of the moment.
func (c *Cache) Stats() Stats {
	c.mu.Lock()
	s := c.stats
	s.MemoryBytes = c.memory.bytes
	s.MemoryBlocks = c.memory.blocks.Len()
	s.MemoryEvictions = c.memory.evicted
	s.InFlight = len(c.inFlight)
	c.mu.Unlock()
	d := c.disk.Stats()
	s.DiskBytes, s.DiskBlocks, s.DiskOff = d.Bytes, d.Blocks, d.Off
	s.DiskEvictions, s.DiskWrites, s.DiskWritesDropped = d.Evictions, d.Writes, d.WritesDropped
	return s
}
