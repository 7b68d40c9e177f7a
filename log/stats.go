package log

// Stats are figures of this moment.
type Stats struct {
	UnflushedBytes  int64 // of record batches that were taken and are not yet durable
	FlushesQueued   int   // full, and waiting for others to land
	FlushesInFlight int   // sealed and not yet applied
	TailBytes       int64 // of record batches in memory for readers that keep up
	Topics          int
	Partitions      int // of all topics
}

// Stats returns the figures. It is cheap.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	s := Stats{UnflushedBytes: l.unflushedBytes, FlushesQueued: len(l.queue), FlushesInFlight: len(l.inFlight)}
	l.mu.Unlock()
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	s.TailBytes, s.Topics = l.tail.bytes, len(l.topics)
	for _, t := range l.topics {
		s.Partitions += len(t.partitions)
	}
	return s
}
