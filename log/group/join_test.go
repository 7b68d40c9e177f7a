package group

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log"
)

func TestJoinRefusals(t *testing.T) {
	is := func(instance string) *string { return &instance }
	for _, tt := range []struct {
		name string
		edit func(*JoinRequest)
		want error
	}{
		{"no group name", func(r *JoinRequest) { r.Group = "" }, log.ErrInvalidGroup},
		{"group name too long", func(r *JoinRequest) { r.Group = strings.Repeat("g", log.MaxGroupName+1) }, log.ErrInvalidGroup},
		{"session too short", func(r *JoinRequest) { r.SessionTimeout = 6*time.Second - 1 }, ErrInvalidSessionTimeout},
		{"session too long", func(r *JoinRequest) { r.SessionTimeout = 30*time.Minute + 1 }, ErrInvalidSessionTimeout},
		{"session negative", func(r *JoinRequest) { r.SessionTimeout = -1 }, ErrInvalidSessionTimeout},
		{"no protocol type", func(r *JoinRequest) { r.ProtocolType = "" }, ErrInconsistentProtocol},
		{"other protocol type", func(r *JoinRequest) { r.ProtocolType = "connect" }, ErrInconsistentProtocol},
		{"no protocols", func(r *JoinRequest) { r.Protocols = nil }, ErrInconsistentProtocol},
		{"no protocol in common", func(r *JoinRequest) { r.Protocols = protocols("x") }, ErrInconsistentProtocol},
		{"too many protocols", func(r *JoinRequest) { r.Protocols = make([]Protocol, maxProtocols+1) }, ErrTooLarge},
		{"too large", func(r *JoinRequest) { r.Protocols[0].Metadata = make([]byte, maxMemberBytes) }, ErrTooLarge},
		{"instance id too long", func(r *JoinRequest) { r.InstanceID = is(strings.Repeat("i", 250)) }, ErrInvalidInstanceID},
		{"instance id empty", func(r *JoinRequest) { r.InstanceID = new(string) }, ErrInvalidInstanceID},
		{"unknown member", func(r *JoinRequest) { r.MemberID = "made up" }, ErrUnknownMember},
		{"unknown instance", func(r *JoinRequest) { r.MemberID, r.InstanceID = "x", is("y") }, ErrUnknownMember},
		{"unknown group", func(r *JoinRequest) { r.Group, r.MemberID = "none", "x" }, ErrUnknownMember},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inGroups(t, noDelay, func(g *groupTest) {
				a := g.member("a")
				g.stable(a)
				before := g.registry.bytes.Load()
				req := g.member("b").joinRequest()
				tt.edit(&req)
				joined, err := g.registry.Join(req).Wait(g.ctx)
				fails(t, tt.want, err)
				require.Equal(t, Joined{MemberID: req.MemberID}, joined)
				require.Equal(t, before, g.registry.bytes.Load())
				require.Len(t, g.registry.byName, 1)
				fails(t, nil, a.beat())
			})
		})
	}
}

func TestJoinSizeLimit(t *testing.T) {
	o := noDelay
	o.MaxSize = 2
	inGroups(t, o, func(g *groupTest) {
		a, b, c := g.member("a"), g.member("b"), g.member("c")
		g.stable(a, b)
		fails(t, ErrGroupFull, c.join().answer().err)
		c.requireID = false
		fails(t, ErrGroupFull, c.join().answer().err)

		// While the group prepares, only those count who have come.
		fails(t, nil, b.leave())
		joinC := c.join()
		joinC.waits()
		a.in(a.join())
		c.in(joinC)
		g.synced(a, c)

		c.protocols = protocols("range", "x")
		joinC = c.join()
		d := g.member("d")
		d.requireID = false
		joinD := d.join() // takes a's place
		joinD.waits()
		fails(t, ErrGroupFull, a.join().answer().err)
		c.in(joinC)
		d.in(joinD)
		fails(t, ErrUnknownMember, a.beat())
	})
}

func TestJoinCountsPendingMembers(t *testing.T) {
	o := noDelay
	o.MaxSize = 2
	inGroups(t, o, func(g *groupTest) {
		for range 2 {
			fails(t, ErrMemberIDRequired, g.member("flood").join().answer().err)
		}
		fails(t, ErrGroupFull, g.member("flood").join().answer().err)
		time.Sleep(11 * time.Second)
		fails(t, ErrMemberIDRequired, g.member("calm").join().answer().err)
	})
}

func TestJoinStaticMemberComesBackToAFullGroup(t *testing.T) {
	o := noDelay
	o.MaxSize = 1
	inGroups(t, o, func(g *groupTest) {
		a := g.staticMember("a")
		a.in(a.join())
		g.synced(a)
		again := a.restarted()
		again.in(again.join())
		fails(t, ErrGroupFull, g.staticMember("b").join().answer().err)
	})
}

func TestJoinByteLimits(t *testing.T) {
	inGroups(t, Options{}, func(g *groupTest) {
		big := []Protocol{{Name: "range", Metadata: bytes.Repeat([]byte{1}, maxMemberBytes-16)}}
		var joins []*call[Joined]
		for range maxGroupBytes / maxMemberBytes {
			m := g.member("m")
			m.requireID, m.protocols = false, big
			joins = append(joins, m.join())
		}
		last := joins[len(joins)-1]
		fails(t, ErrGroupFull, last.answer().err) // a member costs a little more than what it says
		joins[0].waits()
		full := int64(maxGroupsBytes - maxGroupBytes)
		g.registry.bytes.Add(full) // as if there were more groups
		m := g.member("other")
		m.group, m.requireID, m.protocols = "h", false, big
		fails(t, ErrOverloaded, m.join().answer().err)
		g.registry.bytes.Add(-full)
	})
}

func TestJoinKeepsNothingOfTheRequest(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		m := g.member("a")
		frame := []byte("metadata")
		m.protocols = []Protocol{{Name: "range", Metadata: frame}}
		m.in(m.enter())
		part := []byte("assigned")
		req := m.syncRequest()
		req.Assignments[m.id] = part
		assigned, err := g.registry.Sync(req).Wait(g.ctx)
		require.NoError(t, err)
		copy(frame, "reused!!")
		copy(part, "reused!!")
		require.Equal(t, "assigned", string(assigned.Bytes))
		gr, _ := g.registry.enter("g")
		require.Equal(t, "metadata", string(gr.members[m.id].metadata("range")))
		gr.exit()
	})
}

func TestMemberIDsAreUniqueAndBounded(t *testing.T) {
	long, instance := strings.Repeat("é", 300), "i"
	a, b := newMemberID(long, nil), newMemberID(long, nil)
	require.NotEqual(t, a, b)
	require.True(t, strings.HasPrefix(a, strings.Repeat("é", 127)+"-"), "cut between characters")
	require.True(t, strings.HasPrefix(newMemberID(long, &instance), "i-"))
}

func TestJoinRebalanceTimeout(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{-1: 10 * time.Second, 0: time.Second, 30 * time.Second: 30 * time.Second} {
		inGroups(t, noDelay, func(g *groupTest) {
			m := g.member("a")
			m.rebalance = asked
			m.in(m.enter())
			gr, err := g.registry.enter("g")
			require.NoError(t, err)
			require.Equal(t, want, gr.rebalanceTimeout())
			gr.exit()
		})
	}
}
