package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log/group"
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
	leaving, _ := distinct(leavingMembers(req), leavingKey)
	errs, err := s.groups.Leave(req.Group, leaving)
	switch {
	case err != nil:
		resp.ErrorCode = groupCode(err)
	case req.Version < 3:
		resp.ErrorCode = groupCode(errs[0])
	default:
		resp.Members = leftMembers(leaving, errs)
	}
	return resp
}

func leavingMembers(req *kmsg.LeaveGroupRequest) []group.Leaving {
	if req.Version < 3 {
		return []group.Leaving{{MemberID: req.MemberID}}
	}
	leaving := make([]group.Leaving, len(req.Members))
	for i, m := range req.Members {
		leaving[i] = group.Leaving{MemberID: m.MemberID, InstanceID: m.InstanceID}
		if m.Reason != nil {
			leaving[i].Reason = *m.Reason
		}
	}
	return leaving
}

// memberKey is how a request names a member.
type memberKey struct {
	id, instance string
	static       bool
}

func leavingKey(l *group.Leaving) memberKey {
	if l.InstanceID == nil {
		return memberKey{id: l.MemberID}
	}
	return memberKey{l.MemberID, *l.InstanceID, true}
}

func leftMembers(leaving []group.Leaving, errs []error) []kmsg.LeaveGroupResponseMember {
	all := make([]kmsg.LeaveGroupResponseMember, len(leaving))
	for i, who := range leaving {
		all[i] = kmsg.NewLeaveGroupResponseMember()
		all[i].MemberID, all[i].InstanceID, all[i].ErrorCode = who.MemberID, who.InstanceID, groupCode(errs[i])
	}
	return all
}
