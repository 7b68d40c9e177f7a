package cache

import (
	"container/list"
	"slices"
)

// call is one block on its way. Its key stands in the cache's inFlight from the moment
// somebody asks for the block until its outcome is known.
type call struct {
	key  Key
	span *span // that brings it
	done chan struct{}

	// The outcome; set before done is closed.
	block []byte
	err   error
}

var closedChan = func() chan struct{} {
	ch := make(chan struct{})
	close(ch)
	return ch
}()

// span is a piece of work: blocks of one object that come in one Load, or one block from disk.
type span struct {
	calls  []*call // ascending
	bytes  int64   // from the first byte of the first block to the last of the last
	urgent bool    // a reader waits for it
	asked  bool    // by a Get, not by Prefetch

	lane  *lane         // where it waits its turn, else nil
	place *list.Element // in the lane
}

func (s *span) keys() []Key {
	keys := make([]Key, len(s.calls))
	for i, cl := range s.calls {
		keys[i] = cl.key
	}
	return keys
}

// newSpanLocked puts blocks of one object, ascending and none of them in flight, in flight together.
func (c *Cache) newSpanLocked(keys []Key) *span {
	s := &span{calls: make([]*call, len(keys)), bytes: spanBytes(keys)}
	calls := make([]call, len(keys))
	for i, k := range keys {
		cl := &calls[i]
		*cl = call{key: k, span: s, done: make(chan struct{})}
		s.calls[i] = cl
		c.inFlight[k] = cl
	}
	return s
}

// startLocked gives a span to the lane that it belongs in. Cold blocks come from the Loader.
func (c *Cache) startLocked(s *span, cold bool) {
	l := &c.reads
	switch {
	case cold && s.urgent:
		l = &c.wanted
	case cold:
		l = &c.ahead
	}
	l.push(s)
	c.dispatchLocked(l)
}

// hurryLocked brings a span that waits its turn forward, since now a reader waits for it.
func (c *Cache) hurryLocked(s *span) {
	if s.lane == nil || s.urgent {
		return
	}
	cold := s.lane != &c.reads
	s.lane.remove(s)
	s.urgent = true
	c.startLocked(s, cold)
}

// endLocked makes the outcome of a call known. The waiters have the block from the
// call itself, whether or not it is kept.
func (c *Cache) endLocked(cl *call, block []byte, err error) {
	delete(c.inFlight, cl.key)
	if err == nil {
		c.memory.add(cl.key, block)
	}
	cl.block, cl.err = block, err
	close(cl.done)
}

// spanBytes is the length of the range that covers keys, which ascend by offset.
func spanBytes(keys []Key) int64 {
	end := int64(0)
	for _, k := range keys {
		end = max(end, k.End())
	}
	return end - keys[0].Offset
}

// joinKeys groups keys into spans: blocks of one object whose gaps are at most
// gapBytes, together at most maxBytes long. The objects stand in the order of their
// first key, the blocks of an object in ascending order; doubles go.
func joinKeys(keys []Key, maxBytes, gapBytes int64) [][]Key {
	order := make(map[string]int)
	for _, k := range keys {
		if _, ok := order[k.Object]; !ok {
			order[k.Object] = len(order)
		}
	}
	keys = slices.Clone(keys)
	slices.SortFunc(keys, func(a, b Key) int {
		if a.Object != b.Object {
			return order[a.Object] - order[b.Object]
		}
		return compareRange(a, b)
	})
	keys = slices.Compact(keys)

	var spans [][]Key
	for len(keys) > 0 {
		n := spanLen(keys, maxBytes, gapBytes)
		spans = append(spans, keys[:n:n])
		keys = keys[n:]
	}
	return spans
}

// spanLen returns how many of the keys, sorted, make one span; at least one.
func spanLen(keys []Key, maxBytes, gapBytes int64) int {
	first, end := keys[0], keys[0].End()
	for n, k := range keys[1:] {
		if k.Object != first.Object || k.Offset-end > gapBytes || k.End()-first.Offset > maxBytes || n+1 == maxSpanKeys {
			return n + 1
		}
		end = max(end, k.End())
	}
	return len(keys)
}
