package log

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"streamhouse/meta"
)

// topic is what the engine keeps of a topic beside the state. The log's stateMu guards it.
type topic struct {
	meta       *meta.Topic
	settings   topicSettings
	partitions []*partition
}

// partition is what the engine keeps of a partition beside the state: its tail
// and who waits for it.
type partition struct {
	id      PartitionID
	meta    *meta.Partition
	topic   *topic
	tail    deque[tailBatch]
	gone    bool // the topic was deleted
	waiters waiters
}

// followTopics brings the engine's topics in line with the state after a
// commit. Called with stateMu held.
func (l *Log) followTopics(entries []meta.Entry) {
	for _, e := range entries {
		switch e := e.(type) {
		case *meta.CreateTopic:
			l.followTopic(e.ID)
		case *meta.CreatePartitions:
			l.followTopic(e.ID)
		case *meta.AlterConfigs:
			l.followTopic(e.ID)
		case *meta.DeleteTopic:
			l.followTopic(e.ID)
		}
	}
}

func (l *Log) followTopic(id TopicID) {
	m := l.state.TopicByID(id)
	t := l.topics[id]
	if m == nil {
		if t != nil {
			l.forgetTopic(t)
		}
		return
	}
	if t == nil {
		t = &topic{}
		l.topics[id] = t
	}
	t.meta, t.settings = m, l.configs.settings(m.Configs)
	more := m.Partitions[len(t.partitions):]
	fresh := make([]partition, len(more)) // in one piece: it is done while readers wait
	t.partitions = slices.Grow(t.partitions, len(more))
	for i, p := range more {
		fresh[i].id, fresh[i].meta, fresh[i].topic = p.ID, p, t
		t.partitions = append(t.partitions, &fresh[i])
	}
}

func (l *Log) forgetTopic(t *topic) {
	delete(l.topics, t.meta.ID)
	for _, p := range t.partitions {
		l.tail.dropAll(p)
		p.waiters.wake()
	}
}

// partitionLocked finds a partition. stateMu is held for reading at least.
func (l *Log) partitionLocked(id PartitionID) (*partition, error) {
	t := l.topics[id.Topic]
	if t == nil {
		return nil, fmt.Errorf("%w: id %s", ErrTopicNotFound, meta.FormatID(id.Topic))
	}
	if id.Index < 0 || int(id.Index) >= len(t.partitions) {
		return nil, fmt.Errorf("%w: %d, topic %q has %d", ErrPartitionNotFound, id.Index, t.meta.Name, len(t.partitions))
	}
	return t.partitions[id.Index], nil
}

// waiters are the reads that wait for a partition to grow.
type waiters struct {
	mu  sync.Mutex
	set map[*waiter]struct{}
}

// waiter is one waiting read: wakes that come while it is busy are remembered as one.
type waiter struct {
	c     chan struct{}
	until time.Time   // it waits no longer; zero: nobody waits
	ended atomic.Bool // its read has returned; no set holds it then
}

func newWaiter() *waiter { return &waiter{c: make(chan struct{}, 1)} }

func (w *waiter) wake() {
	select {
	case w.c <- struct{}{}:
	default:
	}
}

// add reports whether w was not there yet.
func (ws *waiters) add(w *waiter) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if _, ok := ws.set[w]; ok {
		return false
	}
	if ws.set == nil {
		ws.set = make(map[*waiter]struct{})
	}
	ws.set[w] = struct{}{}
	return true
}

func (ws *waiters) remove(w *waiter) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if delete(ws.set, w); len(ws.set) == 0 {
		ws.set = nil // 10,000 idle partitions keep no map
	}
}

func (ws *waiters) wake() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.set {
		w.wake()
	}
}
