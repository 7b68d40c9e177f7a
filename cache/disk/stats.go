package disk

// Stats is what a [Tier] holds at a moment, and what it has done since Open.
type Stats struct {
	Bytes  int64 // of its files
	Blocks int
	Off    bool // it turned itself off

	Evictions     int64 // files
	Writes        int64 // blocks
	WritesDropped int64 // blocks: the disk was slower than the loads, or no file could be opened
}

// Stats returns the figures of the moment, all from one. A nil Tier has none.
func (d *Tier) Stats() Stats {
	if d == nil {
		return Stats{}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return Stats{
		Bytes: d.bytes, Blocks: len(d.index), Off: d.off,
		Evictions: d.evicted, Writes: d.writes, WritesDropped: d.dropped,
	}
}
