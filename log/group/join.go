package group

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Errors of joins.
var (
	// ErrMemberIDRequired comes with the member id that the client is to join with (KIP-394).
	ErrMemberIDRequired = errors.New("a member joins with the id that it is given")
	// ErrInconsistentProtocol means that a member has no protocol, or none that all others have.
	ErrInconsistentProtocol = errors.New("inconsistent group protocol")
	// ErrInvalidSessionTimeout means that a session timeout is out of the bounds of [Options].
	ErrInvalidSessionTimeout = errors.New("invalid session timeout")
	// ErrInvalidInstanceID means that no member can have such a group.instance.id.
	ErrInvalidInstanceID = errors.New("invalid instance id")
	// ErrTooLarge means that a member's protocols, or its assignment, are beyond what one member may keep.
	ErrTooLarge = errors.New("too large for one member")
)

// Protocol is a way to assign (an assignor of consumers), and what the member tells the leader
// under its name: for consumers, the subscription.
type Protocol struct {
	Name     string
	Metadata []byte
}

// JoinRequest is a client's request to be a member of the next generation.
type JoinRequest struct {
	Group      string
	MemberID   string  // "": it has none yet, or has lost it
	InstanceID *string // group.instance.id of a static member, 1 to 249 bytes (KIP-345); nil: a dynamic one
	ClientID   string  // for people, and the beginning of the member id
	ClientHost string  // IP address

	// SessionTimeout is how long the member may be silent before it is taken for dead.
	SessionTimeout time.Duration
	// RebalanceTimeout is how long the member may take to join when it is called to, and to sync (KIP-62).
	// At least 1 s is granted. Negative: as long as the session timeout.
	RebalanceTimeout time.Duration

	ProtocolType string     // the same for all members
	Protocols    []Protocol // by preference, at least one that all members have

	// RequireMemberID lets a dynamic member without an id join only with the one that it is given
	// now: its client knows ErrMemberIDRequired (KIP-394).
	RequireMemberID bool
	// SkipsAssignment tells that the client knows what Joined.SkipAssignment means (KIP-814).
	SkipsAssignment bool
	Reason          string // for the log (KIP-800)
}

// Joined is a member's place in a generation. With an error only MemberID is set, to
// what the client is to be told: the new id with ErrMemberIDRequired, else the one that it came with, or none.
type Joined struct {
	MemberID     string
	Generation   int32
	ProtocolType string
	Protocol     string // chosen among those that all members have
	LeaderID     string
	// Members are all members, for the leader, which assigns; nil for the others.
	Members []JoinedMember
	// SkipAssignment tells a leader that it came back unnoticed: the assignments stand (KIP-814).
	SkipAssignment bool
}

// JoinedMember is what the leader knows of a member. The bytes are the group's: do not change them.
type JoinedMember struct {
	MemberID   string
	InstanceID *string
	Metadata   []byte // of the chosen protocol
}

// Join makes a client a member of the next generation. The future waits until the rebalance that
// the join is part of is over; where the member's place has not changed, or on an error, it does not. Errors:
// log.ErrInvalidGroup, ErrInvalidSessionTimeout, ErrInvalidInstanceID, ErrTooLarge, ErrInconsistentProtocol,
// ErrGroupFull, ErrOverloaded, ErrMemberIDRequired, ErrUnknownMember, ErrFencedInstanceID, ErrRebalanceInProgress (another
// join of the member came meanwhile), ErrClosed, and ErrCanceled.
//
// Nothing of the request is kept.
func (r *Registry) Join(req JoinRequest) *Future[Joined] {
	f, err := r.join(&req)
	if err != nil {
		return resolved(Joined{MemberID: req.MemberID}, err)
	}
	return f
}

func (r *Registry) join(req *JoinRequest) (*Future[Joined], error) {
	if err := r.checkJoin(req); err != nil {
		return nil, err
	}
	g, err := r.enterOrCreate(req.Group)
	if err != nil {
		return nil, err
	}
	defer g.exit()
	if req.Reason != "" {
		r.log.Debug("group join", "group", g.name, "member", req.MemberID, "client", req.ClientID, "reason", req.Reason)
	}
	return g.admit(req)
}

// checkJoin refuses what no group would take.
func (r *Registry) checkJoin(req *JoinRequest) error {
	if err := checkMembership(req.Group); err != nil {
		return err
	}
	switch s := req.SessionTimeout; {
	case s < r.o.MinSessionTimeout || s > r.o.MaxSessionTimeout:
		return fmt.Errorf("%w: %v, %v to %v are possible", ErrInvalidSessionTimeout, s, r.o.MinSessionTimeout, r.o.MaxSessionTimeout)
	case req.InstanceID != nil && (*req.InstanceID == "" || len(*req.InstanceID) > maxInstanceID):
		return fmt.Errorf("%w: %d bytes, 1 to %d are possible", ErrInvalidInstanceID, len(*req.InstanceID), maxInstanceID)
	case len(req.Protocols) > maxProtocols:
		return fmt.Errorf("%w: %d protocols, at most %d are allowed", ErrTooLarge, len(req.Protocols), maxProtocols)
	}
	if n := protocolBytes(req.Protocols); n > maxMemberBytes {
		return fmt.Errorf("%w: %d bytes of protocols, at most %d are allowed", ErrTooLarge, n, maxMemberBytes)
	}
	return nil
}

func (g *group) admit(req *JoinRequest) (*Future[Joined], error) {
	known := g.members[req.MemberID]
	if req.MemberID == "" && req.InstanceID != nil {
		known = g.static[*req.InstanceID]
	}
	if !g.hasRoom(known, req.MemberID) {
		if known != nil {
			g.remove(known, ErrGroupFull)
			g.afterRemoval("the group is full")
		}
		return nil, fmt.Errorf("%w: at most %d members are allowed", ErrGroupFull, g.owner.o.MaxSize)
	}
	if err := g.checkProtocols(req); err != nil {
		return nil, err
	}
	switch {
	case req.MemberID == "" && known != nil:
		return g.replaceStatic(known, req)
	case req.MemberID == "" && req.InstanceID == nil && req.RequireMemberID:
		id := newMemberID(req.ClientID, nil)
		if err := g.addPending(id, req.SessionTimeout); err != nil {
			return nil, err
		}
		return resolved(Joined{MemberID: id}, ErrMemberIDRequired), nil
	case req.MemberID == "":
		return g.joinNew(newMemberID(req.ClientID, req.InstanceID), req)
	case g.pending[req.MemberID] != nil && req.InstanceID == nil:
		return g.joinNew(req.MemberID, req)
	}
	m, err := g.find(req.MemberID, req.InstanceID)
	if err != nil {
		return nil, err
	}
	return g.rejoin(m, req)
}

// hasRoom tells whether the group's size allows a join, of m where that is a member
// already. While the group prepares, those count who have come: the others may be gone.
func (g *group) hasRoom(m *member, id string) bool {
	limit := g.owner.o.MaxSize
	if g.state == PreparingRebalance {
		return m != nil && m.join != nil || g.joining < limit && (id != "" || g.joining+len(g.pending) < limit)
	}
	return m != nil || g.pending[id] != nil || len(g.members)+len(g.pending) < limit
}

// checkProtocols returns ErrInconsistentProtocol unless the request has a protocol that all members have.
func (g *group) checkProtocols(req *JoinRequest) error {
	switch {
	case req.ProtocolType == "" || len(req.Protocols) == 0:
		return fmt.Errorf("%w: there is none", ErrInconsistentProtocol)
	case len(g.members) == 0:
		return nil
	case req.ProtocolType != g.protocolType:
		return fmt.Errorf("%w: the type is %q, the group's %q", ErrInconsistentProtocol, req.ProtocolType, g.protocolType)
	case !slices.ContainsFunc(req.Protocols, func(p Protocol) bool { return g.supports[p.Name] == len(g.members) }):
		return fmt.Errorf("%w: none that the other %d have", ErrInconsistentProtocol, len(g.members))
	}
	return nil
}

func (g *group) joinNew(id string, req *JoinRequest) (*Future[Joined], error) {
	m, err := g.add(id, req)
	if err != nil {
		return nil, err
	}
	if g.pending[id] != nil {
		g.removePending(id)
	}
	g.initial.arrivals = true
	f := g.waitToJoin(m, req)
	g.extendSession(m)
	g.rebalance("a member joined")
	return f, nil
}

// rejoin lets a member join again. It is a new generation unless the member only asks
// what it was told before: a lost response must not cost everyone a rebalance. A leader
// in a stable group wants one: it has seen that partitions changed.
func (g *group) rejoin(m *member, req *JoinRequest) (*Future[Joined], error) {
	same := slices.EqualFunc(req.Protocols, m.protocols, Protocol.equal)
	if err := g.update(m, req); err != nil {
		return nil, err
	}
	if same && (g.state == CompletingRebalance || g.state == Stable && g.leader != m.id) {
		g.extendSession(m)
		return resolved(g.joined(m), nil), nil
	}
	f := g.waitToJoin(m, req)
	g.rebalance("a member joined again")
	return f, nil
}

func (p Protocol) equal(q Protocol) bool {
	return p.Name == q.Name && string(p.Metadata) == string(q.Metadata)
}

// replaceStatic lets a static member in that has lost its id, usually because it was
// restarted, as the member it was (KIP-345). A stable group does not notice, unless the member now wants
// something else. A leader that does not know SkipAssignment could not be told to leave the assignments
// alone, so it is told that the leader is its former self.
func (g *group) replaceStatic(m *member, req *JoinRequest) (*Future[Joined], error) {
	before, _ := g.topics(m)
	if err := g.update(m, req); err != nil {
		return nil, err
	}
	leader := g.leader
	g.rename(m, newMemberID(req.ClientID, req.InstanceID))
	m.clientHost = strings.Clone(req.ClientHost)
	after, _ := g.topics(m)
	if g.state == Stable && g.chooseProtocol() == g.protocol && slices.Equal(before, after) {
		g.extendSession(m)
		joined := g.joined(m)
		joined.SkipAssignment = req.SkipsAssignment && joined.LeaderID == m.id
		if !joined.SkipAssignment {
			joined.LeaderID, joined.Members = leader, nil
		}
		return resolved(joined, nil), nil
	}
	f := g.waitToJoin(m, req)
	g.extendSession(m)
	g.rebalance("a static member came back")
	return f, nil
}

// waitToJoin parks a member's join until the rebalance is over. A join of the same
// member that waits already, on a connection it has left, ends.
func (g *group) waitToJoin(m *member, req *JoinRequest) *Future[Joined] {
	g.resolveJoin(m, Joined{MemberID: m.id}, ErrRebalanceInProgress)
	m.join = newFuture(Joined{MemberID: strings.Clone(req.MemberID)}, func(f *Future[Joined]) { g.leftJoin(m, f) })
	g.joining++
	return m.join
}

// resolveJoin ends a member's wait in a join, if it waits.
func (g *group) resolveJoin(m *member, joined Joined, err error) {
	if m.join == nil {
		return
	}
	m.join.resolve(joined, err)
	m.join = nil
	g.joining--
}

// leftJoin is called when the connection of a join that waits is gone. Its
// member then has a session to come back in; one that was never told its id cannot come back.
func (g *group) leftJoin(m *member, f *Future[Joined]) {
	g.mu.Lock()
	defer g.exit()
	if m.join != f {
		return // resolved in between
	}
	m.join = nil
	g.joining--
	if !m.knowsID && m.instance == nil {
		g.remove(m, ErrUnknownMember)
		g.afterRemoval("a new member's connection ended")
		return
	}
	g.extendSession(m)
}

// joined is a member's place in the present generation.
func (g *group) joined(m *member) Joined {
	joined := Joined{
		MemberID:     m.id,
		Generation:   g.generation,
		ProtocolType: g.protocolType,
		Protocol:     g.protocol,
		LeaderID:     g.leader,
	}
	if m.id != g.leader {
		return joined
	}
	joined.Members = make([]JoinedMember, 0, len(g.members))
	for _, m := range g.ordered() {
		joined.Members = append(joined.Members, JoinedMember{m.id, m.instance, m.metadata(g.protocol)})
	}
	return joined
}
