package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// readFrom says where a reader begins.
type readFrom int

const (
	atStart readFrom = iota // and each fetch request is timed
	atEnd                   // and each record is timed from its stamp
)

// reader reads all partitions of the topic with one client. One goroutine uses it.
type reader struct {
	b      *Config
	t      *topic
	p      *progress
	client *kgo.Client
	next   map[int32]int64 // the offset behind the last one that was read
	stamps bool            // times records, not fetch requests
	last   time.Time       // when the last record came
}

// read is the cold phase: everything that the topic holds when it begins.
func (b *Config) read(ctx context.Context, t *topic, m *meter) phaseResult {
	defer m.finish()
	p := m.start("cold")
	reader, err := newReader(ctx, b, t, p, atStart)
	if err != nil {
		p.failures.add(err)
		return p.result(0)
	}
	defer reader.close()
	return reader.drain(ctx)
}

// newReader makes a client that begins at offsets which are asked for here, not when it first
// fetches: what is produced after newReader has returned is behind the end. The caller closes it.
func newReader(ctx context.Context, b *Config, t *topic, p *progress, from readFrom) (*reader, error) {
	start, end, err := t.offsets(ctx)
	if err != nil {
		return nil, err
	}
	r := &reader{b: b, t: t, p: p, next: maps.Clone(start), stamps: from == atEnd, last: p.started}
	if from == atEnd {
		r.next = end
	}
	partitions := make(map[int32]kgo.Offset, len(r.next))
	for partition, offset := range r.next {
		partitions[partition] = kgo.NewOffset().At(offset)
	}
	opts := b.clientOptions(
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{t.name: partitions}),
		kgo.KeepControlRecords(), // they count as offsets
		kgo.FetchMaxBytes(64<<20),
		kgo.FetchMaxPartitionBytes(8<<20),
		kgo.FetchMaxWait(500*time.Millisecond),
	)
	if from == atStart {
		opts = append(opts, kgo.WithHooks(fetchTimer{p}))
	}
	r.client, err = kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("consumer client: %w", err)
	}
	return r, nil
}

func (r *reader) close() { r.client.Close() }

// fetchTimer times fetch requests, from writing one to having read its answer, and with what the broker
// waits for records. It is a [kgo.HookBrokerE2E], which the client calls concurrently.
type fetchTimer struct{ p *progress }

func (f fetchTimer) OnBrokerE2E(_ kgo.BrokerMetadata, key int16, e2e kgo.BrokerE2E) {
	if key == int16(kmsg.Fetch) && e2e.Err() == nil {
		f.p.latencies.add(e2e.DurationE2E())
	}
}

// follow reads what comes until the context until ends, however long that takes,
// and then the rest, for which ctx and the patience count.
func (r *reader) follow(ctx, until context.Context) phaseResult {
	for until.Err() == nil {
		if err := r.poll(until); err != nil && until.Err() == nil {
			r.p.failures.add(err)
			break
		}
	}
	return r.drain(ctx)
}

// drain reads until it has everything that the topic holds at the time of the
// call. It gives up when nothing comes for as long as its patience.
func (r *reader) drain(ctx context.Context) phaseResult {
	_, end, err := r.t.offsets(ctx)
	for err == nil && !r.reached(end) {
		err = r.pollPatiently(ctx)
	}
	if err != nil {
		r.p.failures.add(err)
	}
	return r.p.result(r.last.Sub(r.p.started))
}

// pollPatiently is a poll that fails when nothing comes for as long as the patience.
func (r *reader) pollPatiently(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, r.b.Patience)
	defer cancel()
	if err := r.poll(waiting); err != nil {
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("nothing came for %v; read %d records of partitions up to %v", r.b.Patience, r.p.records.Load(), r.next)
		}
		return err
	}
	return nil
}

// poll takes what has come, or waits for something until ctx ends. What came with an error is counted, too.
func (r *reader) poll(ctx context.Context) error {
	fetches := r.client.PollFetches(ctx)
	now := time.Now()
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if n := len(p.Records); n > 0 {
			r.next[p.Partition] = p.Records[n-1].Offset + 1
			r.last = now
			r.count(p.Records, now)
		}
	})
	return fetches.Err()
}

// count takes the records of one partition, which arrived at now. A stamp is on the same clock: the producers
// are in this process.
func (r *reader) count(records []*kgo.Record, now time.Time) {
	var bytes int64
	for _, record := range records {
		bytes += int64(len(record.Value))
		if r.stamps {
			if at, ok := stamped(record.Value); ok {
				r.p.latencies.add(now.Sub(at))
			}
		}
	}
	r.p.records.Add(int64(len(records)))
	r.p.bytes.Add(bytes)
}

// reached reports that nothing before end is missing, in any partition.
func (r *reader) reached(end map[int32]int64) bool {
	for partition, offset := range end {
		if r.next[partition] < offset {
			return false
		}
	}
	return true
}
