package simulation

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"streamhouse/log"
	"streamhouse/log/record"
)

// snapshot is all that can be seen of an engine, but for who leads it.
type snapshot struct {
	topics  map[string]topicSeen
	bounds  map[part]log.Bounds
	records map[part][]record.Record
	groups  map[string][]log.CommittedOffset
}

type topicSeen struct {
	id      log.TopicID
	created int64 // milliseconds since 1970
	topicState
}

// snapshotOf reads everything. Nothing is wrong with the store meanwhile.
func (w *world) snapshotOf(e *log.Log) snapshot {
	s := snapshot{
		topics: make(map[string]topicSeen), bounds: make(map[part]log.Bounds), records: make(map[part][]record.Record),
		groups: make(map[string][]log.CommittedOffset),
	}
	for _, t := range e.Topics() {
		s.topics[t.Name] = topicSeen{t.ID, t.CreatedAt.UnixMilli(), topicState{there: true, partitions: t.Partitions, configs: printConfigs(t.Configs)}}
		for i := range t.Partitions {
			p := part{t.Name, i}
			b := w.bounds(e, p)
			b.LeaderEpoch = 0
			s.bounds[p] = b
			s.records[p] = w.readAll(e, log.PartitionID{Topic: t.ID, Index: i}, b)
		}
	}
	for _, g := range e.Groups() {
		s.groups[g] = e.CommittedOffsets(g)
	}
	return s
}

// differs names the first thing that is not as in the other snapshot.
func (s snapshot) differs(other snapshot) string {
	switch {
	case !reflect.DeepEqual(s.topics, other.topics):
		return fmt.Sprintf("topics %+v, and not %+v", other.topics, s.topics)
	case !reflect.DeepEqual(s.bounds, other.bounds):
		return fmt.Sprintf("bounds %+v, and not %+v", other.bounds, s.bounds)
	case !reflect.DeepEqual(s.groups, other.groups):
		return fmt.Sprintf("positions %+v, and not %+v", other.groups, s.groups)
	}
	for p, records := range s.records {
		if !slices.EqualFunc(records, other.records[p], func(a, b record.Record) bool { return reflect.DeepEqual(a, b) }) {
			return fmt.Sprintf("other records in %v", p)
		}
	}
	return ""
}

// readAll reads a partition from its start to its end.
func (w *world) readAll(e *log.Log, id log.PartitionID, b log.Bounds) (all []record.Record) {
	next := b.LogStart
	for next < b.HighWatermark {
		o := log.ReadOptions{MaxBytes: 1 << 20, MinBytes: 1, MaxWait: time.Minute}
		res := e.Read(context.Background(), []log.ReadRequest{{Partition: id, Offset: next, MaxBytes: 1 << 20, LeaderEpoch: -1}}, o)[0]
		err := res.Err
		from := next
		if err == nil {
			err = record.Decode(res.Records, next, func(r record.Record) bool {
				all, next = append(all, r), r.Offset+1
				return true
			})
		}
		if err != nil || next == from {
			w.fail("reading on from offset %d, where %d follow, gives nothing: %v", from, b.HighWatermark-from, err)
			return all
		}
	}
	return all
}
