package group

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestInitialDelayGrowsWithArrivals(t *testing.T) {
	inGroups(t, Options{}, func(g *groupTest) {
		start := time.Now()
		a, b, c := g.member("a"), g.member("b"), g.member("c")
		joinA := a.enter()
		time.Sleep(2 * time.Second)
		joinB := b.enter()
		time.Sleep(2 * time.Second) // the first 3 s are over: b gave 3 more
		joinA.waits()
		joinC := c.enter()
		a.in(joinA)
		b.in(joinB)
		c.in(joinC)
		require.Equal(t, 9*time.Second, time.Since(start), "3 s, and 3 s for each interval with an arrival")
		require.Equal(t, int32(1), c.generation)
	})
}

func TestInitialDelayEndsWithTheRebalanceTimeout(t *testing.T) {
	inGroups(t, Options{}, func(g *groupTest) {
		start := time.Now()
		first := g.member("first")
		first.rebalance = 7 * time.Second
		join := first.enter()
		for range 6 { // somebody comes all the time
			time.Sleep(time.Second)
			m := g.member("late")
			m.rebalance = time.Second
			m.enter()
		}
		join.waits()
		first.in(join)
		require.Equal(t, 7*time.Second, time.Since(start))
	})
}

func TestSlowMemberIsLeftOut(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		slow, quick, fresh := g.member("slow"), g.member("quick"), g.member("fresh")
		g.stable(slow, quick)
		start := time.Now()
		joinFresh := fresh.enter()
		joinQuick := quick.enter()
		// Slow lives but does not come: its heartbeats do not help it.
		fails(t, ErrRebalanceInProgress, g.beating(29*time.Second, slow)[0])
		joinFresh.waits()
		quick.in(joinQuick)
		fresh.in(joinFresh)
		require.Equal(t, 30*time.Second, time.Since(start), "the rebalance timeout")
		require.True(t, quick.leader, "the lead goes to the eldest of those who came")
		g.synced(quick, fresh)
		fails(t, ErrUnknownMember, slow.beat())
		fails(t, ErrUnknownMember, slow.join().answer().err)
	})
}

func TestRebalanceTimeoutIsTheLongest(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, b, slow := g.member("a"), g.member("b"), g.member("slow")
		a.rebalance, b.rebalance = time.Minute, time.Second
		g.stable(slow, a)
		start := time.Now()
		joinB, joinA := b.enter(), a.enter()
		g.beating(time.Hour/60-time.Second, slow)
		joinA.waits()
		a.in(joinA)
		b.in(joinB)
		require.Equal(t, time.Minute, time.Since(start))
	})
}

func TestMembersThatDoNotSyncAreDropped(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		leader, follower := g.member("leader"), g.member("follower")
		joinL, joinF := g.startTwo(leader, follower)
		leader.in(joinL)
		follower.in(joinF)
		require.True(t, leader.leader)
		sync := follower.sync()
		start := time.Now()
		g.beating(29*time.Second, leader) // it lives, but does not say who reads what
		sync.waits()
		fails(t, ErrRebalanceInProgress, sync.answer().err)
		require.Equal(t, 30*time.Second, time.Since(start))
		fails(t, ErrUnknownMember, leader.beat())
		follower.in(follower.enter())
		require.True(t, follower.leader)
	})
}

func TestFollowerThatDoesNotSyncIsDroppedFromAStableGroup(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		leader, follower := g.member("leader"), g.member("follower")
		joinL, joinF := g.startTwo(leader, follower)
		leader.in(joinL)
		follower.in(joinF)
		require.Equal(t, "0/2", leader.got(leader.sync()))
		codes := g.beating(29*time.Second, leader, follower)
		fails(t, nil, codes[0])
		fails(t, nil, codes[1])
		time.Sleep(time.Second + time.Millisecond)
		fails(t, ErrUnknownMember, follower.beat())
		fails(t, ErrRebalanceInProgress, leader.beat())
	})
}

func TestLeaderGoneBeforeItsSync(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		leader, follower := g.member("leader"), g.member("follower")
		joinL, joinF := g.startTwo(leader, follower)
		leader.in(joinL)
		follower.in(joinF)
		sync := follower.sync()
		sync.waits()
		fails(t, nil, leader.leave())
		fails(t, ErrRebalanceInProgress, sync.answer().err)
		follower.in(follower.enter())
		require.True(t, follower.leader)
		require.Equal(t, "0/1", follower.got(follower.sync()))
	})
}

func TestLeaderCallsForARebalance(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		leader, follower := g.member("leader"), g.member("follower")
		g.stable(leader, follower)

		follower.in(follower.join())
		require.Equal(t, int32(1), follower.generation, "a follower that lost its answer is told again")
		require.Equal(t, "1/2", follower.got(follower.sync()))

		join := leader.join()
		join.waits()
		fails(t, ErrRebalanceInProgress, follower.beat())
		follower.in(follower.join())
		leader.in(join)
		require.Equal(t, int32(2), leader.generation, "a leader that joins has seen that partitions changed")
		require.True(t, leader.leader)
	})
}

func TestChangedSubscriptionRebalances(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		leader, follower := g.member("leader"), g.member("follower")
		g.stable(leader, follower)
		follower.protocols = []Protocol{{Name: "range", Metadata: []byte("something else")}}
		join := follower.join()
		fails(t, ErrRebalanceInProgress, leader.beat())
		leader.in(leader.join())
		follower.in(join)
		require.Equal(t, "something else", string(leader.members[1].Metadata))

		// While the leader computes: a lost answer is told again, a change begins anew.
		again := follower.in(follower.join())
		require.Equal(t, leader.generation, again.Generation)
		require.Len(t, leader.in(leader.join()).Members, 2, "the leader gets its members again")
		follower.protocols = protocols("range")
		sync := leader.sync() // comes too late
		require.Equal(t, "0/2", leader.got(sync))
		join = follower.join()
		join.waits()
		fails(t, ErrRebalanceInProgress, leader.beat())
	})
}

func TestVotes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		offer [][]string
		want  string
	}{
		{"all alike", [][]string{{"a"}, {"a"}}, "a"},
		{"the only one in common", [][]string{{"a", "b"}, {"c", "b"}}, "b"},
		{"the majority", [][]string{{"a", "b"}, {"b", "a"}, {"b", "a"}}, "b"},
		{"a vote goes to the first that all offer", [][]string{{"x", "b", "a"}, {"a", "b"}, {"y", "b", "a"}}, "b"},
		{"a tie goes with the eldest", [][]string{{"b", "a"}, {"a", "b"}}, "b"},
		{"offered twice counts once", [][]string{{"a", "b", "b"}, {"c", "a"}}, "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inGroups(t, Options{}, func(g *groupTest) {
				var all []*testMember
				for i, offer := range tt.offer {
					m := g.member(string(rune('a' + i)))
					m.protocols = protocols(offer...)
					all = append(all, m)
				}
				g.stable(all...)
				require.Equal(t, tt.want, all[0].protocol)
				require.Equal(t, "of "+tt.want, string(all[0].members[0].Metadata))
			})
		})
	}
}

func TestUpgradesItsAssignorOneByOne(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, b := g.member("a"), g.member("b")
		g.stable(a, b)
		odd := g.member("odd")
		odd.protocols = protocols("sticky")
		fails(t, ErrInconsistentProtocol, odd.join().answer().err)
		odd.protocols = nil
		fails(t, ErrInconsistentProtocol, odd.join().answer().err)

		a.protocols = protocols("sticky", "range")
		g.stable(a, b)
		require.Equal(t, "range", b.protocol)
		b.protocols = protocols("sticky", "range")
		g.stable(a, b)
		require.Equal(t, "sticky", b.protocol)
		a.protocols, b.protocols = protocols("sticky"), protocols("sticky")
		g.stable(a, b)
		require.Equal(t, "sticky", b.protocol)
	})
}

func TestGenerationsStartOverAfterTheLast(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a := g.member("a")
		g.stable(a)
		gr, _ := g.registry.enter("g")
		gr.generation = math.MaxInt32
		gr.exit()
		a.in(a.join())
		require.Equal(t, int32(1), a.generation)
	})
}

func TestZeroRebalanceTimeout(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, b := g.staticMember("a"), g.staticMember("b")
		a.rebalance, b.rebalance = 0, 0
		a.in(a.join())
		g.synced(a)
		// Both are static and silent: the group waits for their sessions to end, without spinning.
		ctx, hangUp := g.connection()
		b.ctx = ctx
		join := b.join()
		hangUp()
		join.answer()
		time.Sleep(11 * time.Second)
		require.Equal(t, "none", g.state())
	})
}
