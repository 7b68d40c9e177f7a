package group

import (
	"errors"
	"fmt"
)

// ErrUnknownGroup means that nobody is in a group. It may have offsets all the same.
var ErrUnknownGroup = errors.New("unknown group")

// Description is a group at one moment.
type Description struct {
	Name         string
	State        State
	ProtocolType string              // "" while Empty
	Protocol     string              // of a stable group only
	Members      []MemberDescription // in the order in which they came
}

// MemberDescription is a member at one moment. The bytes are the group's: do not change them.
type MemberDescription struct {
	MemberID   string
	InstanceID *string // nil: not a static member
	ClientID   string
	ClientHost string // IP address
	Metadata   []byte // of the group's protocol; of a stable group only, like the assignment: another's is about to change
	Assignment []byte
}

// Describe tells about a group. Errors: log.ErrInvalidGroup, ErrUnknownGroup, ErrClosed.
func (r *Registry) Describe(name string) (Description, error) {
	if err := CheckName(name); err != nil {
		return Description{}, err
	}
	g, err := r.enter(name)
	switch {
	case err != nil:
		return Description{}, err
	case g == nil:
		return Description{}, fmt.Errorf("%w: %q", ErrUnknownGroup, name)
	}
	defer g.exit()
	return g.describe(), nil
}

func (g *group) describe() Description {
	d := Description{Name: g.name, State: g.state, ProtocolType: g.protocolType}
	if g.state == Stable {
		d.Protocol = g.protocol
	}
	for _, m := range g.ordered() {
		one := MemberDescription{MemberID: m.id, InstanceID: m.instance, ClientID: m.clientID, ClientHost: m.clientHost}
		if g.state == Stable {
			one.Metadata, one.Assignment = m.metadata(g.protocol), m.assignment
		}
		d.Members = append(d.Members, one)
	}
	return d
}

// Summary is a group in a list.
type Summary struct {
	Name         string
	ProtocolType string // "" while Empty
	State        State
}

// List returns the groups that somebody is in, in no order. The only error is ErrClosed.
func (r *Registry) List() ([]Summary, error) {
	if r.Closed() {
		return nil, ErrClosed
	}
	var all []Summary
	r.each(func(g *group) { all = append(all, Summary{g.name, g.protocolType, g.state}) })
	return all, nil
}

// Stats are figures of the moment, and since the start.
type Stats struct {
	States     [States]int // groups that somebody is in, by [State]
	Members    int
	Pending    int   // clients that were given a member id and have not come back with it yet
	Bytes      int64 // kept for all members
	Rebalances int64 // generations that began, since the start
	Expired    int64 // members removed because they fell silent, since the start
}

// Stats returns the figures. It locks one group after the other, so they need not be of one moment.
func (r *Registry) Stats() Stats {
	s := Stats{Bytes: r.bytes.Load(), Rebalances: r.rebalances.Load(), Expired: r.expired.Load()}
	r.each(func(g *group) {
		s.States[g.state]++
		s.Members += len(g.members)
		s.Pending += len(g.pending)
	})
	return s
}
