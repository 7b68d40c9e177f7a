package kafka

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// beat is a member's sign of life. It is also how a member learns that it is to
// join again.
func (g *group) beat(req *kmsg.HeartbeatRequest) int16 {
	m, code := g.find(req.MemberID, req.InstanceID)
	switch {
	case code != 0:
		return code
	case req.Generation != g.generation:
		return kerr.IllegalGeneration.Code
	}
	g.touch(m)
	if g.state == groupPreparing {
		return kerr.RebalanceInProgress.Code
	}
	return 0
}

// depart removes one leaving member, or forgets one that was only invited. An
// instance id alone is enough: an operator removes a static member that way. left
// tells that a member is gone, so that the group is to be settled.
func (g *group) depart(who kmsg.LeaveGroupRequestMember) (left bool, code int16) {
	if who.MemberID == "" && who.InstanceID != nil {
		m := g.static[*who.InstanceID]
		if m == nil {
			return false, kerr.UnknownMemberID.Code
		}
		g.remove(m, kerr.UnknownMemberID.Code)
		return true, 0
	}
	if g.pending[who.MemberID] != nil {
		g.uninvite(who.MemberID)
		g.invitationGone()
		return false, 0
	}
	m, code := g.find(who.MemberID, who.InstanceID)
	if code != 0 {
		return false, code
	}
	g.remove(m, kerr.UnknownMemberID.Code)
	return true, 0
}

// mayCommit tells whether somebody may commit offsets: a member in its
// generation, and anybody, without a generation, while the group is empty. Members commit
// while they are called to join, to save what they did before they give partitions up;
// not between that and their assignment.
func (g *group) mayCommit(req *kmsg.OffsetCommitRequest) int16 {
	if req.Generation < 0 && len(g.members) == 0 {
		return 0
	}
	m, code := g.find(req.MemberID, req.InstanceID)
	switch {
	case code != 0:
		return code
	case req.Generation != g.generation:
		return kerr.IllegalGeneration.Code
	case g.state == groupCompleting:
		return kerr.RebalanceInProgress.Code
	}
	g.touch(m)
	return 0
}
