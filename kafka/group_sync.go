package kafka

import (
	"bytes"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// syncAnswer is the answer to a sync: an error, or the member's assignment.
type syncAnswer struct {
	code         int16
	protocolType string
	protocol     string
	assignment   []byte
}

// emptyAssignment is no partitions, in a form that every consumer can decode.
var emptyAssignment = (&kmsg.ConsumerMemberAssignment{}).AppendTo(nil)

func (g *group) answerSync(m *member, a syncAnswer) {
	if m.sync == nil {
		return
	}
	m.sync.answer <- a
	m.sync = nil
}

// synced notes that a member owes no sync any more.
func (g *group) synced(m *member) {
	if !m.owes {
		return
	}
	m.owes = false
	if g.unsynced--; g.unsynced == 0 {
		g.syncBy.off()
	}
}

// syncMember hands a member its assignment, once the leader has brought it.
func (g *group) syncMember(req *kmsg.SyncGroupRequest) *outcome[syncAnswer] {
	m, code := g.find(req.MemberID, req.InstanceID)
	switch {
	case code != 0:
	case req.Generation != g.generation:
		code = kerr.IllegalGeneration.Code
	case req.ProtocolType != nil && *req.ProtocolType != g.protocolType,
		req.Protocol != nil && *req.Protocol != g.protocol:
		code = kerr.InconsistentGroupProtocol.Code
	case g.state == groupPreparing:
		code = kerr.RebalanceInProgress.Code
	case g.state == groupCompleting && m.id == g.leader:
		code = g.takeAssignments(req.GroupAssignment)
	}
	if code != 0 {
		return decided(syncAnswer{code: code})
	}
	g.synced(m)
	if g.state == groupStable {
		g.touch(m)
		return decided(g.assigned(m))
	}
	g.answerSync(m, syncAnswer{code: kerr.RebalanceInProgress.Code}) // on a connection that it has left
	m.sync = newOutcome(func(r *outcome[syncAnswer]) { g.leftSync(m, r) })
	return m.sync
}

func (g *group) assigned(m *member) syncAnswer {
	return syncAnswer{protocolType: g.protocolType, protocol: g.protocol, assignment: m.assignment}
}

// takeAssignments makes the group stable: it stores what the leader decided and
// answers the members that wait for it. It does all or nothing.
func (g *group) takeAssignments(list []kmsg.SyncGroupRequestGroupAssignment) int16 {
	shares, growth := g.share(list)
	for _, share := range shares {
		if len(share) > maxMemberBytes {
			return kerr.InvalidRequest.Code
		}
	}
	if code := g.charge(growth); code != 0 {
		return code
	}
	g.state = groupStable
	for m, share := range shares {
		m.bytes += len(share) - len(m.assignment)
		m.assignment = bytes.Clone(share)
		if m.sync != nil {
			g.answerSync(m, g.assigned(m))
			g.touch(m)
		}
	}
	return 0
}

// share returns every member's assignment in the leader's list, and how many bytes more
// they are than those before.
func (g *group) share(list []kmsg.SyncGroupRequestGroupAssignment) (shares map[*member][]byte, growth int) {
	shares = make(map[*member][]byte, len(g.members))
	for _, a := range list {
		if m := g.members[a.MemberID]; m != nil {
			shares[m] = a.MemberAssignment
		}
	}
	for _, m := range g.members {
		if _, named := shares[m]; !named {
			shares[m] = g.nothing()
		}
		growth += len(shares[m]) - len(m.assignment)
	}
	return shares, growth
}

// nothing is the assignment of a member that the leader left out.
func (g *group) nothing() []byte {
	if g.protocolType == consumerProtocol {
		return emptyAssignment
	}
	return nil
}

// leftSync is called when the connection of a sync that waits is gone: its
// member has a session to come back in.
func (g *group) leftSync(m *member, r *outcome[syncAnswer]) {
	g.mu.Lock()
	defer g.exit()
	if m.sync == r {
		m.sync = nil
		g.touch(m)
	}
}
