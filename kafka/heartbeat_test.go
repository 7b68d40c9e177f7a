package kafka

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestHeartbeatAnswers(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		m := g.staticMember("a")
		m.in(m.join())
		code(t, nil, m.beat())
		for _, tt := range []struct {
			edit func(*kmsg.HeartbeatRequest)
			want *kerr.Error
		}{
			{func(r *kmsg.HeartbeatRequest) { r.Version, r.InstanceID = 0, nil }, nil},
			{func(r *kmsg.HeartbeatRequest) { r.Group = "" }, kerr.InvalidGroupID},
			{func(r *kmsg.HeartbeatRequest) { r.Group = "none" }, kerr.UnknownMemberID},
			{func(r *kmsg.HeartbeatRequest) { r.MemberID, r.InstanceID = "x", nil }, kerr.UnknownMemberID},
			{func(r *kmsg.HeartbeatRequest) { r.InstanceID = kmsg.StringPtr("x") }, kerr.UnknownMemberID},
			{func(r *kmsg.HeartbeatRequest) { r.MemberID = "x" }, kerr.FencedInstanceID},
			{func(r *kmsg.HeartbeatRequest) { r.Generation++ }, kerr.IllegalGeneration},
			{func(r *kmsg.HeartbeatRequest) { r.Generation = -1 }, kerr.IllegalGeneration},
		} {
			req := kmsg.NewPtrHeartbeatRequest()
			req.Version, req.Group, req.MemberID, req.InstanceID, req.Generation = 4, "g", m.id, m.instance, m.generation
			tt.edit(req)
			code(t, tt.want, overWire(t, g.s.heartbeat(g.ctx, m.client, req)).ErrorCode)
		}
	})
}

func BenchmarkHeartbeat(b *testing.B) {
	s := groupServer(noDelay, nil)
	defer s.groups.Close()
	c := &client{id: "bench", host: "10.0.0.1"}
	join := kmsg.NewPtrJoinGroupRequest()
	join.Version, join.Group, join.ProtocolType, join.Protocols = 3, "g", "consumer", protocols("range")
	join.SessionTimeoutMillis, join.RebalanceTimeoutMillis = 45_000, 300_000
	resp := s.joinGroup(b.Context(), c, join)()
	req := kmsg.NewPtrHeartbeatRequest()
	req.Version, req.Group, req.MemberID, req.Generation = 4, "g", resp.MemberID, resp.Generation
	b.ReportAllocs()
	for b.Loop() {
		if resp := s.heartbeat(b.Context(), c, req); resp.ErrorCode != 0 {
			b.Fatal(resp.ErrorCode)
		}
	}
}
