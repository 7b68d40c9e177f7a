package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// producer sends records to the lasting topics.
type producer struct {
	world      *world
	name       string
	idempotent bool
	answered   bool // it asks for acknowledgements
	delay      time.Duration
	r          *rand.Rand
	client     *kgo.Client
	sent       int
}

// producers are those of a run: most are idempotent, one may send twice, and one asks for no answer. Some
// come later, and get their ids from another broker.
func (w *world) producers() (all []*producer) {
	for i := range 5 {
		p := w.newProducer(fmt.Sprint("idempotent-", i), true, true)
		if i >= 3 {
			p.delay = about(p.r, w.length/2)
		}
		all = append(all, p)
	}
	return append(all,
		w.newProducer("simple", false, true, kgo.DisableIdempotentWrite(), kgo.RequiredAcks(kgo.LeaderAck()), kgo.RecordRetries(3)),
		w.newProducer("careless", false, false, kgo.DisableIdempotentWrite(), kgo.RequiredAcks(kgo.NoAck())),
	)
}

func (w *world) newProducer(name string, idempotent, answered bool, opts ...kgo.Opt) *producer {
	p := &producer{world: w, name: name, idempotent: idempotent, answered: answered, r: random(w.seed, name)}
	p.client = w.newClient(append([]kgo.Opt{
		kgo.ClientID(name), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.StopProducerOnDataLossDetected(),
		kgo.ProducerLinger(pick(p.r, 0, 10*time.Millisecond, time.Second)),
		kgo.ProduceRequestTimeout(pick(p.r, 10*time.Second, time.Minute)),
		kgo.ProducerBatchCompression(pick(p.r, kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression())),
	}, opts...)...)
	return p
}

// work sends bursts of records until ctx ends.
func (p *producer) work(ctx context.Context) {
	if !pause(ctx, p.delay) {
		return
	}
	for pause(ctx, about(p.r, p.world.pace)) {
		at := pick(p.r, lastingParts()...)
		for range 1 + p.r.IntN(12) {
			if p.r.IntN(3) == 0 {
				at = pick(p.r, lastingParts()...)
			}
			p.send(at, nil)
		}
	}
}

// send gives a record to the client. then is called with the outcome.
func (p *producer) send(at part, then func(error)) {
	p.sent++
	s := &sentRecord{producer: p, number: p.sent, part: at, sentAt: time.Now().UnixMilli(), record: drawRecord(p.r, fmt.Sprintf("%s/%d", p.name, p.sent))}
	p.world.model.send(s.id(), s)
	given := s.record // the client writes into what it is given
	given.Topic, given.Partition = at.topic, at.index
	p.client.Produce(context.Background(), &given, func(r *kgo.Record, err error) {
		switch {
		case err == nil && p.answered:
			p.world.model.acknowledge(s, part{r.Topic, r.Partition}, r.Offset)
		case err != nil && p.idempotent && then == nil:
			p.world.fail("%s was not taken: %v", s.id(), err)
		}
		if then != nil {
			then(err)
		}
	})
}

// finish waits until all has been answered: nobody waits for ever once the faults are over.
func (p *producer) finish() {
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Hour)
	defer cancel()
	if err := p.client.Flush(ctx); err != nil {
		p.world.fail("%s has %d records without an answer: %v", p.name, p.client.BufferedProduceRecords(), err)
	}
	p.client.CloseAllowingRebalance()
}

// pause sleeps and tells whether to go on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// drawRecord makes a record with all that a record can have.
func drawRecord(r *rand.Rand, id string) kgo.Record {
	record := kgo.Record{
		Key: drawBytes(r, 20), Value: drawBytes(r, pick(r, 30, 300, 300, 4<<10, 40<<10)),
		Headers:   []kgo.RecordHeader{{Key: "id", Value: []byte(id)}},
		Timestamp: time.UnixMilli(time.Now().Add(-about(r, time.Hour)).UnixMilli()),
	}
	for range r.IntN(4) {
		record.Headers = append(record.Headers, kgo.RecordHeader{Key: pick(r, "", "a", "id"), Value: drawBytes(r, 10)})
	}
	return record
}

// drawBytes returns null, nothing, or bytes that can be compressed or not.
func drawBytes(r *rand.Rand, most int) []byte {
	switch r.IntN(10) {
	case 0:
		return nil
	case 1:
		return []byte{}
	}
	b := make([]byte, 1+r.IntN(most))
	letters := pick(r, 4, 256)
	for i := range b {
		b[i] = byte(r.IntN(letters))
	}
	return b
}
