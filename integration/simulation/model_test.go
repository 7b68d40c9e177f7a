package simulation

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/log"
	"streamhouse/log/record"
)

// model is what the outside world knows: what was sent, what was acknowledged, what was
// seen, and what may be so because an answer did not come. All methods may be
// called concurrently.
type model struct {
	fail   func(format string, args ...any)
	clocks *clockErrors

	mu        sync.Mutex
	sent      map[string]*sentRecord // by id
	parts     map[part]*partition
	topics    map[string]*topicModel
	changes   int // of topics, so far
	ids       map[int]log.TopicID
	creations map[log.TopicID]int // the change that created it, by id
	positions map[position]*positionModel
	done      map[string]int // what was acknowledged, by kind
}

func newModel(fail func(string, ...any), clocks *clockErrors) *model {
	return &model{
		fail: fail, clocks: clocks, sent: make(map[string]*sentRecord), parts: make(map[part]*partition),
		topics: make(map[string]*topicModel), ids: make(map[int]log.TopicID), creations: make(map[log.TopicID]int), positions: make(map[position]*positionModel), done: make(map[string]int),
	}
}

type part struct {
	topic string
	index int32
}

func (p part) String() string { return fmt.Sprintf("%s/%d", p.topic, p.index) }

// sentRecord is a record that a producer was given. Its id is in its first header.
type sentRecord struct {
	producer *producer
	number   int // of the producer's records
	record   kgo.Record
	part     part
	sentAt   int64 // milliseconds since 1970
	life     int   // of the topic, when it was sent
	untimed  bool  // the broker gives it its time
}

// partition is what is known of one partition.
type partition struct {
	at    map[int64]*sentRecord // what was acknowledged or seen, by offset
	acked []int64               // offsets that were acknowledged
	high  int64                 // the high watermark is not below

	deleted  int64 // the first offset is not below: a DeleteRecords was acknowledged
	deleting int64 // … and not above: one was tried
}

func (m *model) partLocked(p part) *partition {
	k := m.parts[p]
	if k == nil {
		k = &partition{at: make(map[int64]*sentRecord)}
		m.parts[p] = k
	}
	return k
}

// count notes that something was acknowledged, for the story of the run.
func (m *model) count(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done[what]++
}

// send notes that a record is about to be sent.
func (m *model) send(id string, s *sentRecord) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.life, _ = m.lifeLocked(s.part.topic)
	m.sent[id] = s
}

// acknowledge notes that the broker named a record's place.
func (m *model) acknowledge(s *sentRecord, p part, offset int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p != s.part || offset < 0 {
		m.fail("%s was sent to %v and acknowledged at offset %d of %v", s.id(), s.part, offset, p)
		return
	}
	m.done["records"]++
	if life, known := m.lifeLocked(p.topic); !known || life != s.life {
		return // the topic may have been deleted since, and created anew
	}
	k := m.partLocked(p)
	m.placeLocked(p, k, offset, s)
	k.acked = append(k.acked, offset)
	k.high = max(k.high, offset+1)
}

func (m *model) placeLocked(p part, k *partition, offset int64, s *sentRecord) {
	if other := k.at[offset]; other != nil && other != s {
		m.fail("offset %d of %v belongs to %s and to %s", offset, p, other.id(), s.id())
		return
	}
	k.at[offset] = s
}

func (s *sentRecord) id() string { return string(s.record.Headers[0].Value) }

// see checks a record that a reader found, wherever it read.
func (m *model) see(p part, r record.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seeLocked(p, r)
}

func (m *model) seeLocked(p part, r record.Record) *sentRecord {
	if len(r.Headers) == 0 {
		m.fail("the record at offset %d of %v was never sent", r.Offset, p)
		return nil
	}
	id := string(r.Headers[0].Value)
	s := m.sent[id]
	if s == nil || s.part != p {
		m.fail("the record %q at offset %d of %v was never sent there", id, r.Offset, p)
		return nil
	}
	if why := s.differs(r, m.clocks); why != "" {
		m.fail("the record %q at offset %d of %v came back with another %s", id, r.Offset, p, why)
	}
	k := m.partLocked(p)
	m.placeLocked(p, k, r.Offset, s)
	return s
}

// differs names what is not as it was sent.
func (s *sentRecord) differs(r record.Record, clocks *clockErrors) string {
	same := func(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }
	byBroker := s.untimed || s.part.topic == stamped
	earliest, latest := clocks.between(s.sentAt, time.Now().UnixMilli())
	switch {
	case !same(s.record.Key, r.Key):
		return "key"
	case !same(s.record.Value, r.Value):
		return "value"
	case !slices.EqualFunc(s.record.Headers, r.Headers, func(a kgo.RecordHeader, b record.Header) bool {
		return a.Key == b.Key && same(a.Value, b.Value)
	}):
		return "headers"
	case byBroker && (r.Timestamp < earliest || r.Timestamp > latest):
		return "time than the broker's"
	case !byBroker && r.Timestamp != s.record.Timestamp.UnixMilli():
		return "timestamp"
	}
	return ""
}

// deleteTo notes that records before an offset are about to be deleted; done, that they were.
func (m *model) deleteTo(p part, offset int64) (done func(acknowledged bool)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.partLocked(p)
	k.deleting = max(k.deleting, offset)
	return func(acknowledged bool) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if acknowledged {
			k.deleted = max(k.deleted, offset)
		}
	}
}

// mayBeDeleted tells whether an offset may be gone.
func (m *model) mayBeDeleted(p part, offset int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return offset < m.partLocked(p).deleting
}

// highWatermark returns how far a partition reaches at least.
func (m *model) highWatermark(p part) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.partLocked(p).high
}

// checkBoundsLocked compares the ends of a partition with the model.
func (m *model) checkBoundsLocked(p part, b log.Bounds) {
	k := m.partLocked(p)
	if b.HighWatermark < k.high {
		m.fail("the high watermark of %v went back from %d to %d", p, k.high, b.HighWatermark)
	}
	k.high = max(k.high, b.HighWatermark)
	if b.LogStart < k.deleted || b.LogStart > k.deleting {
		m.fail("the first offset of %v is %d, which has to be %d to %d", p, b.LogStart, k.deleted, k.deleting)
	}
	if b.LastStable != b.HighWatermark {
		m.fail("the last stable offset of %v is %d without transactions, its high watermark %d", p, b.LastStable, b.HighWatermark)
	}
}

// checkWhole compares all records of a partition, in their order, with the model.
func (m *model) checkWhole(p part, b log.Bounds, records []record.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.checkBoundsLocked(p, b)
	if want := b.HighWatermark - b.LogStart; int64(len(records)) != want {
		m.fail("%v has %d records from offset %d to %d", p, len(records), b.LogStart, b.HighWatermark)
	}
	latest := make(map[*producer]int)
	first := make(map[*sentRecord]int64)
	for i, r := range records {
		if r.Offset != b.LogStart+int64(i) {
			m.fail("%v has offset %d where %d belongs", p, r.Offset, b.LogStart+int64(i))
		}
		s := m.seeLocked(p, r)
		if s == nil {
			continue
		}
		if at, twice := first[s]; twice {
			if s.producer.idempotent && !m.clocks.producersForgotten() {
				m.fail("%s is in %v twice, at %d and at %d", s.id(), p, at, r.Offset)
			}
			continue
		}
		first[s] = r.Offset
		if !s.producer.idempotent && b.LogStart > 0 {
			continue // its first copy may be among the records that were deleted
		}
		if !s.producer.answered {
			continue // its requests may be under way on two connections, the old one and the one after it
		}
		if s.number <= latest[s.producer] {
			m.fail("%s at offset %d of %v stands behind number %d of its producer", s.id(), r.Offset, p, latest[s.producer])
		}
		latest[s.producer] = s.number
	}
	m.checkKeptLocked(p, b, records)
}

// checkKeptLocked makes sure that all that was acknowledged or seen is there. What is
// there at its place was compared when it was seen.
func (m *model) checkKeptLocked(p part, b log.Bounds, records []record.Record) {
	for offset, s := range m.partLocked(p).at {
		if offset >= b.LogStart && offset >= b.LogStart+int64(len(records)) {
			m.fail("%s was at offset %d of %v, which ends at %d", s.id(), offset, p, b.HighWatermark)
		}
	}
}
