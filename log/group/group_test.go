package group

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLifeOfOneMember(t *testing.T) {
	inGroups(t, Options{}, func(g *groupTest) {
		m := g.member("app")
		start := time.Now()
		join := m.enter()
		join.waits()
		require.Equal(t, "PreparingRebalance", g.state())
		resp := m.in(join)
		require.Equal(t, 3*time.Second, time.Since(start), "the first rebalance waits for others")
		require.Equal(t, int32(1), resp.Generation)
		require.Equal(t, "consumer", resp.ProtocolType)
		require.Equal(t, "range", m.protocol)
		require.True(t, m.leader)
		require.Len(t, m.members, 1)
		require.Equal(t, "of range", string(m.members[0].Metadata))
		require.Equal(t, "CompletingRebalance", g.state())
		fails(t, nil, m.beat())

		require.Equal(t, "0/1", m.got(m.sync()))
		require.Equal(t, "Stable", g.state())
		require.Equal(t, "0/1", m.got(m.sync()), "asked again, told again")
		fails(t, nil, m.beat())
		require.Equal(t, Stats{States: [States]int{Stable: 1}, Members: 1, Rebalances: 1,
			Bytes: g.registry.bytes.Load()}, g.registry.Stats())

		fails(t, nil, m.leave())
		require.Equal(t, "none", g.state())
		require.Empty(t, g.registry.byName, "a group without members and offsets leaves nothing")
		fails(t, ErrUnknownMember, m.beat())
		fails(t, ErrUnknownMember, m.leave())
		fails(t, ErrUnknownMember, m.sync().answer().err)
		fails(t, ErrUnknownMember, m.join().answer().err)
	})
}

func TestSecondMemberRebalances(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, b := g.member("a"), g.member("b")
		g.stable(a)
		joinB := b.enter()
		joinB.waits()
		fails(t, ErrRebalanceInProgress, a.beat())
		fails(t, ErrRebalanceInProgress, a.sync().answer().err)
		joinA := a.enter()
		a.in(joinA)
		b.in(joinB)
		require.Equal(t, []int32{2, 2}, []int32{a.generation, b.generation})
		require.True(t, a.leader, "a leader that stays keeps the lead")
		require.False(t, b.leader)
		require.Empty(t, b.members, "followers need not know the others")
		require.Len(t, a.members, 2)

		syncB := b.sync()
		syncB.waits()
		require.Equal(t, "0/2", a.got(a.sync()))
		require.Equal(t, "1/2", b.got(syncB))
		require.Equal(t, "1/2", b.got(b.sync()), "asked again, told again")

		fails(t, nil, a.leave())
		fails(t, ErrRebalanceInProgress, b.beat())
		b.in(b.enter())
		require.True(t, b.leader)
		require.Equal(t, int32(3), b.generation)
	})
}

func TestCloseAnswersThoseWhoWait(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, b, other := g.member("a"), g.member("b"), g.member("c")
		g.stable(a)
		join := b.enter()
		other.group = "other"
		lone := g.member("d")
		lone.group = "other"
		joinOther, joinLone := g.startTwo(other, lone)
		follower, leader := other, lone
		other.in(joinOther)
		lone.in(joinLone)
		if other.leader {
			follower, leader = lone, other
		}
		sync := follower.sync()
		join.waits()
		sync.waits()
		g.registry.Close()
		fails(t, ErrClosed, join.answer().err)
		fails(t, ErrClosed, sync.answer().err)
		fails(t, ErrClosed, a.beat())
		fails(t, ErrClosed, leader.sync().answer().err)
		fails(t, ErrClosed, b.join().answer().err)
	})
}
