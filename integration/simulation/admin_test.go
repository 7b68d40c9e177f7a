package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// admin creates, changes and deletes topics, deletes records, and commits positions, one
// after the other. It has a producer of its own for topics that do not last.
type admin struct {
	world    *world
	r        *rand.Rand
	client   *kadm.Client
	producer *producer
	topics   int // created so far
	name     string
}

const ledger = "ledger" // a group that has no members

func (w *world) newAdmin() *admin {
	return &admin{
		world: w, r: random(w.seed, "admin"), client: kadm.NewClient(w.newClient(kgo.ClientID("admin"))),
		producer: w.newProducer("guest", true, true),
	}
}

func (a *admin) work(ctx context.Context) {
	for pause(ctx, about(a.r, a.world.pace/2)) {
		a.act(ctx)
	}
}

func (a *admin) act(ctx context.Context) {
	switch n := a.r.IntN(10); {
	case n < 4:
		a.commit(ctx)
	case n < 6:
		a.deleteRecords(ctx)
	case a.name == "":
		a.create(ctx)
	case n < 7:
		a.grow(ctx)
	case n < 8:
		a.configure(ctx)
	case n < 9:
		a.visit(ctx)
	default:
		a.remove(ctx)
	}
}

// create makes a topic; sometimes again under the name of one that was deleted.
func (a *admin) create(ctx context.Context) {
	if a.r.IntN(3) > 0 {
		a.topics++
	}
	a.name = fmt.Sprint("passing-", a.topics)
	partitions, configs := 1+a.r.Int32N(4), a.drawConfigs()
	done := a.world.model.changeTopic(a.name, func(s topicState) (topicState, bool) {
		return topicState{there: true, partitions: partitions, configs: printConfigs(configs)}, !s.there
	})
	set := make(map[string]*string)
	for k, v := range configs {
		set[k] = &v
	}
	resp, err := a.client.CreateTopic(ctx, partitions, 1, set, a.name)
	a.outcome("topics created", errors.Join(err, resp.Err), done)
}

// outcome passes on what became of a change.
func (a *admin) outcome(what string, err error, done func(acknowledged bool)) {
	if err == nil {
		a.world.model.count(what)
	}
	done(err == nil)
}

func (a *admin) drawConfigs() map[string]string {
	configs := make(map[string]string)
	for _, name := range []string{"retention.ms", "retention.bytes"} {
		if a.r.IntN(2) == 0 {
			configs[name] = fmt.Sprint(a.r.IntN(1000))
		}
	}
	return configs
}

// grow adds partitions.
func (a *admin) grow(ctx context.Context) {
	count := 2 + a.r.Int32N(8)
	done := a.world.model.changeTopic(a.name, func(s topicState) (topicState, bool) {
		ok := s.there && s.partitions < count
		s.partitions = count
		return s, ok
	})
	resp, err := a.client.UpdatePartitions(ctx, int(count), a.name)
	a.outcome("topics grown", errors.Join(err, resp.Error()), done)
}

// configure sets all configs anew.
func (a *admin) configure(ctx context.Context) {
	configs := a.drawConfigs()
	done := a.world.model.changeTopic(a.name, func(s topicState) (topicState, bool) {
		s.configs = printConfigs(configs)
		return s, s.there
	})
	var changes []kadm.AlterConfig
	for k, v := range configs {
		changes = append(changes, kadm.AlterConfig{Name: k, Value: &v})
	}
	resp, err := a.client.AlterTopicConfigsState(ctx, changes, a.name)
	for _, r := range resp {
		err = errors.Join(err, r.Err)
	}
	a.outcome("topics configured", err, done)
}

// remove deletes the topic.
func (a *admin) remove(ctx context.Context) {
	a.world.model.forget(a.name)
	done := a.world.model.changeTopic(a.name, func(s topicState) (topicState, bool) { return topicState{}, s.there })
	resp, err := a.client.DeleteTopic(ctx, a.name)
	a.outcome("topics deleted", errors.Join(err, resp.Err), done)
	if errors.Join(err, resp.Err) != nil {
		a.topics++ // what has become of it is not known: its name is not used again
	}
	a.name = ""
}

// visit writes a few records into a topic that does not last. It does not wait for ever: where
// the topic is gone and an answer was lost, the client keeps the records until it is closed. Then the
// topic is left alone, since they may yet come.
func (a *admin) visit(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 3*a.world.pace)
	defer cancel()
	outcomes := make(chan error, 5)
	for range cap(outcomes) {
		a.producer.send(part{a.name, 0}, func(err error) { outcomes <- err })
	}
	for range cap(outcomes) {
		select {
		case err := <-outcomes: // an error is no wonder: the topic may not be there
			if err == nil {
				a.world.model.count("records of guests")
			}
		case <-ctx.Done():
			a.topics, a.name = a.topics+1, ""
			return
		}
	}
}

// deleteRecords moves the start of a partition.
func (a *admin) deleteRecords(ctx context.Context) {
	p := part{trimmed, a.r.Int32N(3)}
	high := a.world.model.highWatermark(p)
	if high == 0 {
		return
	}
	to := a.r.Int64N(high)
	done := a.world.model.deleteTo(p, to)
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: p.topic, Partition: p.index, At: to, LeaderEpoch: -1})
	resp, err := a.client.DeleteRecords(ctx, offsets)
	a.outcome("records deleted", errors.Join(err, resp.Error()), done)
}

// commit commits any position, with something that tells it apart.
func (a *admin) commit(ctx context.Context) {
	p := pick(a.r, lastingParts()...)
	c := committed{a.r.Int64N(1000), fmt.Sprint(a.r.Uint32())}
	acknowledged := a.world.model.commit(position{ledger, p}, c)
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: p.topic, Partition: p.index, At: c.offset, LeaderEpoch: -1, Metadata: c.metadata})
	resp, err := a.client.CommitOffsets(ctx, ledger, offsets)
	a.outcome("positions", errors.Join(err, resp.Error()), acknowledged)
}

// finish creates one more topic: now it has to go well. Where a flush takes longer than an
// answer, the client that asks again is told that the topic exists.
func (a *admin) finish() {
	created := a.world.model.changeTopic("last", func(topicState) (topicState, bool) {
		return topicState{there: true, partitions: 3, configs: printConfigs(nil)}, true
	})
	a.world.until("a topic is created", func() bool {
		resp, err := a.client.CreateTopic(context.Background(), 3, 1, nil, "last")
		return err == nil && resp.Err == nil || errors.Is(resp.Err, kerr.TopicAlreadyExists)
	})
	created(true)
	a.client.Close()
	a.producer.client.CloseAllowingRebalance()
}
