package simulation

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// crew is a consumer group of two members that handle the records of topic plain, and
// commit them.
type crew struct {
	world *world

	mu      sync.Mutex
	handled map[part]map[int64]bool
	members map[string]*member // by name
}

const crewName = "crew"

var crewNames = []string{"crew-1", "crew-2"}

func (w *world) newCrew() *crew {
	return &crew{world: w, handled: make(map[part]map[int64]bool), members: make(map[string]*member)}
}

// member is one of them.
type member struct {
	crew   *crew
	client *kgo.Client
	topic  log.TopicID

	mu      sync.Mutex
	handled map[int32]int64 // up to there, by partition
	outcome error           // of the last commit
}

// work is the life of one member.
func (c *crew) work(ctx context.Context, name string) {
	m := &member{crew: c, handled: make(map[int32]int64)}
	id, _ := c.world.partitionID(c.world.engine(), part{plain, 0})
	m.topic = id.Topic
	m.client = c.world.newClient(kgo.ClientID(name), kgo.ConsumerGroup(crewName), kgo.ConsumeTopics(plain),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
		kgo.SessionTimeout(20*time.Second), kgo.HeartbeatInterval(2*time.Second),
		kgo.OnPartitionsRevoked(m.lose), kgo.OnPartitionsLost(m.lose))
	defer m.client.CloseAllowingRebalance()
	c.mu.Lock()
	c.members[name] = m
	c.mu.Unlock()
	for ctx.Err() == nil {
		// What could not be committed is tried again, even where nothing new comes.
		poll, cancel := context.WithTimeout(ctx, 5*time.Second)
		fetches := m.client.PollFetches(poll)
		cancel()
		m.reset(c.world.resets(fetches))
		fetches.EachRecord(m.handle)
		m.commit(ctx)
		m.client.AllowRebalance()
	}
}

// lose forgets what belongs to somebody else now.
func (m *member) lose(_ context.Context, _ *kgo.Client, parts map[string][]int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, index := range parts[plain] {
		delete(m.handled, index)
	}
}

func (m *member) reset(to map[part]int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for p, offset := range to {
		if _, ok := m.handled[p.index]; ok {
			m.handled[p.index] = offset
		}
	}
}

func (m *member) handle(r *kgo.Record) {
	m.crew.handle(r)
	m.mu.Lock()
	defer m.mu.Unlock()
	if before, ok := m.handled[r.Partition]; ok && r.Offset != before {
		m.crew.world.fail("a member of the group that stood at offset %d of partition %d was given %d", before, r.Partition, r.Offset)
	}
	m.handled[r.Partition] = r.Offset + 1
}

func (c *crew) handle(r *kgo.Record) {
	p := part{r.Topic, r.Partition}
	c.world.model.see(p, found(r))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.handled[p] == nil {
		c.handled[p] = make(map[int64]bool)
	}
	c.handled[p][r.Offset] = true
}

// positions are where the member stands and its group has not committed: behind what it has handled, or
// where it began. A former owner's commit may land after the present one has fetched its
// start, and put the group back; whoever finds nothing new must not leave it there.
func (m *member) positions() map[int32]int64 {
	offsets := make(map[int32]int64)
	for index, at := range m.client.CommittedOffsets()[plain] {
		offsets[index] = at.Offset
	}
	m.mu.Lock()
	maps.Copy(offsets, m.handled)
	m.mu.Unlock()
	e := m.crew.world.engine()
	maps.DeleteFunc(offsets, func(index int32, offset int64) bool {
		return offset <= 0 || offset == m.crew.world.committed(e, crewName, part{plain, index})
	})
	return offsets
}

// commit commits where the member stands. It makes the request itself: the client's
// own way waits for a mutex while the group is rebalanced, and so stops the fake clock.
func (m *member) commit(ctx context.Context) {
	offsets := m.positions()
	if len(offsets) == 0 {
		return
	}
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group = crewName
	req.MemberID, req.Generation = m.client.GroupMetadata()
	topic := kmsg.NewOffsetCommitRequestTopic()
	topic.Topic, topic.TopicID = plain, m.topic
	acknowledged := make(map[int32]func())
	for index, offset := range offsets {
		acknowledged[index] = m.crew.world.model.advance(position{crewName, part{plain, index}}, offset)
		p := kmsg.NewOffsetCommitRequestTopicPartition()
		p.Partition, p.Offset = index, offset
		topic.Partitions = append(topic.Partitions, p)
	}
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(ctx, m.client)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.outcome = err; err != nil {
		return
	}
	for _, p := range resp.Topics[0].Partitions {
		if p.ErrorCode == 0 {
			acknowledged[p.Partition]()
			m.crew.world.model.count("positions of the group")
		} else {
			m.outcome = kerr.ErrorForCode(p.ErrorCode)
		}
	}
}

// atEnd tells whether the group has committed all that there is.
func (c *crew) atEnd(e *log.Log) bool {
	for _, p := range partsOf(plain) {
		if c.world.committed(e, crewName, p) < c.world.bounds(e, p).HighWatermark {
			return false
		}
	}
	return true
}

// tell says where everybody stands, for a group that does not come to its end.
func (c *crew) tell(e *log.Log) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range partsOf(plain) {
		c.world.tell("%v: committed is %d of %d", p, c.world.committed(e, crewName, p), c.world.bounds(e, p).HighWatermark)
	}
	for name, m := range c.members {
		id, generation := m.client.GroupMetadata()
		m.mu.Lock()
		c.world.tell("%s is %q of generation %d, has handled %v; its last commit: %v", name, id, generation, m.handled, m.outcome)
		m.mu.Unlock()
		c.world.tell("its client has committed %v", m.client.CommittedOffsets())
	}
}

// check makes sure that nothing was committed that nobody has handled.
func (c *crew) check(e *log.Log) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range partsOf(plain) {
		for offset := range c.world.committed(e, crewName, p) {
			if !c.handled[p][offset] {
				c.world.fail("the group has committed offset %d of %v, which no member was given", offset, p)
			}
		}
	}
}
