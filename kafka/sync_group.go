package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log/group"
)

// syncGroup answers SyncGroup with the member's assignment, once the leader has
// sent it with its own SyncGroup.
//
//   - From version 3 on a member may be static (KIP-345).
//   - From version 5 on the member says which protocol it believes was chosen, and must (KIP-559).
func (s *Server) syncGroup(ctx context.Context, _ *client, req *kmsg.SyncGroupRequest) func() *kmsg.SyncGroupResponse {
	if req.Version >= 5 && (req.ProtocolType == nil || req.Protocol == nil) {
		return func() *kmsg.SyncGroupResponse {
			return syncResponse(req, &group.Assignment{}, kerr.InconsistentGroupProtocol.Code)
		}
	}
	sync := s.groups.Sync(syncRequest(req))
	return func() *kmsg.SyncGroupResponse {
		assignment, err := sync.Wait(ctx)
		return syncResponse(req, &assignment, groupCode(err))
	}
}

func syncRequest(req *kmsg.SyncGroupRequest) group.SyncRequest {
	sync := group.SyncRequest{
		Group:        req.Group,
		Identity:     group.Identity{MemberID: req.MemberID, InstanceID: req.InstanceID, Generation: req.Generation},
		ProtocolType: req.ProtocolType,
		Protocol:     req.Protocol,
		Assignments:  make(map[string][]byte, len(req.GroupAssignment)),
	}
	for _, a := range req.GroupAssignment {
		sync.Assignments[a.MemberID] = a.MemberAssignment
	}
	return sync
}

func syncResponse(req *kmsg.SyncGroupRequest, a *group.Assignment, code int16) *kmsg.SyncGroupResponse {
	resp := req.ResponseKind().(*kmsg.SyncGroupResponse)
	resp.ErrorCode, resp.MemberAssignment = code, a.Bytes
	if code == 0 {
		resp.ProtocolType, resp.Protocol = &a.ProtocolType, &a.Protocol
	}
	return resp
}
