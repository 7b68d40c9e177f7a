package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// joinGroup answers JoinGroup once the rebalance that it is part of is over, or
// at once where there is an error or the member's place has not changed.
//
//   - Version 0 has one timeout for both session and rebalance.
//   - From version 4 on a dynamic member is first given an id (MEMBER_ID_REQUIRED) and
//     joins with it (KIP-394).
//   - From version 5 on a member may be static (KIP-345); from 9 on its leader
//     is told to skip the assignment when it came back unnoticed (KIP-814).
//   - From version 7 on protocol and protocol type are null in an error, before that the
//     protocol is empty.
//   - The reason (version 8) is for the log.
func (s *Server) joinGroup(ctx context.Context, c *client, req *kmsg.JoinGroupRequest) func() *kmsg.JoinGroupResponse {
	join := s.startJoin(c, req)
	return func() *kmsg.JoinGroupResponse {
		late := joinAnswer{code: kerr.NotCoordinator.Code, memberID: req.MemberID} // the server drains, or nobody reads it
		return joinResponse(req, join.wait(ctx, late))
	}
}

func (s *Server) startJoin(c *client, req *kmsg.JoinGroupRequest) *outcome[joinAnswer] {
	code := s.groups.checkJoin(req)
	if code != 0 {
		return decided(joinAnswer{code: code, memberID: req.MemberID})
	}
	g, code := s.groups.enterOrCreate(req.Group)
	if code != 0 {
		return decided(joinAnswer{code: code, memberID: req.MemberID})
	}
	defer g.exit()
	if req.Reason != nil {
		s.groups.log.Debug("group join", "group", g.name, "member", req.MemberID, "client", c.id, "reason", *req.Reason)
	}
	return g.join(c, req)
}

// checkJoin refuses what no group would take.
func (gs *groups) checkJoin(req *kmsg.JoinGroupRequest) int16 {
	if code := checkGroupName(req.Group, true); code != 0 {
		return code
	}
	session := time.Duration(req.SessionTimeoutMillis) * time.Millisecond
	if session < gs.o.MinSessionTimeout || session > gs.o.MaxSessionTimeout {
		return kerr.InvalidSessionTimeout.Code
	}
	if req.InstanceID != nil && (*req.InstanceID == "" || len(*req.InstanceID) > maxInstanceID) ||
		len(req.Protocols) > maxProtocols || protocolBytes(req.Protocols) > maxMemberBytes {
		return kerr.InvalidRequest.Code
	}
	return 0
}

func joinResponse(req *kmsg.JoinGroupRequest, a joinAnswer) *kmsg.JoinGroupResponse {
	resp := req.ResponseKind().(*kmsg.JoinGroupResponse)
	resp.ErrorCode, resp.MemberID = a.code, a.memberID
	if a.code != 0 {
		resp.Generation = -1
		return resp
	}
	resp.Generation = a.generation
	resp.ProtocolType, resp.Protocol = &a.protocolType, &a.protocol
	resp.LeaderID, resp.Members, resp.SkipAssignment = a.leader, a.members, a.skip
	return resp
}
