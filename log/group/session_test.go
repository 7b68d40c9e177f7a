package group

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// connection is a connection that the test can end.
func (g *groupTest) connection() (context.Context, context.CancelFunc) {
	return context.WithCancel(g.ctx)
}

func TestSessionEnds(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		silent, other := g.member("silent"), g.member("other")
		silent.session = 8 * time.Second
		g.stable(silent, other)
		fails(t, nil, g.beating(6*time.Second, silent, other)[0])
		fails(t, nil, g.beating(7*time.Second+999*time.Millisecond, other)[0])
		time.Sleep(2 * time.Millisecond)
		fails(t, ErrRebalanceInProgress, other.beat())
		fails(t, ErrUnknownMember, silent.beat())
		other.in(other.enter())
		require.Len(t, other.members, 1)
		require.Equal(t, int64(1), g.registry.Stats().Expired)
		g.synced(other)
		time.Sleep(10*time.Second + time.Millisecond)
		require.Equal(t, "none", g.state(), "the last member's session ended too")
	})
}

func TestWaitingMembersAreAlive(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		waiting, slow, fresh := g.member("waiting"), g.member("slow"), g.member("fresh")
		waiting.session, fresh.session = 6*time.Second, 6*time.Second
		g.stable(waiting, slow)
		joinF, joinW := fresh.enter(), waiting.enter()
		g.beating(29*time.Second, slow)
		waiting.in(joinW)
		fresh.in(joinF)

		follower, leader := fresh, waiting
		require.True(t, leader.leader)
		sync := follower.sync()
		g.beating(29*time.Second, leader) // longer than the follower's session
		sync.waits()
		leader.got(leader.sync())
		follower.got(sync)
		time.Sleep(5 * time.Second)
		fails(t, nil, follower.beat())
	})
}

func TestNewMemberMayNotWaitForEver(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		slow, fresh := g.member("slow"), g.member("fresh")
		slow.rebalance = time.Hour
		g.stable(slow)
		start := time.Now()
		join := fresh.enter()
		g.beating(5*time.Minute, slow)
		fails(t, ErrUnknownMember, join.answer().err)
		require.Equal(t, 5*time.Minute, time.Since(start))
		slow.in(slow.enter())
		require.Len(t, slow.members, 1)
	})
}

func TestPendingMemberThatDoesNotCome(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, lost := g.member("a"), g.member("lost")
		g.stable(a)
		lost.session = 7 * time.Second
		fails(t, ErrMemberIDRequired, lost.join().answer().err)
		require.Equal(t, 1, g.registry.Stats().Pending)
		require.Equal(t, "Stable", g.state(), "an id that was given out disturbs nobody")

		start := time.Now()
		join := a.enter()
		join.waits()
		a.in(join)
		require.Equal(t, 7*time.Second, time.Since(start), "a rebalance waits for those that were given ids")
		require.Len(t, a.members, 1)
		require.Zero(t, g.registry.Stats().Pending)
	})
}

func TestPendingMemberLeaves(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, shy := g.member("a"), g.member("shy")
		g.stable(a)
		shy.id = shy.join().answer().value.MemberID
		join := a.enter()
		join.waits()
		fails(t, nil, shy.leave())
		a.in(join)

		only := g.member("only")
		only.group = "h"
		only.id = only.join().answer().value.MemberID
		fails(t, nil, only.leave())
		require.Len(t, g.registry.byName, 1, "a group of nobody is forgotten")
	})
}

func TestConnectionEndsDuringAJoin(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, known, unknown := g.member("a"), g.member("known"), g.member("unknown")
		unknown.requireID = false
		a.rebalance = time.Minute
		g.stable(a)

		var hangUp, hangUpToo context.CancelFunc
		known.ctx, hangUp = g.connection()
		unknown.ctx, hangUpToo = g.connection()
		joinKnown, joinUnknown := known.enter(), unknown.enter()
		joinKnown.waits()
		joinUnknown.waits()
		require.Equal(t, 3, g.registry.Stats().Members)
		hangUpToo()
		joinUnknown.answer()
		require.Equal(t, 2, g.registry.Stats().Members, "who never learned its id cannot come back")
		hangUp()
		joinKnown.answer()
		require.Equal(t, 2, g.registry.Stats().Members, "who knows its id may come back")

		join := a.enter()
		join.waits()
		known.ctx = g.ctx
		known.in(known.join())
		a.in(join)
		require.Len(t, a.members, 2)

		// And one that does not come back holds the others up for its session only.
		g.synced(a, known)
		known.ctx, hangUp = g.connection()
		known.protocols = []Protocol{{Name: "range", Metadata: []byte("changed")}}
		joinKnown = known.join()
		joinKnown.waits()
		hangUp()
		joinKnown.answer()
		start := time.Now()
		a.in(a.join())
		require.Equal(t, known.session, time.Since(start))
		require.Len(t, a.members, 1)
	})
}

func TestConnectionEndsDuringASync(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		leader, follower := g.member("leader"), g.member("follower")
		joinL, joinF := g.startTwo(leader, follower)
		leader.in(joinL)
		follower.in(joinF)
		var hangUp context.CancelFunc
		follower.ctx, hangUp = g.connection()
		sync := follower.sync()
		sync.waits()
		hangUp()
		fails(t, ErrCanceled, sync.answer().err)
		leader.got(leader.sync())
		g.beating(9*time.Second, leader)
		fails(t, nil, leader.beat())
		time.Sleep(time.Second + time.Millisecond)
		fails(t, ErrRebalanceInProgress, leader.beat())
		fails(t, ErrUnknownMember, follower.beat())
	})
}

func TestMemberAsksTwice(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, b := g.member("a"), g.member("b")
		g.stable(a)
		first := b.enter()
		first.waits()
		second := b.join()
		fails(t, ErrRebalanceInProgress, first.answer().err)
		a.in(a.enter())
		b.in(second)
		firstSync := b.sync()
		firstSync.waits()
		secondSync := b.sync()
		fails(t, ErrRebalanceInProgress, firstSync.answer().err)
		a.got(a.sync())
		require.Equal(t, "1/2", b.got(secondSync))
	})
}
