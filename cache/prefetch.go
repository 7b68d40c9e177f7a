package cache

import "cmp"

// Prefetch brings the blocks that are neither in memory nor on their way, and
// returns at once. Neighbours come in one Load, see [Options]. What is over the
// bounds waits its turn in order; when too much waits already, it is dropped, and a
// later Get loads it itself. Errors are not reported: the Get that follows tries again.
func (c *Cache) Prefetch(keys []Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	var cold []Key
	for _, k := range keys {
		if k.Validate() != nil || c.inFlight[k] != nil {
			continue
		}
		if _, ok := c.memory.get(k); ok { // a use: its reader comes soon
			continue
		}
		if c.disk.Has(k) {
			c.prefetchLocked([]Key{k}, false)
		} else {
			cold = append(cold, k)
		}
	}
	for _, span := range joinKeys(cold, c.spanBytes, c.gapBytes) {
		c.prefetchLocked(span, true)
	}
}

func (c *Cache) prefetchLocked(keys []Key, cold bool) {
	if c.reads.patientKeys+c.ahead.patientKeys+len(keys) > maxQueuedKeys {
		c.stats.PrefetchesDropped += int64(len(keys))
		return
	}
	c.startLocked(c.newSpanLocked(keys), cold)
}

// compareRange orders blocks of one object.
func compareRange(a, b Key) int {
	return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Length, b.Length))
}
