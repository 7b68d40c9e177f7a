package log

import (
	"cmp"
	"slices"
)

// PartitionSizes returns how many bytes of record batches each partition of a topic holds, as they were sent. A batch of which only
// a part was deleted counts whole. The error is ErrTopicNotFound.
func (l *Log) PartitionSizes(topic TopicID) ([]int64, error) {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	t := l.state.TopicByID(topic)
	if t == nil {
		return nil, ErrTopicNotFound
	}
	sizes := make([]int64, len(t.Partitions))
	for i, p := range t.Partitions {
		sizes[i] = p.Extents.Bytes()
	}
	return sizes, nil
}

// ActiveProducer is what a partition remembers of an idempotent producer.
type ActiveProducer struct {
	ID            int64
	Epoch         int16
	LastSequence  int32
	LastTimestamp int64 // the largest of its last batch, milliseconds since 1970
}

// ActiveProducers returns the idempotent producers that a partition remembers, by id. Errors: ErrTopicNotFound, ErrPartitionNotFound.
func (l *Log) ActiveProducers(id PartitionID) ([]ActiveProducer, error) {
	all, err := l.activeProducers(id)
	slices.SortFunc(all, func(a, b ActiveProducer) int { return cmp.Compare(a.ID, b.ID) })
	return all, err
}

func (l *Log) activeProducers(id PartitionID) ([]ActiveProducer, error) {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	p, err := l.partitionLocked(id)
	if err != nil {
		return nil, err
	}
	all := make([]ActiveProducer, 0, len(p.meta.Producers))
	for _, w := range p.meta.Producers {
		last := w.Batches[len(w.Batches)-1]
		all = append(all, ActiveProducer{w.ID, w.Epoch, last.LastSeq, last.Timestamp})
	}
	return all, nil
}

// JournalEnd returns the sequence number of the last commit that was applied, and its time, milliseconds since 1970.
func (l *Log) JournalEnd() (seq uint64, time int64) {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	return l.state.Seq, l.state.Time
}
