package simulation

import (
	"context"
	"errors"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/log"
)

// reader reads all lasting topics from their start, and goes on.
type reader struct {
	world  *world
	client *kgo.Client

	mu   sync.Mutex
	next map[part]int64
}

func (w *world) newReader() *reader {
	from := make(map[string]map[int32]kgo.Offset)
	for _, p := range lastingParts() {
		if from[p.topic] == nil {
			from[p.topic] = make(map[int32]kgo.Offset)
		}
		from[p.topic][p.index] = kgo.NewOffset().AtStart()
	}
	return &reader{world: w, next: make(map[part]int64), client: w.newClient(kgo.ClientID("reader"),
		kgo.ConsumePartitions(from), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))}
}

func (rd *reader) work(ctx context.Context) {
	for ctx.Err() == nil {
		fetches := rd.client.PollFetches(ctx)
		fetches.EachError(rd.world.fetchFailed)
		fetches.EachRecord(rd.take)
	}
}

// fetchFailed looks at an error that a consumer was told. The store's troubles pass; a
// consumer that thinks that records were lost has met a broker that forgot them.
func (w *world) fetchFailed(topic string, index int32, err error) {
	if lost, ok := errors.AsType[*kgo.ErrDataLoss](err); ok {
		w.fail("a consumer of %v takes records for lost: %v", part{topic, index}, lost)
	}
}

func (rd *reader) take(r *kgo.Record) {
	p := part{r.Topic, r.Partition}
	rd.world.model.see(p, found(r))
	rd.mu.Lock()
	defer rd.mu.Unlock()
	next := rd.next[p]
	if r.Offset < next {
		rd.world.fail("a consumer of %v that stood at offset %d was given %d", p, next, r.Offset)
	}
	if r.Offset > next && !rd.world.model.mayBeDeleted(p, r.Offset-1) {
		rd.world.fail("a consumer of %v that stood at offset %d was given %d, though nothing before that was deleted", p, next, r.Offset)
	}
	rd.next[p] = r.Offset + 1
}

// atEnd tells whether it has read all.
func (rd *reader) atEnd(e *log.Log) bool {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	for _, p := range lastingParts() {
		if b := rd.world.bounds(e, p); b.HighWatermark > rd.next[p] && b.HighWatermark > b.LogStart {
			return false
		}
	}
	return true
}

// found is a client's record as the engine would decode it.
func found(r *kgo.Record) log.Record {
	f := log.Record{Offset: r.Offset, Timestamp: r.Timestamp.UnixMilli(), Key: r.Key, Value: r.Value}
	for _, h := range r.Headers {
		f.Headers = append(f.Headers, log.Header{Key: h.Key, Value: h.Value})
	}
	return f
}
