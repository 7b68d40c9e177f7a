package group

import (
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/log"
)

func TestSyncRefusals(t *testing.T) {
	other := "x"
	for _, tt := range []struct {
		name string
		edit func(*SyncRequest)
		want error
	}{
		{"fine", func(*SyncRequest) {}, nil},
		{"fine, without its protocol", func(r *SyncRequest) { r.ProtocolType, r.Protocol = nil, nil }, nil},
		{"no group name", func(r *SyncRequest) { r.Group = "" }, log.ErrInvalidGroup},
		{"unknown group", func(r *SyncRequest) { r.Group = "none" }, ErrUnknownMember},
		{"unknown member", func(r *SyncRequest) { r.MemberID = "x" }, ErrUnknownMember},
		{"old generation", func(r *SyncRequest) { r.Generation-- }, ErrIllegalGeneration},
		{"future generation", func(r *SyncRequest) { r.Generation++ }, ErrIllegalGeneration},
		{"other type", func(r *SyncRequest) { r.ProtocolType = &other }, ErrInconsistentProtocol},
		{"other protocol", func(r *SyncRequest) { r.Protocol = &other }, ErrInconsistentProtocol},
		{"too large", func(r *SyncRequest) { r.Assignments[r.MemberID] = make([]byte, maxMemberBytes+1) }, ErrTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inGroups(t, noDelay, func(g *groupTest) {
				m := g.member("a")
				m.in(m.enter())
				req := m.syncRequest()
				tt.edit(&req)
				_, err := g.registry.Sync(req).Wait(g.ctx)
				fails(t, tt.want, err)
				require.Equal(t, "0/1", m.got(m.sync()), "a refused sync changes nothing")
			})
		})
	}
}

func TestSyncMembersLeftOut(t *testing.T) {
	for protocolType, want := range map[string]string{"consumer": "nothing", "connect": ""} {
		inGroups(t, noDelay, func(g *groupTest) {
			m := g.member("a")
			join := m.joinRequest()
			join.RequireMemberID, join.ProtocolType = false, protocolType
			joined, err := g.registry.Join(join).Wait(g.ctx)
			require.NoError(t, err)
			a, err := g.registry.Sync(SyncRequest{Group: "g", Identity: Identity{MemberID: joined.MemberID, Generation: joined.Generation}}).Wait(g.ctx)
			require.NoError(t, err)
			require.Equal(t, want, string(a.Bytes))
		})
	}
}
