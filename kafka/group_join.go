package kafka

import (
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// joinAnswer is the answer to a join: an error, or the member's place in a generation.
type joinAnswer struct {
	code         int16
	memberID     string
	generation   int32
	protocolType string
	protocol     string
	leader       string
	members      []kmsg.JoinGroupResponseMember // for the leader only
	skip         bool                           // the leader is not to assign (KIP-814)
}

func (g *group) answerJoin(m *member, a joinAnswer) {
	if m.join == nil {
		return
	}
	m.join.answer <- a
	m.join = nil
	g.joining--
}

// join takes a client's request to be a member of the next generation.
func (g *group) join(c *client, req *kmsg.JoinGroupRequest) *outcome[joinAnswer] {
	r, code := g.admit(c, req)
	if code != 0 {
		return decided(joinAnswer{code: code, memberID: req.MemberID})
	}
	return r
}

func (g *group) admit(c *client, req *kmsg.JoinGroupRequest) (*outcome[joinAnswer], int16) {
	known := g.members[req.MemberID]
	if req.MemberID == "" && req.InstanceID != nil {
		known = g.static[*req.InstanceID]
	}
	if !g.hasRoom(known, req.MemberID) {
		if known != nil {
			g.remove(known, kerr.GroupMaxSizeReached.Code)
			g.settle("the group is full")
		}
		return nil, kerr.GroupMaxSizeReached.Code
	}
	switch {
	case !g.understands(req):
		return nil, kerr.InconsistentGroupProtocol.Code
	case req.MemberID == "" && known != nil:
		return g.comeBack(c, known, req)
	case req.MemberID == "" && req.InstanceID == nil && req.Version >= 4:
		id := newMemberID(c, nil)
		if code := g.invite(id, time.Duration(req.SessionTimeoutMillis)*time.Millisecond); code != 0 {
			return nil, code
		}
		return decided(joinAnswer{code: kerr.MemberIDRequired.Code, memberID: id}), 0
	case req.MemberID == "":
		return g.joinNew(c, newMemberID(c, req.InstanceID), req)
	case g.pending[req.MemberID] != nil && req.InstanceID == nil:
		return g.joinNew(c, req.MemberID, req)
	}
	m, code := g.find(req.MemberID, req.InstanceID)
	if code != 0 {
		return nil, code
	}
	return g.rejoin(m, req)
}

// hasRoom tells whether the group's size allows a join, of m where that is a member
// already. While the group prepares, those count who have come: the others may be gone.
func (g *group) hasRoom(m *member, id string) bool {
	limit := g.owner.o.MaxSize
	if g.state == groupPreparing {
		return m != nil && m.join != nil || g.joining < limit && (id != "" || g.joining+len(g.pending) < limit)
	}
	return m != nil || g.pending[id] != nil || len(g.members)+len(g.pending) < limit
}

// understands tells whether the request offers a protocol that all members have.
func (g *group) understands(req *kmsg.JoinGroupRequest) bool {
	if req.ProtocolType == "" || len(req.Protocols) == 0 {
		return false
	}
	if len(g.members) == 0 {
		return true
	}
	if req.ProtocolType != g.protocolType {
		return false
	}
	for _, p := range req.Protocols {
		if g.supports[p.Name] == len(g.members) {
			return true
		}
	}
	return false
}

func (g *group) joinNew(c *client, id string, req *kmsg.JoinGroupRequest) (*outcome[joinAnswer], int16) {
	m, code := g.add(c, id, req)
	if code != 0 {
		return nil, code
	}
	if g.pending[id] != nil {
		g.uninvite(id)
	}
	g.initial.arrivals = true
	r := g.await(m)
	g.touch(m)
	g.regroup("a member joined")
	return r, 0
}

// rejoin lets a member join again. It is a new generation unless the member
// only asks what it was answered before: a lost answer must not cost everyone a rebalance. A leader
// in a stable group wants one: it has seen that partitions changed.
func (g *group) rejoin(m *member, req *kmsg.JoinGroupRequest) (*outcome[joinAnswer], int16) {
	same := m.offers(req.Protocols)
	if code := g.offer(m, req); code != 0 {
		return nil, code
	}
	if same && (g.state == groupCompleting || g.state == groupStable && g.leader != m.id) {
		g.touch(m)
		return decided(g.place(m)), 0
	}
	r := g.await(m)
	g.regroup("a member joined again")
	return r, 0
}

// comeBack lets a static member in that has lost its id, usually because it was
// restarted, as the member it was. A stable group does not notice, unless the member now wants
// something else. Before version 9 a leader could not be told to leave the assignment
// alone, so it is told that the leader is its former self.
func (g *group) comeBack(c *client, m *member, req *kmsg.JoinGroupRequest) (*outcome[joinAnswer], int16) {
	before, _ := g.topics(m)
	if code := g.offer(m, req); code != 0 {
		return nil, code
	}
	leader := g.leader
	g.rename(m, newMemberID(c, req.InstanceID))
	m.clientHost = c.host
	after, _ := g.topics(m)
	if g.state == groupStable && g.elect() == g.protocol && slices.Equal(before, after) {
		g.touch(m)
		a := g.place(m)
		a.skip = req.Version >= 9 && a.leader == m.id
		if !a.skip {
			a.leader, a.members = leader, nil
		}
		return decided(a), 0
	}
	r := g.await(m)
	g.touch(m)
	g.regroup("a static member came back")
	return r, 0
}

// offers tells whether a member already said exactly this.
func (m *member) offers(protocols []kmsg.JoinGroupRequestProtocol) bool {
	if len(protocols) != len(m.protocols) {
		return false
	}
	for i, p := range protocols {
		if p.Name != m.protocols[i].Name || string(p.Metadata) != string(m.protocols[i].Metadata) {
			return false
		}
	}
	return true
}

// await parks a member's join until the rebalance is over. A join of the same
// member that waits already, on a connection it has left, is answered.
func (g *group) await(m *member) *outcome[joinAnswer] {
	g.answerJoin(m, joinAnswer{code: kerr.RebalanceInProgress.Code, memberID: m.id})
	m.join = newOutcome(func(r *outcome[joinAnswer]) { g.leftJoin(m, r) })
	g.joining++
	return m.join
}

// leftJoin is called when the connection of a join that waits is gone. Its
// member then has a session to come back in; one that was never told its id cannot come back.
func (g *group) leftJoin(m *member, r *outcome[joinAnswer]) {
	g.mu.Lock()
	defer g.exit()
	if m.join != r {
		return // answered in between
	}
	m.join = nil
	g.joining--
	if !m.told && m.instance == nil {
		g.remove(m, kerr.UnknownMemberID.Code)
		g.settle("a new member's connection ended")
		return
	}
	g.touch(m)
}

// place is a member's place in the present generation.
func (g *group) place(m *member) joinAnswer {
	a := joinAnswer{
		memberID:     m.id,
		generation:   g.generation,
		protocolType: g.protocolType,
		protocol:     g.protocol,
		leader:       g.leader,
	}
	if m.id == g.leader {
		a.members = g.subscriptions()
	}
	return a
}

// subscriptions is what the leader assigns by. The metadata is shared with the members.
func (g *group) subscriptions() []kmsg.JoinGroupResponseMember {
	all := make([]kmsg.JoinGroupResponseMember, 0, len(g.members))
	for _, m := range g.ordered() {
		r := kmsg.NewJoinGroupResponseMember()
		r.MemberID, r.InstanceID, r.ProtocolMetadata = m.id, m.instance, m.metadata(g.protocol)
		all = append(all, r)
	}
	return all
}
