package simulation

import (
	"context"
	"errors"
	"maps"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/log"
	"streamhouse/log/record"
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
		rd.reset(rd.world.resets(fetches))
		fetches.EachRecord(rd.take)
	}
}

// resets looks at the errors that a consumer was told, and returns where it goes on after them. The
// store's troubles pass; a consumer that thinks that records were lost has met a broker that
// does not know them. That may be one that was taken over and cannot reach the store to notice.
func (w *world) resets(fetches kgo.Fetches) map[part]int64 {
	to := make(map[part]int64)
	fetches.EachError(func(topic string, index int32, err error) {
		lost, ok := errors.AsType[*kgo.ErrDataLoss](err)
		if !ok {
			return
		}
		p := part{topic, index}
		if len(w.zombies()) == 0 {
			w.fail("a consumer of %v takes records for lost: %v", p, lost)
		}
		w.tell("a consumer of %v has met a broker that was taken over: %v", p, lost)
		to[p] = lost.ResetTo
	})
	return to
}

func (rd *reader) reset(to map[part]int64) {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	maps.Copy(rd.next, to)
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
func found(r *kgo.Record) record.Record {
	f := record.Record{Offset: r.Offset, Timestamp: r.Timestamp.UnixMilli(), Key: r.Key, Value: r.Value}
	for _, h := range r.Headers {
		f.Headers = append(f.Headers, record.Header{Key: h.Key, Value: h.Value})
	}
	return f
}
