package group

import (
	"fmt"
	"slices"
)

// Subscriptions is what the members of a group read, as far as the registry can tell.
type Subscriptions struct {
	Members int
	topics  map[string]bool
	unknown bool // somebody's metadata cannot be read
}

// Include tells whether a member may be reading a topic. Where the registry cannot tell, one may.
func (s Subscriptions) Include(topic string) bool { return s.unknown || s.topics[topic] }

// WithSubscriptions calls f with what a group's members read, while nobody can
// subscribe to anything else, and returns f's error. f has to be quick, and must not call the registry. It is
// not called where the error is ErrNotEmpty (there are members, of a protocol type that
// the registry does not know), log.ErrInvalidGroup, ErrOverloaded or ErrClosed.
func (r *Registry) WithSubscriptions(name string, f func(Subscriptions) error) error {
	if err := checkMembership(name); err != nil {
		return err
	}
	g, err := r.enterOrCreate(name)
	if err != nil {
		return err
	}
	defer g.exit()
	if _, known := r.types[g.protocolType]; len(g.members) > 0 && !known {
		return fmt.Errorf("%w, of protocol type %q", ErrNotEmpty, g.protocolType)
	}
	return f(g.subscriptions())
}

func (g *group) subscriptions() Subscriptions {
	s := Subscriptions{Members: len(g.members), topics: make(map[string]bool)}
	for _, m := range g.members {
		topics, ok := g.topics(m)
		s.unknown = s.unknown || !ok
		for _, topic := range topics {
			s.topics[topic] = true
		}
	}
	return s
}

// topics returns what a member subscribes to, sorted, and whether the registry can tell.
func (g *group) topics(m *member) ([]string, bool) {
	kind, known := g.owner.types[g.protocolType]
	if !known {
		return nil, false
	}
	metadata := m.protocols[0].Metadata // assignors differ in user data, not in topics
	if g.protocol != "" {
		metadata = m.metadata(g.protocol)
	}
	topics, err := kind.Topics(metadata)
	if err != nil {
		return nil, false
	}
	slices.Sort(topics)
	return topics, true
}
