package meta

import (
	"encoding/binary"
	"fmt"
)

// rememberedBatches is how many batches of a producer can be recognised when
// they come again: clients keep at most five requests in flight (KIP-98).
const rememberedBatches = 5

// seqAfter returns the sequence number n after seq. They wrap to 0 behind 2^31-1.
func seqAfter(seq, n int32) int32 { return int32((int64(seq) + int64(n)) & (1<<31 - 1)) }

// lastSeq is the sequence number of a batch's last record.
func (b *Batch) lastSeq() int32 { return seqAfter(b.BaseSequence, b.Offsets-1) }

// checkSequence decides what a batch of an idempotent producer is, by the rules of
// Kafka's ProducerAppendInfo: a duplicate (known), an error, or the producer's next
// batch; producer is nil where it is not known yet. A batch without a producer is
// always next. A partition that has never held a record begins with a producer's sequence 0 (KAFKA-15591, Kafka 4.5): the
// batches before it may still come, when they overtook each other while the topic was created. Legacy entries
// have no such rule.
//
// Kafka does not tell a batch that is older than those remembered from one whose
// predecessor is missing, as sequence numbers wrap and say too little: both are out
// of order. To call the former a duplicate would tell a client that records are
// stored which may not be.
func (p *Partition) checkSequence(b *Batch, legacy bool) (producer *Producer, known *ProducerBatch, err error) {
	if b.ProducerID < 0 {
		return nil, nil, nil
	}
	producer = p.Producers[b.ProducerID]
	switch {
	case producer == nil && !legacy && p.HighWatermark == 0 && b.BaseSequence != 0:
		return nil, nil, fmt.Errorf("%w: producer %d begins an empty partition with sequence %d, not 0", ErrOutOfOrderSequence, b.ProducerID, b.BaseSequence)
	case producer == nil:
		// New or forgotten: any sequence may begin.
		return nil, nil, nil
	case b.ProducerEpoch < producer.Epoch:
		return nil, nil, fmt.Errorf("%w: producer %d has epoch %d, the batch %d", ErrInvalidProducerEpoch, b.ProducerID, producer.Epoch, b.ProducerEpoch)
	case b.ProducerEpoch > producer.Epoch && b.BaseSequence != 0:
		return nil, nil, fmt.Errorf("%w: producer %d begins epoch %d with sequence %d, not 0", ErrOutOfOrderSequence, b.ProducerID, b.ProducerEpoch, b.BaseSequence)
	case b.ProducerEpoch > producer.Epoch:
		return producer, nil, nil
	}
	if known = producer.find(b); known != nil {
		return producer, known, nil
	}
	if next := seqAfter(producer.Batches[len(producer.Batches)-1].LastSeq, 1); b.BaseSequence != next {
		return nil, nil, fmt.Errorf("%w: producer %d sent sequence %d, %d is next", ErrOutOfOrderSequence, b.ProducerID, b.BaseSequence, next)
	}
	return producer, nil, nil
}

// find returns the remembered batch with the same sequence numbers, or nil.
func (w *Producer) find(b *Batch) *ProducerBatch {
	last := b.lastSeq()
	for i := range w.Batches {
		if k := &w.Batches[i]; k.FirstSeq == b.BaseSequence && k.LastSeq == last {
			return k
		}
	}
	return nil
}

// Duplicate tells whether a batch is in the partition already, as one of those that are remembered of its idempotent
// producer, and as which. Like all reads of the state it may run beside others.
func (p *Partition) Duplicate(b *Batch) (ProducerBatch, bool) {
	_, known, err := p.checkSequence(b, false)
	if err != nil || known == nil {
		return ProducerBatch{}, false
	}
	return *known, true
}

// remember notes an accepted batch; w is nil where its producer is not known yet.
func (s *State) remember(p *Partition, w *Producer, b *Batch, base int64) {
	if b.ProducerID < 0 {
		return
	}
	if w == nil {
		w = &Producer{ID: b.ProducerID, Batches: make([]ProducerBatch, 0, rememberedBatches)}
		if p.Producers == nil {
			p.Producers = make(map[int64]*Producer)
		}
		p.Producers[b.ProducerID] = w
		s.usage.Producers++
	}
	if w.Epoch != b.ProducerEpoch {
		w.Epoch, w.Batches = b.ProducerEpoch, w.Batches[:0]
	}
	if n := len(w.Batches); n == rememberedBatches {
		copy(w.Batches, w.Batches[1:])
		w.Batches = w.Batches[:n-1]
	}
	w.Batches = append(w.Batches, ProducerBatch{b.BaseSequence, b.lastSeq(), base, s.latest(b)})
	w.LastTime = s.Time
	s.unsaved.producer(p, w)
}

func (*ReserveProducerIDs) kind() kind { return kindReserveProducerIDs }

// Validate implements Entry.
func (e *ReserveProducerIDs) Validate() error {
	if e.Count < 1 {
		return fmt.Errorf("%d ids", e.Count)
	}
	return nil
}

func (e *ReserveProducerIDs) append(dst []byte) []byte {
	return binary.AppendUvarint(dst, uint64(e.Count))
}

func (e *ReserveProducerIDs) apply(s *Application) Outcome {
	first := s.nextProducer
	s.nextProducer += int64(e.Count)
	return Outcome{Value: first}
}

func (*NameProducer) kind() kind { return kindNameProducer }

// Validate implements Entry.
func (e *NameProducer) Validate() error {
	if e.Name == "" || len(e.Name) > maxName {
		return fmt.Errorf("a name of %d bytes", len(e.Name))
	}
	return nil
}

func (e *NameProducer) append(dst []byte) []byte { return appendString(dst, e.Name) }

func (e *NameProducer) apply(s *Application) Outcome {
	n, ok := s.names[e.Name]
	if !ok {
		n.ID = s.nextProducer
		s.nextProducer++
	}
	n.Asked = s.Time
	s.names[e.Name] = n
	s.unsaved.name(e.Name)
	return Outcome{Value: n.ID}
}
