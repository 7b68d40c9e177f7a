package kafka

import (
	"context"
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
		{"too many protocols", func(r *kmsg.JoinGroupRequest) { r.Protocols = make([]kmsg.JoinGroupRequestProtocol, 65) }, kerr.InvalidRequest},
		{"too large", func(r *kmsg.JoinGroupRequest) { r.Protocols[0].Metadata = make([]byte, 1<<20) }, kerr.InvalidRequest},
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
				before := g.s.groups.Stats()
				req := g.member("b").joinRequest()
				tt.edit(req)
				resp := overWire(t, g.s.joinGroup(g.ctx, a.client, req)())
				code(t, tt.want, resp.ErrorCode)
				require.Equal(t, req.MemberID, resp.MemberID)
				require.Equal(t, int32(-1), resp.Generation)
				require.Nil(t, resp.Protocol, "null from version 7 on")
				require.Equal(t, before, g.s.groups.Stats(), "a refused join leaves nothing")
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
			timeout := joinRequest(m.client, m.joinRequest()).RebalanceTimeout
			if version == 0 {
				require.Negative(t, timeout, "one timeout for both")
			} else {
				require.Equal(t, 30*time.Second, timeout)
			}

			m.id = "unknown"
			failed := m.join().answer()
			code(t, kerr.UnknownMemberID, failed.ErrorCode)
			require.Equal(t, version < 7, failed.Protocol != nil, "empty, then null")
		})
	}
}

// What the registry says about errors of its own gets a code that clients know.
func TestJoinGroupFull(t *testing.T) {
	o := noDelay
	o.MaxSize = 1
	inGroups(t, o, func(g *groupTest) {
		a := g.staticMember("a")
		a.in(a.join())
		code(t, kerr.GroupMaxSizeReached, g.staticMember("b").join().answer().ErrorCode)
	})
}

func TestJoinGroupStaticLeaderComesBack(t *testing.T) {
	for version, skip := range map[int16]bool{5: false, 8: false, 9: true} {
		inGroups(t, noDelay, func(g *groupTest) {
			a := g.staticMember("a")
			a.in(a.join())
			g.synced(a)
			before := a.id
			a.id, a.version = "", version
			resp := a.in(a.join())
			require.Equal(t, skip, resp.SkipAssignment)
			if skip {
				require.Equal(t, resp.MemberID, resp.LeaderID)
				require.Len(t, resp.Members, 1)
				require.Equal(t, "a", *resp.Members[0].InstanceID)
			} else {
				require.Equal(t, before, resp.LeaderID, "so that it takes itself for a follower")
				require.Empty(t, resp.Members)
			}
		})
	}
}

// Whoever waits when the server stops, or when its connection ends, looks for its coordinator again.
func TestJoinAndSyncGroupThatWaitAtTheEnd(t *testing.T) {
	for name, end := range map[string]func(g *groupTest, hangUp context.CancelFunc){
		"of the server":     func(g *groupTest, _ context.CancelFunc) { g.s.groups.Close() },
		"of the connection": func(_ *groupTest, hangUp context.CancelFunc) { hangUp() },
	} {
		t.Run(name, func(t *testing.T) {
			inGroups(t, noDelay, func(g *groupTest) {
				ctx, hangUp := context.WithCancel(g.ctx)
				defer hangUp()
				a, b, lone := g.member("a"), g.member("b"), g.member("lone")
				a.ctx, b.ctx, b.group, lone.group = ctx, ctx, "h", "h"
				lone.id, b.id = lone.join().answer().MemberID, b.join().answer().MemberID
				joinLone, joinB := lone.join(), b.join()
				lone.in(joinLone)
				b.in(joinB)
				follower := b
				if b.leader {
					follower = lone
					lone.ctx = ctx
				}
				sync := follower.sync()
				sync.waits()
				settled := g.member("settled")
				g.settled(settled)
				join := a.enter()
				join.waits()
				end(g, hangUp)
				code(t, kerr.NotCoordinator, join.answer().ErrorCode)
				code(t, kerr.NotCoordinator, sync.answer().ErrorCode)
			})
		})
	}
}
