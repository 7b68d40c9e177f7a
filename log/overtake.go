package log

import (
	"fmt"
	"slices"
	"time"

	"streamhouse/meta"
)

// stream is what an idempotent producer sends to one partition: its sequence numbers follow each other there.
type stream struct {
	partition *partition
	producer  int64
}

// streams counts the batches of each idempotent producer and partition.
func streams(items []*item) map[stream]bool {
	found := make(map[stream]bool)
	for _, it := range items {
		if it.batch.Idempotent() && it.owner.refused == nil {
			found[stream{it.partition, it.batch.ProducerID()}] = true
		}
	}
	return found
}

// overtaken returns [ErrStoreShrank] where the rest of a flush must not be applied behind the flushes that have their
// places already.
//
// A partition that does not know a producer lets it begin at any sequence number, as in Kafka, unless the partition is still
// empty, which what others sent before may change. So if the rest holds the
// first batch of such a producer, and a flush behind holds its next one, that one would be taken for the beginning, and the first one
// would be out of order for ever: the producer either waits for ever, or begins anew and writes the next one twice. Where the
// partition knows the producer, the next one is out of order and refused, and its client sends it again.
//
// It cannot be decided later, when the flushes before have been applied: those behind may stand in the bucket, and do count once
// this place is filled, in a replay as well. Nor can they be taken back. So the place is left unfilled, which makes all behind it
// void, and nobody in them has been answered; the next start seals the place, and the clients send again what they
// have had no answer to. An attempt that had no answer may have filled the place all the same: with the whole flush,
// before anything was cut off it; then that and what is behind it count, in their order.
func (l *Log) overtaken(f, rest *flush) error {
	at := l.unsettled(f, rest)
	if len(at) == 0 {
		return nil
	}
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	for s := range at {
		// A partition that is gone takes none of them. One that is about to forget the producer does not know it.
		if !s.partition.gone && !s.partition.knows(s.producer, max(time.Now().UnixMilli(), l.state.Time)) {
			return fmt.Errorf("%w: it refused segment %d with %d bytes while later ones were under way, and producer %d would get out of step in partition %d: "+
				"nothing that was acknowledged is lost, and clients send the rest again after a restart",
				ErrStoreShrank, f.place, f.objectBytes, s.producer, s.partition.id.Index)
		}
	}
	return nil
}

// unsettled returns the streams of a rest that a flush behind has a batch of, but not those that begin before: in what
// is kept of the flush, or in one that has its place before it. What those begin with is accepted, for
// the partition does not know the producer; so it does once they have been applied.
func (l *Log) unsettled(f, rest *flush) map[stream]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := slices.Index(l.inFlight, f)
	if at == len(l.inFlight)-1 || rest.refused {
		return nil
	}
	found := streams(rest.items)
	for s := range streams(f.items) {
		delete(found, s)
	}
	for _, before := range l.inFlight[:at] {
		for s := range streams(before.placed) {
			delete(found, s)
		}
	}
	behind := make(map[stream]bool)
	for _, g := range l.inFlight[at+1:] {
		for s := range streams(g.placed) {
			behind[s] = found[s]
		}
	}
	for s := range found {
		if !behind[s] {
			delete(found, s)
		}
	}
	return found
}

// knows says whether a partition knows a producer, and will for as long as its batches are in flight. Needs stateMu.
func (p *partition) knows(producer int64, now int64) bool {
	w := p.meta.Producers[producer]
	return w != nil && now-w.LastTime < meta.ProducerExpiration
}
