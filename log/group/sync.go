package group

import (
	"bytes"
	"fmt"
)

// SyncRequest is a member's request for its assignment, and the leader's word on all of them.
type SyncRequest struct {
	Group string
	Identity
	ProtocolType *string           // that the member believes to be the group's (KIP-559); nil: it does not say
	Protocol     *string           // the same for the chosen protocol
	Assignments  map[string][]byte // by member id, from the leader; ignored from others
}

// Assignment is what a member was assigned, and by which protocol.
type Assignment struct {
	ProtocolType string
	Protocol     string
	Bytes        []byte // the group's: do not change them
}

// Sync hands a member its assignment. The future waits until the leader has sent all of them with
// its own Sync; a member that the leader left out gets the empty one. Errors: log.ErrInvalidGroup, ErrUnknownMember,
// ErrFencedInstanceID, ErrIllegalGeneration, ErrInconsistentProtocol, ErrRebalanceInProgress, ErrTooLarge (the leader's: no
// assignment is taken), ErrGroupFull and ErrOverloaded (the same), ErrClosed, and ErrCanceled.
//
// Nothing of the request is kept.
func (r *Registry) Sync(req SyncRequest) *Future[Assignment] {
	g, err := r.enterKnown(req.Group)
	if err != nil {
		return resolved(Assignment{}, err)
	}
	defer g.exit()
	m, err := g.sync(&req)
	if err != nil {
		return resolved(Assignment{}, err)
	}
	g.clearSync(m)
	if g.state == Stable {
		g.extendSession(m)
		return resolved(g.assignment(m), nil)
	}
	g.resolveSync(m, Assignment{}, ErrRebalanceInProgress) // on a connection that it has left
	m.sync = newFuture(Assignment{}, func(f *Future[Assignment]) { g.leftSync(m, f) })
	return m.sync
}

// sync returns the member that may have its assignment, once it is there. It
// takes the assignments where they are the leader's.
func (g *group) sync(req *SyncRequest) (*member, error) {
	m, err := g.identify(req.Identity)
	switch {
	case err != nil:
	case req.ProtocolType != nil && *req.ProtocolType != g.protocolType:
		err = fmt.Errorf("%w: the type is %q, the group's %q", ErrInconsistentProtocol, *req.ProtocolType, g.protocolType)
	case req.Protocol != nil && *req.Protocol != g.protocol:
		err = fmt.Errorf("%w: %q, the group's is %q", ErrInconsistentProtocol, *req.Protocol, g.protocol)
	case g.state == PreparingRebalance:
		err = ErrRebalanceInProgress
	case g.state == CompletingRebalance && m.id == g.leader:
		err = g.assign(req.Assignments)
	}
	return m, err
}

// resolveSync ends a member's wait in a sync, if it waits.
func (g *group) resolveSync(m *member, a Assignment, err error) {
	if m.sync == nil {
		return
	}
	m.sync.resolve(a, err)
	m.sync = nil
}

// clearSync notes that a member owes no sync any more.
func (g *group) clearSync(m *member) {
	if !m.owesSync {
		return
	}
	m.owesSync = false
	if g.unsynced--; g.unsynced == 0 {
		g.syncBy.off()
	}
}

func (g *group) assignment(m *member) Assignment {
	return Assignment{ProtocolType: g.protocolType, Protocol: g.protocol, Bytes: m.assignment}
}

// assign makes the group stable: it stores what the leader decided and hands it to the
// members that wait for it. It does all or nothing.
func (g *group) assign(byID map[string][]byte) error {
	growth := 0
	for _, m := range g.members {
		n := len(g.assignedTo(m, byID))
		if n > maxMemberBytes {
			return fmt.Errorf("%w: an assignment of %d bytes, at most %d are allowed", ErrTooLarge, n, maxMemberBytes)
		}
		growth += n - len(m.assignment)
	}
	if err := g.charge(growth); err != nil {
		return err
	}
	g.state = Stable
	for _, m := range g.members {
		assigned := g.assignedTo(m, byID)
		m.bytes += len(assigned) - len(m.assignment)
		m.assignment = bytes.Clone(assigned)
		if m.sync != nil {
			g.resolveSync(m, g.assignment(m), nil)
			g.extendSession(m)
		}
	}
	return nil
}

// assignedTo returns a member's assignment in the leader's list, the empty one where it was left out.
func (g *group) assignedTo(m *member, byID map[string][]byte) []byte {
	if assigned, named := byID[m.id]; named {
		return assigned
	}
	return g.owner.types[g.protocolType].EmptyAssignment
}

// leftSync is called when the connection of a sync that waits is gone: its
// member has a session to come back in.
func (g *group) leftSync(m *member, f *Future[Assignment]) {
	g.mu.Lock()
	defer g.exit()
	if m.sync == f {
		m.sync = nil
		g.extendSession(m)
	}
}
