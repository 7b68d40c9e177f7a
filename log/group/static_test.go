package group

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// restarted is a static member whose process was restarted: it has lost its id.
func (m *testMember) restarted() *testMember {
	again := *m
	again.id, again.generation = "", -1
	return &again
}

func TestStaticMemberComesBackUnnoticed(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, b := g.staticMember("a"), g.staticMember("b")
		a.protocols, b.protocols = reading("x"), reading("x")
		a.in(a.join()) // is given no id first
		require.True(t, strings.HasPrefix(a.id, "a-"))
		join := b.join()
		join.waits()
		a.in(a.join())
		b.in(join)
		g.synced(a, b)

		again := b.restarted()
		// Cooperative and sticky assignors put into the user data what they had before; the topics are the same.
		again.protocols = readingWith(7, "x")
		again.in(again.join())
		require.NotEqual(t, b.id, again.id)
		require.Equal(t, b.generation, again.generation)
		require.Equal(t, b.assignment, again.got(again.sync()))
		fails(t, nil, a.beat())
		fails(t, nil, again.beat())

		fails(t, ErrFencedInstanceID, b.beat())
		fails(t, ErrFencedInstanceID, b.sync().answer().err)
		fails(t, ErrFencedInstanceID, b.join().answer().err)
		fails(t, ErrFencedInstanceID, b.leave())
		fails(t, nil, again.beat())
	})
}

func TestStaticLeaderComesBack(t *testing.T) {
	for _, skip := range []bool{false, true} {
		inGroups(t, noDelay, func(g *groupTest) {
			a, b := g.staticMember("a"), g.staticMember("b")
			a.in(a.join())
			join := b.join()
			a.in(a.join())
			b.in(join)
			g.synced(a, b)
			require.True(t, a.leader)

			again := a.restarted()
			again.skips = skip
			resp := again.in(again.join())
			require.Equal(t, skip, resp.SkipAssignment)
			if skip {
				require.Equal(t, again.id, resp.LeaderID)
				require.Len(t, resp.Members, 2)
			} else {
				require.Equal(t, a.id, resp.LeaderID, "so that it takes itself for a follower")
				require.Empty(t, resp.Members)
			}
			require.Equal(t, a.assignment, again.got(again.sync()))
			require.Equal(t, "Stable", g.state())
			fails(t, nil, b.beat())

			join = again.join() // it leads all the same: its next join is a rebalance
			join.waits()
			fails(t, ErrRebalanceInProgress, b.beat())
			b.in(b.join())
			again.in(join)
			require.True(t, again.leader)
		})
	}
}

func TestStaticMemberComesBackWithOtherTopics(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, b := g.staticMember("a"), g.staticMember("b")
		a.protocols, b.protocols = reading("x"), reading("x")
		a.in(a.join())
		join := b.join()
		a.in(a.join())
		b.in(join)
		g.synced(a, b)
		again := b.restarted()
		again.protocols = reading("x", "y")
		join = again.join()
		join.waits()
		fails(t, ErrRebalanceInProgress, a.beat())
		a.in(a.join())
		again.in(join)
		g.synced(a, again)
	})
}

func TestStaticMemberComesBackDuringARebalance(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, b := g.staticMember("a"), g.staticMember("b")
		a.in(a.join())
		old := b.join()
		old.waits()
		again := b.restarted()
		join := again.join()
		fails(t, ErrFencedInstanceID, old.answer().err)
		a.in(a.join())
		again.in(join)

		// Between join and sync: the leader assigns to the old id, so all start over.
		oldSync := again.sync()
		oldSync.waits()
		third := again.restarted()
		join = third.join()
		fails(t, ErrFencedInstanceID, oldSync.answer().err)
		fails(t, ErrRebalanceInProgress, a.sync().answer().err)
		a.in(a.join())
		third.in(join)
		g.synced(a, third)
		require.NotEqual(t, a.assignment, third.assignment)
	})
}

func TestAbsentStaticMemberKeepsItsAssignment(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		away, here := g.staticMember("away"), g.staticMember("here")
		away.session = 20 * time.Minute
		away.in(away.join())
		join := here.join()
		away.in(away.join())
		here.in(join)
		g.synced(away, here)

		// A rebalance without it: it is waited for, then assigned to in its absence.
		fresh := g.member("fresh")
		joinF, joinH := fresh.enter(), here.join()
		here.in(joinH)
		fresh.in(joinF)
		require.True(t, here.leader, "one that is absent does not lead")
		require.Len(t, here.members, 3)
		here.sync()
		require.NotEmpty(t, fresh.got(fresh.sync()))
		codes := g.beating(10*time.Minute, here, fresh)
		fails(t, nil, codes[0])

		back := away.restarted()
		back.in(back.join())
		require.Equal(t, "0/3", back.got(back.sync()), "what was assigned in its absence")
		codes = g.beating(21*time.Minute, here, fresh)
		fails(t, ErrRebalanceInProgress, codes[0]) // gone for longer than its session
		fails(t, ErrUnknownMember, back.restarted().joinAs(back.id).err)
	})
}

// joinAs joins under an id that the member had.
func (m *testMember) joinAs(id string) answered[Joined] {
	m.id = id
	return m.join().answer()
}

func TestStaticMembersLeaveByInstance(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, b, c := g.staticMember("a"), g.staticMember("b"), g.member("c")
		joinA, joinB, joinC := a.join(), b.join(), c.enter()
		a.in(joinA)
		a.in(a.join())
		b.in(joinB)
		c.in(joinC)
		g.synced(a, b, c)
		before := g.registry.Stats().Rebalances

		is := func(instance string) *string { return &instance }
		errs, err := g.registry.Leave("g", []Leaving{
			{InstanceID: is("a")},
			{InstanceID: is("nobody")},
			{InstanceID: is("b"), MemberID: "not b's"},
			{MemberID: "nobody"},
			{InstanceID: is("b"), MemberID: b.id},
		})
		require.NoError(t, err)
		require.Len(t, errs, 5)
		for i, want := range []error{nil, ErrUnknownMember, ErrFencedInstanceID, ErrUnknownMember, nil} {
			fails(t, want, errs[i])
		}
		fails(t, ErrRebalanceInProgress, c.beat())
		c.in(c.join())
		require.Len(t, c.members, 1)
		require.Equal(t, before+1, g.registry.Stats().Rebalances, "one rebalance for all that leave")
	})
}
