package log

// openLocked returns the flush that takes a request of so many bytes. One that would grow beyond the limit with
// it is full: it waits in the queue until all before it have got their places. So an object holds at most
// Options.FlushBytes of batches and changes, or one request where that is larger, however long the store
// is slow. What queues counts as unflushed, which bounds it.
func (l *Log) openLocked(bytes int64) *flush {
	if f := l.current; !f.empty() && f.size()+bytes > l.flushLimit {
		l.queue = append(l.queue, f)
		l.current = newFlush()
		l.signal()
	}
	return l.current
}

// tookLocked counts a request that the current flush has taken, and wakes run where that makes it due.
func (l *Log) tookLocked(f *flush) {
	if f.requests++; f.requests == 1 || f.size() >= l.flushLimit {
		l.signal()
	}
}

// waitingLocked are the flushes without a place, the oldest first. The last one is open.
func (l *Log) waitingLocked() []*flush {
	return append(l.queue[:len(l.queue):len(l.queue)], l.current)
}
