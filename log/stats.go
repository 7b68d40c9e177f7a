package log

// Stats are figures of this moment.
type Stats struct {
	UnflushedBytes  int64 // of record batches that were taken and are not yet durable
	FlushesQueued   int   // full, and waiting for others to land
	FlushesInFlight int   // sealed and not yet applied
	TailBytes       int64 // of record batches in memory for readers that keep up
	Usage           Usage // what the state holds of what clients make it hold
}

// Stats returns the figures. It is cheap.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	s := Stats{UnflushedBytes: l.unflushedBytes, FlushesQueued: len(l.queue), FlushesInFlight: len(l.inFlight)}
	l.mu.Unlock()
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	s.TailBytes, s.Usage = l.tail.bytes, l.state.Usage()
	return s
}

// Limit is a bound of what clients can make the state hold, beside what it holds.
type Limit struct {
	Setting   string // that has the bound, as it is called in the settings
	Have, Max int64
}

// Limits returns all bounds in a fixed order. It is cheap.
func (l *Log) Limits() []Limit {
	u := l.admission.usage()
	all := make([]Limit, len(limits))
	for i, b := range limits {
		all[i] = Limit{b.setting, *b.of(&u), *b.of(&l.o.Limits)}
	}
	return all
}
