package group

import (
	"errors"
	"fmt"
)

// ErrNotEmpty means that something cannot be done to a group that has members.
var ErrNotEmpty = errors.New("the group has members")

// Commit calls commit if who may commit offsets of the group: a member in its
// generation, and anybody, with a negative generation, while the group has no members. Members may while
// they are called to join, to save what they did before they give partitions up (KIP-429); not
// between that and their assignment.
//
// The group stands still while commit runs: what it starts comes before whatever a later generation
// commits. So it has to be quick, and must not call the registry. It is not called where the error is one of
// log.ErrInvalidGroup, ErrUnknownMember, ErrFencedInstanceID, ErrIllegalGeneration, ErrRebalanceInProgress, ErrClosed.
func (r *Registry) Commit(name string, who Identity, commit func()) error {
	if err := CheckName(name); err != nil {
		return err
	}
	g, err := r.enter(name)
	switch {
	case err != nil:
		return err
	case g != nil:
		defer g.exit()
		err = g.mayCommit(who)
	case who.Generation >= 0:
		err = fmt.Errorf("%w: %d, the group has no members", ErrIllegalGeneration, who.Generation)
	}
	if err != nil {
		return err
	}
	commit()
	return nil
}

func (g *group) mayCommit(who Identity) error {
	if who.Generation < 0 && len(g.members) == 0 {
		return nil
	}
	m, err := g.identify(who)
	switch {
	case err != nil:
		return err
	case g.state == CompletingRebalance:
		return ErrRebalanceInProgress
	}
	g.extendSession(m)
	return nil
}

// WhileEmpty calls f while a group has no members, and can get none: whoever joins
// afterwards commits afterwards. f has to be quick, and must not call the registry. It is not called
// where the error is ErrNotEmpty, log.ErrInvalidGroup, ErrOverloaded or ErrClosed.
func (r *Registry) WhileEmpty(name string, f func()) error {
	if err := CheckName(name); err != nil {
		return err
	}
	g, err := r.enterOrCreate(name)
	if err != nil {
		return err
	}
	defer g.exit()
	if len(g.members) > 0 {
		return fmt.Errorf("%w: %d", ErrNotEmpty, len(g.members))
	}
	f()
	return nil
}
