package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log/group"
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
	join := s.groups.Join(joinRequest(c, req))
	return func() *kmsg.JoinGroupResponse {
		joined, err := join.Wait(ctx)
		return joinResponse(req, &joined, groupCode(err))
	}
}

func joinRequest(c *client, req *kmsg.JoinGroupRequest) group.JoinRequest {
	join := group.JoinRequest{
		Group: req.Group, MemberID: req.MemberID, InstanceID: req.InstanceID,
		ClientID: c.id, ClientHost: c.host,
		SessionTimeout:   time.Duration(req.SessionTimeoutMillis) * time.Millisecond,
		RebalanceTimeout: time.Duration(req.RebalanceTimeoutMillis) * time.Millisecond,
		ProtocolType:     req.ProtocolType,
		Protocols:        make([]group.Protocol, len(req.Protocols)),
		RequireMemberID:  req.Version >= 4,
		SkipsAssignment:  req.Version >= 9,
	}
	if req.Version < 1 {
		join.RebalanceTimeout = -1
	}
	for i, p := range req.Protocols {
		join.Protocols[i] = group.Protocol{Name: p.Name, Metadata: p.Metadata}
	}
	if req.Reason != nil {
		join.Reason = *req.Reason
	}
	return join
}

func joinResponse(req *kmsg.JoinGroupRequest, joined *group.Joined, code int16) *kmsg.JoinGroupResponse {
	resp := req.ResponseKind().(*kmsg.JoinGroupResponse)
	resp.ErrorCode, resp.MemberID = code, joined.MemberID
	if code != 0 {
		resp.Generation = -1
		return resp
	}
	resp.Generation = joined.Generation
	resp.ProtocolType, resp.Protocol = &joined.ProtocolType, &joined.Protocol
	resp.LeaderID, resp.SkipAssignment = joined.LeaderID, joined.SkipAssignment
	for _, m := range joined.Members {
		one := kmsg.NewJoinGroupResponseMember()
		one.MemberID, one.InstanceID, one.ProtocolMetadata = m.MemberID, m.InstanceID, m.Metadata
		resp.Members = append(resp.Members, one)
	}
	return resp
}
