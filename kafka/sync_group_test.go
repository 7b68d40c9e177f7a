package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestSyncGroupRefusals(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(*kmsg.SyncGroupRequest)
		want *kerr.Error
	}{
		{"fine", func(*kmsg.SyncGroupRequest) {}, nil},
		{"fine, before protocols were named", func(r *kmsg.SyncGroupRequest) { r.Version = 0 }, nil},
		{"no group name", func(r *kmsg.SyncGroupRequest) { r.Group = "" }, kerr.InvalidGroupID},
		{"unknown group", func(r *kmsg.SyncGroupRequest) { r.Group = "none" }, kerr.UnknownMemberID},
		{"unknown member", func(r *kmsg.SyncGroupRequest) { r.MemberID = "x" }, kerr.UnknownMemberID},
		{"old generation", func(r *kmsg.SyncGroupRequest) { r.Generation-- }, kerr.IllegalGeneration},
		{"future generation", func(r *kmsg.SyncGroupRequest) { r.Generation++ }, kerr.IllegalGeneration},
		{"other type", func(r *kmsg.SyncGroupRequest) { r.ProtocolType = kmsg.StringPtr("x") }, kerr.InconsistentGroupProtocol},
		{"other protocol", func(r *kmsg.SyncGroupRequest) { r.Protocol = kmsg.StringPtr("x") }, kerr.InconsistentGroupProtocol},
		{"no type", func(r *kmsg.SyncGroupRequest) { r.ProtocolType = nil }, kerr.InconsistentGroupProtocol},
		{"no protocol", func(r *kmsg.SyncGroupRequest) { r.Protocol = nil }, kerr.InconsistentGroupProtocol},
		{"too large", func(r *kmsg.SyncGroupRequest) {
			r.GroupAssignment[0].MemberAssignment = make([]byte, 1<<20+1)
		}, kerr.InvalidRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inGroups(t, noDelay, func(g *groupTest) {
				m := g.member("a")
				m.in(m.enter())
				req := m.syncRequest()
				tt.edit(req)
				resp := overWire(t, g.s.syncGroup(g.ctx, m.client, req)())
				code(t, tt.want, resp.ErrorCode)
				require.Equal(t, "0/1", m.got(m.sync()), "a refused sync changes nothing")
			})
		})
	}
}

func TestSyncGroupMembersLeftOut(t *testing.T) {
	for protocolType, want := range map[string][]byte{
		"consumer": {0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, // version 0, no topics, null user data
		"connect":  {},
	} {
		inGroups(t, noDelay, func(g *groupTest) {
			m := g.member("a")
			join := m.joinRequest()
			join.Version, join.ProtocolType = 3, protocolType
			resp := g.s.joinGroup(g.ctx, m.client, join)()
			req := kmsg.NewPtrSyncGroupRequest()
			req.Group, req.MemberID, req.Generation = "g", resp.MemberID, resp.Generation
			sync := overWire(t, g.s.syncGroup(g.ctx, m.client, req)())
			code(t, nil, sync.ErrorCode)
			require.Equal(t, want, append([]byte{}, sync.MemberAssignment...))
			if protocolType == "consumer" {
				var a kmsg.ConsumerMemberAssignment
				require.NoError(t, a.ReadFrom(sync.MemberAssignment))
				require.Empty(t, a.Topics)
			}
		})
	}
}
