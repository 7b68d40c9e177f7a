package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// admin creates, changes and deletes topics, deletes records, and commits positions, one
// after the other. It has a producer of its own for topics that do not last.
type admin struct {
	world    *world
	number   int
	r        *rand.Rand
	client   *kadm.Client
	producer *producer
	passing  *passing
}

// passing are the names of topics that come and go. All admins use them.
type passing struct {
	mu    sync.Mutex
	names [2]string
	next  int
}

// replace takes a name out of use: what has become of its topic is not known.
func (p *passing) replace(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, n := range p.names {
		if n == name {
			p.next++
			p.names[i] = fmt.Sprint("passing-", p.next)
		}
	}
}

func (p *passing) pick(r *rand.Rand) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return pick(r, p.names[:]...)
}

const ledger = "ledger" // a group that has no members

func (w *world) newAdmins() (all []*admin) {
	names := &passing{names: [2]string{"passing-a", "passing-b"}}
	for i := range 3 {
		name := fmt.Sprint("admin-", i)
		all = append(all, &admin{
			world: w, number: i, r: random(w.seed, name), client: kadm.NewClient(w.newClient(kgo.ClientID(name))),
			producer: w.newProducer(fmt.Sprint("guest-", i), true, true), passing: names,
		})
	}
	return all
}

func (a *admin) work(ctx context.Context) {
	for pause(ctx, about(a.r, a.world.pace/2)) {
		a.act(ctx)
	}
}

func (a *admin) act(ctx context.Context) {
	name := a.passing.pick(a.r)
	_, err := a.world.engine().Topic(name)
	switch n := a.r.IntN(10); {
	case n < 2 && a.number == 0:
		a.commit(ctx)
	case n < 4 && a.number == 0:
		a.deleteRecords(ctx)
	case err != nil && n < 9: // it is not there, a moment ago
		a.create(ctx, name)
	case n < 5:
		a.grow(ctx, name)
	case n < 6:
		a.configure(ctx, name)
	case n < 8:
		a.visit(ctx, name)
	default:
		a.remove(ctx, name)
	}
}

// create makes a topic; most often again under the name of one that was deleted.
func (a *admin) create(ctx context.Context, name string) {
	partitions, configs := 1+a.r.Int32N(4), a.drawConfigs()
	done := a.world.model.changeTopic(name, func(s topicState) (topicState, bool) {
		return topicState{there: true, partitions: partitions, configs: printConfigs(configs)}, !s.there
	})
	set := make(map[string]*string)
	for k, v := range configs {
		set[k] = &v
	}
	resp, err := a.client.CreateTopic(ctx, partitions, 1, set, name)
	a.outcome("topics created", name, errors.Join(err, resp.Err), done)
}

// outcome passes on what became of a change of a topic.
func (a *admin) outcome(what, name string, err error, done func(outcome)) {
	switch {
	case err == nil:
		a.world.model.count(what)
		done(acknowledged)
	case errors.Is(err, kerr.TopicAlreadyExists), errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.InvalidPartitions):
		done(refused)
	default:
		done(lost)
		a.passing.replace(name)
	}
}

// told passes on whether a change was acknowledged.
func (a *admin) told(what string, err error, done func(acknowledged bool)) {
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
func (a *admin) grow(ctx context.Context, name string) {
	count := 2 + a.r.Int32N(8)
	done := a.world.model.changeTopic(name, func(s topicState) (topicState, bool) {
		ok := s.there && s.partitions < count
		s.partitions = count
		return s, ok
	})
	resp, err := a.client.UpdatePartitions(ctx, int(count), name)
	a.outcome("topics grown", name, errors.Join(err, resp.Error()), done)
}

// configure sets all configs anew.
func (a *admin) configure(ctx context.Context, name string) {
	configs := a.drawConfigs()
	done := a.world.model.changeTopic(name, func(s topicState) (topicState, bool) {
		s.configs = printConfigs(configs)
		return s, s.there
	})
	var changes []kadm.AlterConfig
	for k, v := range configs {
		changes = append(changes, kadm.AlterConfig{Name: k, Value: &v})
	}
	resp, err := a.client.AlterTopicConfigsState(ctx, changes, name)
	for _, r := range resp {
		err = errors.Join(err, r.Err)
	}
	a.outcome("topics configured", name, err, done)
}

// remove deletes the topic.
func (a *admin) remove(ctx context.Context, name string) {
	done := a.world.model.removeTopic(name)
	resp, err := a.client.DeleteTopic(ctx, name)
	a.outcome("topics deleted", name, errors.Join(err, resp.Err), done)
}

// visit writes a few records into a topic that does not last. It does not wait for ever: where
// the topic is gone and an answer was lost, the client keeps the records until it is closed. Then the
// topic is left alone, since they may yet come.
func (a *admin) visit(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(ctx, 3*a.world.pace)
	defer cancel()
	outcomes := make(chan error, 5)
	for range cap(outcomes) {
		a.producer.send(part{name, 0}, func(err error) { outcomes <- err })
	}
	for range cap(outcomes) {
		select {
		case err := <-outcomes: // an error is no wonder: the topic may not be there
			if err == nil {
				a.world.model.count("records of guests")
			}
		case <-ctx.Done():
			a.passing.replace(name)
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
	a.told("records deleted", errors.Join(err, resp.Error()), done)
}

// commit commits any position, with something that tells it apart.
func (a *admin) commit(ctx context.Context) {
	p := pick(a.r, lastingParts()...)
	c := committed{a.r.Int64N(1000), fmt.Sprint(a.r.Uint32())}
	acknowledged := a.world.model.commit(position{ledger, p}, c)
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: p.topic, Partition: p.index, At: c.offset, LeaderEpoch: -1, Metadata: c.metadata})
	resp, err := a.client.CommitOffsets(ctx, ledger, offsets)
	a.told("positions", errors.Join(err, resp.Error()), acknowledged)
}

// finish creates one more topic: now it has to go well. Where a flush takes longer than an
// answer, the client that asks again is told that the topic exists.
func (a *admin) finish() {
	defer a.producer.client.CloseAllowingRebalance()
	defer a.client.Close()
	last := fmt.Sprint("last-", a.number)
	created := a.world.model.changeTopic(last, func(topicState) (topicState, bool) {
		return topicState{there: true, partitions: 3, configs: printConfigs(nil)}, true
	})
	a.world.until("a topic is created", func() bool {
		resp, err := a.client.CreateTopic(context.Background(), 3, 1, nil, last)
		return err == nil && resp.Err == nil || errors.Is(resp.Err, kerr.TopicAlreadyExists)
	})
	created(acknowledged)
}
