package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// maxBufferedRecords and maxBufferedBytes bound what a producer client holds. They are far
	// more than any broker has in flight, so they bound memory and not the figures.
	maxBufferedRecords = 200_000
	maxBufferedBytes   = 128 << 20
	// maxBatchBytes is just below the largest batch that brokers take by default.
	maxBatchBytes = 1_000_000
)

// produceAndTail runs the produce phase, and beside it a reader that starts at
// the topic's end, where that is asked for. The results are in the order of the phases: produce, tail. Where
// the reader cannot start, nothing is produced: its figures were wanted, and the topic stays as it is.
func (b *Config) produceAndTail(ctx context.Context, t *topic, m *meter) []phaseResult {
	defer m.finish()
	if !b.has("tail") {
		return []phaseResult{b.produce(ctx, t, m.start("produce"))}
	}
	tail := m.start("tail")
	reader, err := newReader(ctx, b, t, tail, atEnd)
	if err != nil {
		tail.failures.add(err)
		return []phaseResult{tail.result(0)}
	}
	defer reader.close()
	var results [2]phaseResult
	until, written := context.WithCancel(ctx)
	var both sync.WaitGroup
	both.Go(func() {
		defer written()
		results[0] = b.produce(ctx, t, m.start("produce"))
	})
	both.Go(func() { results[1] = reader.follow(ctx, until) })
	both.Wait()
	return results[:]
}

// produce sends records until their number, the duration or ctx is up, and waits for
// their acknowledgements, which count into the time that it took. Without a number the duration counts.
func (b *Config) produce(ctx context.Context, t *topic, p *progress) phaseResult {
	if b.Records == 0 {
		timed, cancel := context.WithTimeout(ctx, b.Duration)
		defer cancel()
		ctx = timed
	}
	var all sync.WaitGroup
	var taken atomic.Int64
	start := time.Now()
	for i := range b.Producers {
		// A seed for each: values that come twice would compress too well, in the broker or in its store.
		producer, err := newProducer(b, t, p, uint64(i))
		if err != nil {
			p.failures.add(err)
			break
		}
		all.Go(func() {
			defer producer.client.Close()
			producer.run(ctx, start, &taken)
		})
	}
	all.Wait()
	return p.result(time.Since(start))
}

// producer is one producer client. One goroutine runs it; its promises come in one of the client's.
type producer struct {
	b      *Config
	p      *progress
	client *kgo.Client
	slots  sync.Pool // of *slot
	share  float64   // records per second; 0 is as fast as it goes
}

// slot is a record with its buffer, used again once it is acknowledged. Until then it is the client's.
type slot struct {
	record kgo.Record
	from   time.Time                // when the record was due, or handed over
	done   func(*kgo.Record, error) // the promise that goes with each use
}

// newProducer makes a client, which connects when it first sends. The caller closes it. seed makes its
// values those of any run with the same seed.
func newProducer(b *Config, t *topic, p *progress, seed uint64) (*producer, error) {
	opts := b.clientOptions(
		kgo.DefaultProduceTopic(t.name),
		kgo.ProducerLinger(b.Linger),
		kgo.MaxBufferedRecords(maxBufferedRecords),
		kgo.MaxBufferedBytes(maxBufferedBytes),
		kgo.ProducerBatchMaxBytes(max(maxBatchBytes, int32(b.RecordSize)+1024)),
		kgo.ProducerBatchCompression(codecs[b.Codec]),
		// Without keys it stays with a partition until a batch is full.
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)),
		kgo.RequiredAcks(acks[b.Acks]),
	)
	if !b.Idempotent || b.Acks != "all" {
		// Without idempotence the client would have one request in flight; 5 is what it has with it, and what
		// Kafka's own producer has (max.in.flight.requests.per.connection).
		opts = append(opts, kgo.DisableIdempotentWrite(), kgo.MaxProduceRequestsInflightPerBroker(5))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("producer client: %w", err)
	}
	pr := &producer{b: b, p: p, client: client, share: b.Rate / float64(b.Producers)}
	values := newValues(int(b.RecordSize), b.Random, seed)
	pr.slots.New = func() any { return pr.newSlot(values.next()) }
	return pr, nil
}

var codecs = map[string]kgo.CompressionCodec{
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

var acks = map[string]kgo.Acks{"all": kgo.AllISRAcks(), "1": kgo.LeaderAck(), "0": kgo.NoAck()}

// newSlot makes the slot's promise once, so that a record costs no allocation. A record that was canceled is
// not a failure of the broker: it is not counted at all.
func (pr *producer) newSlot(value []byte) *slot {
	s := &slot{record: kgo.Record{Value: value}}
	s.done = func(_ *kgo.Record, err error) {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				pr.p.failures.add(err)
			}
			return // the client may hold on to a record that failed: let go of it
		}
		pr.p.latencies.add(time.Since(s.from))
		pr.p.records.Add(1)
		pr.p.bytes.Add(int64(len(value)))
		s.record = kgo.Record{Value: value}
		pr.slots.Put(s)
	}
	return s
}

// run produces until its context ends or all records are taken. taken is shared by all producers. What it has
// handed over is acknowledged or has failed when it returns, within the patience each.
func (pr *producer) run(ctx context.Context, start time.Time, taken *atomic.Int64) {
	// A context of its own: what was handed over when the time is up still counts.
	sending := context.WithoutCancel(ctx)
	for sent := 0; pr.b.Records == 0 || taken.Add(1) <= pr.b.Records; sent++ {
		due, ok := pr.pace(ctx, start, sent)
		if !ok {
			break
		}
		s := pr.slots.Get().(*slot)
		s.from = due
		stamp(s.record.Value, due)
		pr.client.Produce(sending, &s.record, s.done)
	}
	if err := pr.client.Flush(sending); err != nil {
		pr.p.failures.add(err)
	}
}

// pace waits until the next record is due and returns when that was: at a set rate a
// broker that stalls is charged for the records that it held up (else it would slow down who measures
// it: coordinated omission). sent is how many this producer has sent. It returns false when ctx has ended.
func (pr *producer) pace(ctx context.Context, start time.Time, sent int) (time.Time, bool) {
	if pr.share == 0 {
		return time.Now(), ctx.Err() == nil
	}
	due := start.Add(time.Duration(float64(sent) / pr.share * float64(time.Second)))
	wait := time.Until(due)
	if wait <= 0 {
		return due, ctx.Err() == nil
	}
	select {
	case <-time.After(wait):
		return due, true
	case <-ctx.Done():
		return due, false
	}
}
