package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// syncGroup answers SyncGroup with the member's assignment, once the leader has
// sent it with its own SyncGroup.
//
//   - From version 3 on a member may be static (KIP-345).
//   - From version 5 on the member says which protocol it believes was chosen, and must (KIP-559).
func (s *Server) syncGroup(ctx context.Context, _ *client, req *kmsg.SyncGroupRequest) func() *kmsg.SyncGroupResponse {
	sync := s.startSync(req)
	return func() *kmsg.SyncGroupResponse {
		late := syncAnswer{code: kerr.NotCoordinator.Code} // the server drains, or nobody reads it
		return syncResponse(req, sync.wait(ctx, late))
	}
}

func (s *Server) startSync(req *kmsg.SyncGroupRequest) *outcome[syncAnswer] {
	code := checkGroupName(req.Group, true)
	if req.Version >= 5 && (req.ProtocolType == nil || req.Protocol == nil) {
		code = kerr.InconsistentGroupProtocol.Code
	}
	if code != 0 {
		return decided(syncAnswer{code: code})
	}
	g, code := s.groups.enter(req.Group)
	switch {
	case code != 0:
		return decided(syncAnswer{code: code})
	case g == nil:
		return decided(syncAnswer{code: kerr.UnknownMemberID.Code})
	}
	defer g.exit()
	return g.syncMember(req)
}

func syncResponse(req *kmsg.SyncGroupRequest, a syncAnswer) *kmsg.SyncGroupResponse {
	resp := req.ResponseKind().(*kmsg.SyncGroupResponse)
	resp.ErrorCode, resp.MemberAssignment = a.code, a.assignment
	if a.code == 0 {
		resp.ProtocolType, resp.Protocol = &a.protocolType, &a.protocol
	}
	return resp
}
