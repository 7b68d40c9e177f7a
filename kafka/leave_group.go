package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// leaveGroup answers LeaveGroup: the members are gone at once, and the others
// are called to join.
//
//   - Before version 3 there is one member, and its error is the request's.
//   - From version 3 on there may be several (one rebalance for all), each with its own error;
//     a static member may be named by its instance id alone.
//   - The reason (version 5) is for the log.
func (s *Server) leaveGroup(_ context.Context, _ *client, req *kmsg.LeaveGroupRequest) *kmsg.LeaveGroupResponse {
	resp := req.ResponseKind().(*kmsg.LeaveGroupResponse)
	leaving := req.Members
	if req.Version < 3 {
		leaving = []kmsg.LeaveGroupRequestMember{{MemberID: req.MemberID}}
	}
	codes, code := s.groups.depart(req.Group, leaving)
	switch {
	case code != 0:
		resp.ErrorCode = code
	case req.Version < 3:
		resp.ErrorCode = codes[0]
	default:
		resp.Members = departed(leaving, codes)
	}
	return resp
}

// depart removes members from a group, and returns an error code for each, or one for all.
func (gs *groups) depart(name string, leaving []kmsg.LeaveGroupRequestMember) ([]int16, int16) {
	if code := checkGroupName(name, true); code != 0 {
		return nil, code
	}
	g, code := gs.enter(name)
	if code != 0 {
		return nil, code
	}
	codes := make([]int16, len(leaving))
	if g == nil {
		for i := range codes {
			codes[i] = kerr.UnknownMemberID.Code
		}
		return codes, 0
	}
	defer g.exit()
	g.departAll(leaving, codes)
	return codes, 0
}

func (g *group) departAll(leaving []kmsg.LeaveGroupRequestMember, codes []int16) {
	anyone := false
	for i, who := range leaving {
		if who.Reason != nil {
			g.owner.log.Debug("group leave", "group", g.name, "member", who.MemberID, "reason", *who.Reason)
		}
		left, code := g.depart(who)
		anyone = anyone || left
		codes[i] = code
	}
	if anyone {
		g.settle("members left")
	}
}

func departed(leaving []kmsg.LeaveGroupRequestMember, codes []int16) []kmsg.LeaveGroupResponseMember {
	all := make([]kmsg.LeaveGroupResponseMember, len(leaving))
	for i, who := range leaving {
		all[i] = kmsg.NewLeaveGroupResponseMember()
		all[i].MemberID, all[i].InstanceID, all[i].ErrorCode = who.MemberID, who.InstanceID, codes[i]
	}
	return all
}
