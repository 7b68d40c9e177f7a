package integration

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/integration/broker"
)

// Members of a group come, go cleanly, and die without a word. In every
// generation each partition has one owner, and a record is handled by somebody
// who commits it: none is lost, whoever died.
func TestScenario22_MembersComeAndGo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		balancer kgo.GroupBalancer
	}{
		{"range", kgo.RangeBalancer()},
		{"sticky", kgo.StickyBalancer()},
		{"cooperative-sticky", kgo.CooperativeStickyBalancer()},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := startBroker(t, localStore(t))
			const partitions, records = 12, 3_000
			createTopic(t, b, "work", partitions)
			g := &crew{t: t, b: b, seen: newTally(), opts: []kgo.Opt{kgo.Balancers(c.balancer)}}
			first, second := g.hire(), g.hire()
			load := startLoad(t, "work", partitions, kgo.SeedBrokers(b.Kafka))
			g.seen.await(t, records/4)
			g.hire()
			g.seen.await(t, records/2)
			first.leave()
			g.seen.await(t, records*3/4)
			second.die()
			g.hire()
			g.seen.await(t, records)
			load.stop()
			g.seen.await(t, load.promised.acknowledged())
			g.seen.requireOwnersApart(t)
		})
	}
}

// A static member restarts within its session: it gets its partitions back, and
// nobody else's are taken away.
func TestScenario22_StaticMemberComesBack(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t))
	createTopic(t, b, "work", 6)
	g := &crew{t: t, b: b, seen: newTally(), opts: []kgo.Opt{kgo.Balancers(kgo.CooperativeStickyBalancer()), kgo.SessionTimeout(60 * time.Second)}}
	a, other := g.hire(kgo.InstanceID("a")), g.hire(kgo.InstanceID("b"))
	ctx := guarded(t)
	g.seen.awaitOwners(t, 6, 2)
	mine, theirs := a.owned(), other.owned()
	require.NotEmpty(t, mine)
	require.NotEmpty(t, theirs)

	a.die() // static members do not leave when they stop
	back := g.hire(kgo.InstanceID("a"))
	require.Equal(t, mine, back.awaitOwned(ctx, len(mine)))
	require.Equal(t, theirs, other.owned(), "the others were left alone")

	produceEach(t, b, "work", 6)
	g.seen.await(t, 6)
}

func produceEach(t *testing.T, b *broker.Broker, topic string, partitions int32) {
	t.Helper()
	for p := range partitions {
		produce(t, b, topic, p, "each-"+strconv.Itoa(int(p)))
	}
}

// A member works on its records for longer than a rebalance may take: the group
// goes on without it, its partitions are handled by another one, and what it
// commits in the end does not undo that.
func TestScenario22_SlowMemberIsLeftBehind(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t))
	createTopic(t, b, "work", 4)
	produceEach(t, b, "work", 4)
	ctx := guarded(t)
	join := func() *kgo.Client {
		return newClient(t, b, kgo.ConsumerGroup("mixed"), kgo.ConsumeTopics("work"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
			kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(), kgo.RebalanceTimeout(time.Second), kgo.HeartbeatInterval(100*time.Millisecond))
	}
	slow := join()
	handled := 0
	pollUntil(ctx, t, slow, func(*kgo.Record) bool { handled++; return handled < 4 })

	quick := join() // while the slow one lets no rebalance happen
	partitions := make(map[int32]bool)
	for len(partitions) < 4 {
		fetches := quick.PollFetches(ctx)
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) { partitions[r.Partition] = true })
		require.NoError(t, quick.CommitUncommittedOffsets(ctx))
		quick.AllowRebalance()
	}
	require.NoError(t, ctx.Err())
	require.Error(t, slow.CommitUncommittedOffsets(ctx), "it is no member any more")
	for p := range int32(4) {
		at, err := dial(t, b).Committed("mixed", "work", p)
		require.NoError(t, err)
		require.EqualValues(t, 1, at)
	}
	slow.AllowRebalance()
	quick.AllowRebalance()
}

// A group's work is the next group's input, three groups in a row with members
// that restart: the last topic has every record of the first.
func TestScenario22_ChainOfGroups(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		const links, records = 3, 300
		topics := numbered("link-", links+1)
		for _, topic := range topics {
			createTopic(t, b, topic, 4)
		}
		ctx := guarded(t)
		for i := range links {
			for range 2 {
				forward(ctx, t, b, topics[i], topics[i+1])
			}
		}
		var input []*kgo.Record
		for _, v := range numbered("r-", records) {
			input = append(input, &kgo.Record{Topic: topics[0], Key: []byte(v), Value: []byte(v)})
		}
		require.NoError(t, newClient(t, b).ProduceSync(ctx, input...).FirstErr())

		missing := make(map[string]bool)
		for _, r := range input {
			missing[string(r.Value)] = true
		}
		pollUntil(ctx, t, newClient(t, b, kgo.ConsumeTopics(topics[links])), func(r *kgo.Record) bool {
			delete(missing, string(r.Value))
			return len(missing) > 0
		})
	})
}

// forward is a group member that copies one topic to the next and commits what
// it has copied. It works in the background until the test ends.
func forward(ctx context.Context, t *testing.T, b *broker.Broker, from, to string) {
	t.Helper()
	cl, err := kgo.NewClient(append(impatient(), kgo.SeedBrokers(b.Kafka), kgo.ConsumerGroup("copy-"+from), kgo.ConsumeTopics(from),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll())...)
	require.NoError(t, err)
	var worker sync.WaitGroup
	worker.Go(func() {
		defer cl.AllowRebalance() // for the members that are left
		for {
			fetches := cl.PollFetches(ctx)
			if fetches.IsClientClosed() || ctx.Err() != nil {
				return
			}
			var copies []*kgo.Record
			fetches.EachRecord(func(r *kgo.Record) {
				copies = append(copies, &kgo.Record{Topic: to, Key: r.Key, Value: r.Value})
			})
			if len(copies) > 0 && cl.ProduceSync(ctx, copies...).FirstErr() == nil {
				_ = cl.CommitUncommittedOffsets(ctx) // not committed is copied again, which the test allows
			}
			cl.AllowRebalance()
		}
	})
	t.Cleanup(func() {
		cl.CloseAllowingRebalance()
		worker.Wait()
	})
}
