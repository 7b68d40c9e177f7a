package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestLeaveGroupVersions(t *testing.T) {
	for version := int16(0); version <= 5; version++ {
		inGroups(t, noDelay, func(g *groupTest) {
			m := g.member("a")
			m.in(m.enter())
			leave := func(group, member string) (int16, []int16) {
				req := kmsg.NewPtrLeaveGroupRequest()
				req.Version, req.Group, req.MemberID = version, group, member
				req.Members = []kmsg.LeaveGroupRequestMember{{MemberID: member, Reason: kmsg.StringPtr("done")}}
				resp := overWire(t, g.s.leaveGroup(g.ctx, m.client, req))
				codes := []int16{}
				for _, one := range resp.Members {
					codes = append(codes, one.ErrorCode)
				}
				return resp.ErrorCode, codes
			}
			unknown := kerr.UnknownMemberID.Code
			expect := func(group, member string, want int16) {
				top, each := leave(group, member)
				if version < 3 {
					require.Equal(t, want, top)
					require.Empty(t, each)
				} else {
					require.Zero(t, top)
					require.Equal(t, []int16{want}, each)
				}
			}
			expect("none", m.id, unknown)
			expect("g", "x", unknown)
			expect("g", m.id, 0)
			expect("g", m.id, unknown)
			top, _ := leave("", m.id)
			require.Equal(t, kerr.InvalidGroupID.Code, top)
		})
	}
}

func TestLeaveGroupOfSeveral(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a := g.staticMember("a")
		a.in(a.join())
		req := kmsg.NewPtrLeaveGroupRequest()
		req.Version, req.Group = 3, "g"
		req.Members = []kmsg.LeaveGroupRequestMember{
			{InstanceID: kmsg.StringPtr("nobody")},
			{InstanceID: kmsg.StringPtr("a"), MemberID: "not a's"},
			{MemberID: "nobody"},
			{InstanceID: kmsg.StringPtr("a")},
		}
		resp := overWire(t, g.s.leaveGroup(g.ctx, a.client, req))
		code(t, nil, resp.ErrorCode)
		for i, want := range []*kerr.Error{kerr.UnknownMemberID, kerr.FencedInstanceID, kerr.UnknownMemberID, nil} {
			code(t, want, resp.Members[i].ErrorCode)
			require.Equal(t, req.Members[i].InstanceID, resp.Members[i].InstanceID)
			require.Equal(t, req.Members[i].MemberID, resp.Members[i].MemberID)
		}
	})
}
