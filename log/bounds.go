package log

// Bounds are the ends of a partition's log.
type Bounds struct {
	LogStart      int64
	HighWatermark int64 // the next offset; readers see what lies before it
	LastStable    int64 // last stable offset
	LeaderEpoch   int32
}

// Bounds returns the ends of a partition, or ErrTopicNotFound or ErrPartitionNotFound.
func (l *Log) Bounds(id PartitionID) (Bounds, error) {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	p, err := l.partitionLocked(id)
	if err != nil {
		return Bounds{}, err
	}
	return Bounds{p.meta.LogStart, p.meta.HighWatermark, p.meta.LastStableOffset(), int32(l.epoch)}, nil
}

// EpochEnd returns the largest leader epoch that is not above epoch and the
// offset at which it ended (KIP-101, KIP-320); -1, -1 where there is none.
func (l *Log) EpochEnd(id PartitionID, epoch int32) (int32, int64, error) {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	p, err := l.partitionLocked(id)
	if err != nil {
		return -1, -1, err
	}
	if epoch == int32(l.epoch) {
		return epoch, p.meta.HighWatermark, nil
	}
	if epoch > int32(l.epoch) {
		return -1, -1, nil
	}
	e, end := p.meta.EpochEnd(epoch)
	return e, end, nil
}
