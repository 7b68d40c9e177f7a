package kafka

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// restarted is a static member whose process was restarted: it has lost its id.
func (m *testMember) restarted() *testMember {
	again := *m
	again.id, again.generation = "", -1
	return &again
}

func TestGroupStaticMemberComesBackUnnoticed(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, b := g.staticMember("a"), g.staticMember("b")
		a.protocols, b.protocols = reading("x"), reading("x")
		a.in(a.join()) // needs no invitation
		require.True(t, strings.HasPrefix(a.id, "a-"))
		join := b.join()
		join.waits()
		a.in(a.join())
		b.in(join)
		g.synced(a, b)

		again := b.restarted()
		// Cooperative and sticky assignors put into the user data what they had before; the topics are the same.
		metadata := (&kmsg.ConsumerMemberMetadata{Version: 2, Topics: []string{"x"}, Generation: 7}).AppendTo(nil)
		again.protocols = []kmsgProtocol{{Name: "range", Metadata: metadata}}
		again.in(again.join())
		require.NotEqual(t, b.id, again.id)
		require.Equal(t, b.generation, again.generation)
		require.Equal(t, b.assignment, again.got(again.sync()))
		code(t, nil, a.beat())
		code(t, nil, again.beat())

		code(t, kerr.FencedInstanceID, b.beat())
		code(t, kerr.FencedInstanceID, b.sync().answer().ErrorCode)
		code(t, kerr.FencedInstanceID, b.join().answer().ErrorCode)
		code(t, kerr.FencedInstanceID, b.leave())
		code(t, nil, again.beat())
	})
}

func TestGroupStaticLeaderComesBack(t *testing.T) {
	for version, skip := range map[int16]bool{5: false, 8: false, 9: true} {
		inGroups(t, noDelay, func(g *groupTest) {
			a, b := g.staticMember("a"), g.staticMember("b")
			a.in(a.join())
			join := b.join()
			a.in(a.join())
			b.in(join)
			g.synced(a, b)
			require.True(t, a.leader)

			again := a.restarted()
			again.version = version
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
			code(t, nil, b.beat())

			join = again.join() // it leads all the same: its next join is a rebalance
			join.waits()
			code(t, kerr.RebalanceInProgress, b.beat())
			b.in(b.join())
			again.in(join)
			require.True(t, again.leader)
		})
	}
}

func TestGroupStaticMemberComesBackWithOtherTopics(t *testing.T) {
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
		code(t, kerr.RebalanceInProgress, a.beat())
		a.in(a.join())
		again.in(join)
		g.synced(a, again)
	})
}

func TestGroupStaticMemberComesBackDuringARebalance(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, b := g.staticMember("a"), g.staticMember("b")
		a.in(a.join())
		old := b.join()
		old.waits()
		again := b.restarted()
		join := again.join()
		code(t, kerr.FencedInstanceID, old.answer().ErrorCode)
		a.in(a.join())
		again.in(join)

		// Between join and sync: the leader assigns to the old id, so all start over.
		oldSync := again.sync()
		oldSync.waits()
		third := again.restarted()
		join = third.join()
		code(t, kerr.FencedInstanceID, oldSync.answer().ErrorCode)
		code(t, kerr.RebalanceInProgress, a.sync().answer().ErrorCode)
		a.in(a.join())
		third.in(join)
		g.synced(a, third)
		require.NotEqual(t, a.assignment, third.assignment)
	})
}

func TestGroupAbsentStaticMemberKeepsItsPlace(t *testing.T) {
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
		code(t, nil, codes[0])

		back := away.restarted()
		back.in(back.join())
		require.Equal(t, "0/3", back.got(back.sync()), "what was assigned in its absence")
		codes = g.beating(21*time.Minute, here, fresh)
		code(t, kerr.RebalanceInProgress, codes[0]) // gone for longer than its session
		code(t, kerr.UnknownMemberID, back.restarted().joinAs(back.id).ErrorCode)
	})
}

// joinAs joins under an id that the member had.
func (m *testMember) joinAs(id string) *kmsg.JoinGroupResponse {
	m.id = id
	return m.join().answer()
}

func TestGroupStaticMembersLeaveByInstance(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, b, c := g.staticMember("a"), g.staticMember("b"), g.member("c")
		joinA, joinB, joinC := a.join(), b.join(), c.enter()
		a.in(joinA)
		a.in(a.join())
		b.in(joinB)
		c.in(joinC)
		g.synced(a, b, c)
		before := g.s.groups.counts().Rebalances

		req := kmsg.NewPtrLeaveGroupRequest()
		req.Version, req.Group = 3, "g"
		req.Members = []kmsg.LeaveGroupRequestMember{
			{InstanceID: kmsg.StringPtr("a")},
			{InstanceID: kmsg.StringPtr("nobody")},
			{InstanceID: kmsg.StringPtr("b"), MemberID: "not b's"},
			{MemberID: "nobody"},
			{InstanceID: kmsg.StringPtr("b"), MemberID: b.id},
		}
		resp := overWire(t, g.s.leaveGroup(g.ctx, c.client, req))
		code(t, nil, resp.ErrorCode)
		for i, want := range []*kerr.Error{nil, kerr.UnknownMemberID, kerr.FencedInstanceID, kerr.UnknownMemberID, nil} {
			code(t, want, resp.Members[i].ErrorCode)
			require.Equal(t, req.Members[i].InstanceID, resp.Members[i].InstanceID)
			require.Equal(t, req.Members[i].MemberID, resp.Members[i].MemberID)
		}
		code(t, kerr.RebalanceInProgress, c.beat())
		c.in(c.join())
		require.Len(t, c.members, 1)
		require.Equal(t, before+1, g.s.groups.counts().Rebalances, "one rebalance for all that leave")
	})
}
