package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// heartbeat answers Heartbeat: it prolongs the member's session, and tells it
// with REBALANCE_IN_PROGRESS to join again.
//
//   - From version 3 on a member may be static (KIP-345).
func (s *Server) heartbeat(_ context.Context, _ *client, req *kmsg.HeartbeatRequest) *kmsg.HeartbeatResponse {
	resp := req.ResponseKind().(*kmsg.HeartbeatResponse)
	resp.ErrorCode = s.groups.beat(req)
	return resp
}

func (gs *groups) beat(req *kmsg.HeartbeatRequest) int16 {
	if code := checkGroupName(req.Group, true); code != 0 {
		return code
	}
	g, code := gs.enter(req.Group)
	switch {
	case code != 0:
		return code
	case g == nil:
		return kerr.UnknownMemberID.Code
	}
	defer g.exit()
	return g.beat(req)
}
