package group

import (
	"errors"
	"fmt"
)

// Leaving is a member that leaves, or that an operator removes.
type Leaving struct {
	MemberID   string  // "" with an instance id: whatever id the instance has
	InstanceID *string // of a static member (KIP-345)
	Reason     string  // for the log (KIP-800)
}

// Leave removes members from a group at once, and calls those that stay to join:
// one rebalance, however many leave. It returns an error for each that leaves, nil for those that were
// in the group (ErrUnknownMember, ErrFencedInstanceID), or one for all (log.ErrInvalidGroup, ErrClosed).
func (r *Registry) Leave(name string, leaving []Leaving) ([]error, error) {
	g, err := r.enterKnown(name)
	if err != nil && !errors.Is(err, ErrUnknownMember) {
		return nil, err
	}
	errs := make([]error, len(leaving))
	if g == nil {
		for i := range errs {
			errs[i] = err
		}
		return errs, nil
	}
	defer g.exit()
	g.leaveAll(leaving, errs)
	return errs, nil
}

func (g *group) leaveAll(leaving []Leaving, errs []error) {
	anyone := false
	for i, who := range leaving {
		if who.Reason != "" {
			g.owner.log.Debug("group leave", "group", g.name, "member", who.MemberID, "reason", who.Reason)
		}
		removed, err := g.leave(who)
		anyone = anyone || removed
		errs[i] = err
	}
	if anyone {
		g.afterRemoval("members left")
	}
}

// leave removes one member, or forgets one that only has an id. removed tells that
// a member is gone, so that afterRemoval is to be called.
func (g *group) leave(who Leaving) (removed bool, err error) {
	if who.MemberID == "" && who.InstanceID != nil {
		m := g.static[*who.InstanceID]
		if m == nil {
			return false, fmt.Errorf("%w: instance %q", ErrUnknownMember, *who.InstanceID)
		}
		g.remove(m, ErrUnknownMember)
		return true, nil
	}
	if g.pending[who.MemberID] != nil {
		g.removePending(who.MemberID)
		g.afterPending()
		return false, nil
	}
	m, err := g.find(who.MemberID, who.InstanceID)
	if err != nil {
		return false, err
	}
	g.remove(m, ErrUnknownMember)
	return true, nil
}
