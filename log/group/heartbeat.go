package group

import (
	"errors"
	"fmt"
)

// Errors about who a member says it is, and about when.
var (
	// ErrUnknownMember means that the group has no such member, or not any more. The client is
	// to join anew, without an id.
	ErrUnknownMember = errors.New("unknown member")
	// ErrFencedInstanceID means that the instance has come back under another member id (KIP-345):
	// the client that gets it is to stop.
	ErrFencedInstanceID = errors.New("another member uses this instance id")
	// ErrIllegalGeneration means that a member speaks of a generation that is not the present one.
	ErrIllegalGeneration = errors.New("illegal generation")
	// ErrRebalanceInProgress calls a member to join again.
	ErrRebalanceInProgress = errors.New("a rebalance is in progress")
)

// Identity is who a request comes from, in its own words.
type Identity struct {
	MemberID   string
	InstanceID *string // nil: not a static member (KIP-345)
	Generation int32   // that the member believes to be in; negative: none
}

// find returns the member that a request is about: ErrUnknownMember where there is none,
// ErrFencedInstanceID where its instance has come back under another id.
func (g *group) find(id string, instance *string) (*member, error) {
	if instance != nil {
		m := g.static[*instance]
		switch {
		case m == nil:
			return nil, fmt.Errorf("%w: instance %q", ErrUnknownMember, *instance)
		case m.id != id:
			return nil, fmt.Errorf("%w: instance %q is %q, not %q", ErrFencedInstanceID, *instance, m.id, id)
		}
		return m, nil
	}
	if m := g.members[id]; m != nil {
		return m, nil
	}
	return nil, fmt.Errorf("%w: %q", ErrUnknownMember, id)
}

// identify is find for requests that only a member of the present generation may make.
func (g *group) identify(who Identity) (*member, error) {
	m, err := g.find(who.MemberID, who.InstanceID)
	if err == nil && who.Generation != g.generation {
		err = fmt.Errorf("%w: %d, the group is at %d", ErrIllegalGeneration, who.Generation, g.generation)
	}
	return m, err
}

// Heartbeat is a member's sign of life: it gives the member a full session from
// now on, also where it returns ErrRebalanceInProgress. Other errors are log.ErrInvalidGroup,
// ErrUnknownMember, ErrFencedInstanceID, ErrIllegalGeneration and ErrClosed.
func (r *Registry) Heartbeat(name string, who Identity) error {
	g, err := r.enterKnown(name)
	if err != nil {
		return err
	}
	defer g.exit()
	m, err := g.identify(who)
	if err != nil {
		return err
	}
	g.extendSession(m)
	if g.state == PreparingRebalance {
		return ErrRebalanceInProgress
	}
	return nil
}
