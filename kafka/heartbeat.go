package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log/group"
)

// heartbeat answers Heartbeat: it prolongs the member's session, and tells it
// with REBALANCE_IN_PROGRESS to join again.
//
//   - From version 3 on a member may be static (KIP-345).
func (s *Server) heartbeat(_ context.Context, _ *client, req *kmsg.HeartbeatRequest) *kmsg.HeartbeatResponse {
	resp := req.ResponseKind().(*kmsg.HeartbeatResponse)
	who := group.Identity{MemberID: req.MemberID, InstanceID: req.InstanceID, Generation: req.Generation}
	resp.ErrorCode = groupCode(s.groups.Heartbeat(req.Group, who))
	return resp
}
