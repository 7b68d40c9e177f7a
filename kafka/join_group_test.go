package kafka

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

func TestJoinGroupRefusals(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(*kmsg.JoinGroupRequest)
		want *kerr.Error
	}{
		{"no group name", func(r *kmsg.JoinGroupRequest) { r.Group = "" }, kerr.InvalidGroupID},
		{"group name too long", func(r *kmsg.JoinGroupRequest) { r.Group = strings.Repeat("g", log.MaxGroupName+1) }, kerr.InvalidGroupID},
		{"session too short", func(r *kmsg.JoinGroupRequest) { r.SessionTimeoutMillis = 5999 }, kerr.InvalidSessionTimeout},
		{"session too long", func(r *kmsg.JoinGroupRequest) { r.SessionTimeoutMillis = 30*60*1000 + 1 }, kerr.InvalidSessionTimeout},
		{"session negative", func(r *kmsg.JoinGroupRequest) { r.SessionTimeoutMillis = -1 }, kerr.InvalidSessionTimeout},
		{"no protocol type", func(r *kmsg.JoinGroupRequest) { r.ProtocolType = "" }, kerr.InconsistentGroupProtocol},
		{"other protocol type", func(r *kmsg.JoinGroupRequest) { r.ProtocolType = "connect" }, kerr.InconsistentGroupProtocol},
		{"no protocols", func(r *kmsg.JoinGroupRequest) { r.Protocols = nil }, kerr.InconsistentGroupProtocol},
		{"no protocol in common", func(r *kmsg.JoinGroupRequest) { r.Protocols = protocols("x") }, kerr.InconsistentGroupProtocol},
		{"too many protocols", func(r *kmsg.JoinGroupRequest) { r.Protocols = make([]kmsgProtocol, maxProtocols+1) }, kerr.InvalidRequest},
		{"too large", func(r *kmsg.JoinGroupRequest) { r.Protocols[0].Metadata = make([]byte, maxMemberBytes) }, kerr.InvalidRequest},
		{"instance id too long", func(r *kmsg.JoinGroupRequest) { r.InstanceID = kmsg.StringPtr(strings.Repeat("i", 250)) }, kerr.InvalidRequest},
		{"instance id empty", func(r *kmsg.JoinGroupRequest) { r.InstanceID = new(string) }, kerr.InvalidRequest},
		{"unknown member", func(r *kmsg.JoinGroupRequest) { r.MemberID = "made up" }, kerr.UnknownMemberID},
		{"unknown instance", func(r *kmsg.JoinGroupRequest) { r.MemberID, r.InstanceID = "x", kmsg.StringPtr("y") }, kerr.UnknownMemberID},
		{"unknown group", func(r *kmsg.JoinGroupRequest) { r.Group, r.MemberID = "none", "x" }, kerr.UnknownMemberID},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inGroups(t, noDelay, func(g *groupTest) {
				a := g.member("a")
				g.settled(a)
				before := g.s.groups.bytes.Load()
				req := g.member("b").joinRequest()
				tt.edit(req)
				resp := overWire(t, g.s.joinGroup(g.ctx, a.client, req)())
				code(t, tt.want, resp.ErrorCode)
				require.Equal(t, req.MemberID, resp.MemberID)
				require.Equal(t, int32(-1), resp.Generation)
				require.Nil(t, resp.Protocol, "null from version 7 on")
				require.Equal(t, before, g.s.groups.bytes.Load())
				require.Len(t, g.s.groups.byName, 1)
				code(t, nil, a.beat())
			})
		})
	}
}

func TestJoinGroupVersions(t *testing.T) {
	for version := int16(0); version <= 9; version++ {
		inGroups(t, noDelay, func(g *groupTest) {
			m := g.member("old")
			m.version = version
			resp := m.in(m.enter())
			require.Equal(t, "range", *resp.Protocol)
			require.Equal(t, version >= 7, resp.ProtocolType != nil)
			require.Len(t, resp.Members, 1)
			require.Equal(t, m.id, resp.LeaderID)
			gr, _ := g.s.groups.enter("g")
			if version == 0 {
				require.Equal(t, 10*time.Second, gr.rebalanceTimeout(), "one timeout for both")
			} else {
				require.Equal(t, 30*time.Second, gr.rebalanceTimeout())
			}
			gr.exit()

			m.id = "unknown"
			failed := m.join().answer()
			code(t, kerr.UnknownMemberID, failed.ErrorCode)
			require.Equal(t, version < 7, failed.Protocol != nil, "empty, then null")
		})
	}
}

func TestJoinGroupSizeLimit(t *testing.T) {
	o := noDelay
	o.MaxSize = 2
	inGroups(t, o, func(g *groupTest) {
		a, b, c := g.member("a"), g.member("b"), g.member("c")
		g.settled(a, b)
		code(t, kerr.GroupMaxSizeReached, c.join().answer().ErrorCode)
		c.version = 3
		code(t, kerr.GroupMaxSizeReached, c.join().answer().ErrorCode)

		// While the group prepares, only those count who have come.
		code(t, nil, b.leave())
		joinC := c.join()
		joinC.waits()
		a.in(a.join())
		c.in(joinC)
		g.synced(a, c)

		c.protocols = protocols("range", "x")
		joinC = c.join()
		d := g.member("d")
		d.version = 3
		joinD := d.join() // takes a's place
		joinD.waits()
		code(t, kerr.GroupMaxSizeReached, a.join().answer().ErrorCode)
		c.in(joinC)
		d.in(joinD)
		code(t, kerr.UnknownMemberID, a.beat())
	})
}

func TestJoinGroupCountsInvitations(t *testing.T) {
	o := noDelay
	o.MaxSize = 2
	inGroups(t, o, func(g *groupTest) {
		for range 2 {
			code(t, kerr.MemberIDRequired, g.member("flood").join().answer().ErrorCode)
		}
		code(t, kerr.GroupMaxSizeReached, g.member("flood").join().answer().ErrorCode)
		time.Sleep(11 * time.Second)
		code(t, kerr.MemberIDRequired, g.member("calm").join().answer().ErrorCode)
	})
}

func TestJoinGroupStaticMemberComesBackToAFullGroup(t *testing.T) {
	o := noDelay
	o.MaxSize = 1
	inGroups(t, o, func(g *groupTest) {
		a := g.staticMember("a")
		a.in(a.join())
		g.synced(a)
		again := a.restarted()
		again.in(again.join())
		code(t, kerr.GroupMaxSizeReached, g.staticMember("b").join().answer().ErrorCode)
	})
}

func TestJoinGroupByteLimits(t *testing.T) {
	inGroups(t, GroupOptions{}, func(g *groupTest) {
		big := []kmsgProtocol{{Name: "range", Metadata: bytes.Repeat([]byte{1}, maxMemberBytes-16)}}
		var joins []*call[*kmsg.JoinGroupResponse]
		for range maxGroupBytes / maxMemberBytes {
			m := g.member("m")
			m.version, m.protocols = 3, big
			joins = append(joins, m.join())
		}
		last := joins[len(joins)-1]
		code(t, kerr.GroupMaxSizeReached, last.answer().ErrorCode) // a member costs a little more than what it says
		joins[0].waits()
		full := int64(maxGroupsBytes - maxGroupBytes)
		g.s.groups.bytes.Add(full) // as if there were more groups
		m := g.member("other")
		m.group, m.version, m.protocols = "h", 3, big
		code(t, kerr.CoordinatorNotAvailable, m.join().answer().ErrorCode)
		g.s.groups.bytes.Add(-full)
	})
}

func TestJoinGroupKeepsNothingOfTheRequest(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		m := g.member("a")
		frame := []byte("metadata")
		m.protocols = []kmsgProtocol{{Name: "range", Metadata: frame}}
		m.in(m.enter())
		part := []byte("assigned")
		req := m.syncRequest()
		req.GroupAssignment[0].MemberAssignment = part
		resp := g.s.syncGroup(g.ctx, m.client, req)()
		copy(frame, "reused!!")
		copy(part, "reused!!")
		require.Equal(t, "assigned", string(resp.MemberAssignment))
		gr, _ := g.s.groups.enter("g")
		require.Equal(t, "metadata", string(gr.members[m.id].metadata("range")))
		gr.exit()
	})
}

func TestMemberIDsAreUniqueAndBounded(t *testing.T) {
	long := &client{id: strings.Repeat("é", 300)}
	a, b := newMemberID(long, nil), newMemberID(long, nil)
	require.NotEqual(t, a, b)
	require.True(t, strings.HasPrefix(a, strings.Repeat("é", 127)+"-"), "cut between characters")
	require.True(t, strings.HasPrefix(newMemberID(long, kmsg.StringPtr("i")), "i-"))
}
