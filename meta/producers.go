package meta

import (
	"encoding/binary"
	"fmt"
)

// rememberedBatches is how many batches of a producer can be recognised when
// they come again: clients keep at most five requests in flight (KIP-98).
const rememberedBatches = 5

// ProducerExpiration is how long a partition remembers a producer that does
// not write, in milliseconds of commit time, like Kafka's producer.id.expiration.ms.
const ProducerExpiration = 24 * 60 * 60 * 1000

// expiryPeriod is how often the producers are looked through.
const expiryPeriod = 10 * 60 * 1000

// seqAfter returns the sequence number n after seq. They wrap to 0 behind 2^31-1.
func seqAfter(seq, n int32) int32 { return int32((int64(seq) + int64(n)) & (1<<31 - 1)) }

// checkSequence decides what an idempotent producer's batch is, as Kafka's
// ProducerStateManager does: a duplicate (known), an error, or the next batch
// of the producer, which may be new (nil). Batches without a producer are always next.
func (s *State) checkSequence(p *Partition, b *Batch) (producer *Producer, known *ProducerBatch, err error) {
	if b.ProducerID < 0 {
		return nil, nil, nil
	}
	producer = p.Producers[b.ProducerID]
	if producer == nil {
		// Forgotten, or new: any sequence may begin (KIP-360).
		return nil, nil, nil
	}
	if b.ProducerEpoch < producer.Epoch {
		return nil, nil, fmt.Errorf("%w: producer %d has epoch %d, the batch %d", ErrInvalidProducerEpoch, b.ProducerID, producer.Epoch, b.ProducerEpoch)
	}
	if b.ProducerEpoch > producer.Epoch {
		if b.BaseSequence != 0 {
			return nil, nil, fmt.Errorf("%w: producer %d begins epoch %d with sequence %d, not 0", ErrOutOfOrderSequence, b.ProducerID, b.ProducerEpoch, b.BaseSequence)
		}
		return producer, nil, nil
	}
	last := seqAfter(b.BaseSequence, b.Offsets-1)
	for i := range producer.Batches {
		if k := &producer.Batches[i]; k.FirstSeq == b.BaseSequence && k.LastSeq == last {
			return producer, k, nil
		}
	}
	if next := seqAfter(producer.Batches[len(producer.Batches)-1].LastSeq, 1); b.BaseSequence != next {
		return nil, nil, outOfOrder(producer, b, next)
	}
	return producer, nil, nil
}

// outOfOrder tells a batch that is older than those remembered from one whose
// predecessor is missing: the former is in the log already.
func outOfOrder(producer *Producer, b *Batch, next int32) error {
	behind := (int64(next) - int64(b.BaseSequence)) & (1<<31 - 1)
	if oldest := (int64(next) - int64(producer.Batches[0].FirstSeq)) & (1<<31 - 1); behind > oldest && behind < 1<<30 {
		return fmt.Errorf("%w: producer %d sent sequence %d, %d is next", ErrDuplicateSequence, b.ProducerID, b.BaseSequence, next)
	}
	return fmt.Errorf("%w: producer %d sent sequence %d, %d is next", ErrOutOfOrderSequence, b.ProducerID, b.BaseSequence, next)
}

// remember notes an accepted batch of an idempotent producer.
func (s *State) remember(p *Partition, producer *Producer, b *Batch, base int64, c *Commit) {
	if b.ProducerID < 0 {
		return
	}
	if producer == nil {
		producer = &Producer{ID: b.ProducerID, Epoch: b.ProducerEpoch}
		if p.Producers == nil {
			p.Producers = make(map[int64]*Producer)
		}
		p.Producers[b.ProducerID] = producer
	}
	if producer.Epoch != b.ProducerEpoch {
		producer.Epoch, producer.Batches = b.ProducerEpoch, producer.Batches[:0]
	}
	if len(producer.Batches) == rememberedBatches {
		copy(producer.Batches, producer.Batches[1:])
		producer.Batches = producer.Batches[:rememberedBatches-1]
	}
	producer.Batches = append(producer.Batches, ProducerBatch{b.BaseSequence, seqAfter(b.BaseSequence, b.Offsets-1), base, b.MaxTimestamp})
	producer.LastTime = s.Time
	s.dirty.producers[producerKey{p.ID, producer.ID}] = struct{}{}
}

// expireProducers forgets producers that have not written for long. It looks
// at the state's own time only, which never goes back: a clock that jumps to and fro
// forgets nobody early by more than it jumped.
func (s *State) expireProducers() {
	if s.Time-s.lastExpiry < expiryPeriod {
		return
	}
	s.lastExpiry = s.Time
	alive := make(map[int64]bool)
	for _, t := range s.topics {
		for _, p := range t.Partitions {
			for id, producer := range p.Producers {
				if s.Time-producer.LastTime <= ProducerExpiration {
					alive[id] = true
					continue
				}
				delete(p.Producers, id)
				s.dirty.producers[producerKey{p.ID, id}] = struct{}{}
			}
		}
	}
	for name, n := range s.producers {
		if !alive[n.ID] && s.Time-n.Asked > ProducerExpiration {
			delete(s.producers, name)
			s.dirty.names[name] = struct{}{}
		}
	}
}

func (*ReserveProducerIDs) kind() kind { return kindReserveProducerIDs }

// Validate implements Entry.
func (e *ReserveProducerIDs) Validate() error {
	if e.Count < 1 {
		return fmt.Errorf("%d ids", e.Count)
	}
	return nil
}

// append writes: count uvarint.
func (e *ReserveProducerIDs) append(dst []byte) []byte {
	return binary.AppendUvarint(dst, uint64(e.Count))
}

func (e *ReserveProducerIDs) apply(s *State, c *Commit) Outcome {
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

// append writes: name string.
func (e *NameProducer) append(dst []byte) []byte { return appendString(dst, e.Name) }

func (e *NameProducer) apply(s *State, c *Commit) Outcome {
	n, ok := s.producers[e.Name]
	if !ok {
		n.ID = s.nextProducer
		s.nextProducer++
	}
	n.Asked = s.Time
	s.producers[e.Name] = n
	s.dirty.names[e.Name] = struct{}{}
	return Outcome{Value: n.ID}
}
