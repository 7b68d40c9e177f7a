package group

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"streamhouse/log"
)

var (
	// ErrClosed means that the registry is closed: the member is to look for its coordinator, and join again.
	ErrClosed = errors.New("the groups are closed")
	// ErrOverloaded means that all groups together take too much room; a later try may succeed.
	ErrOverloaded = errors.New("the groups take too much room")
)

// Registry has the groups that have members. Membership lives in memory only:
// after a restart every client finds itself unknown and joins again.
//
// A group is here from its first member's join until its last member is gone. All methods may be called
// concurrently.
type Registry struct {
	o     Options
	types map[string]ProtocolType
	log   *slog.Logger

	timers     sync.WaitGroup // alarms that will fire or are firing
	bytes      atomic.Int64   // kept by members of all groups
	rebalances atomic.Int64   // generations that began
	expired    atomic.Int64   // members removed because they fell silent

	// mu may be taken while a group's lock is held, not the other way round.
	mu     sync.RWMutex
	closed bool
	byName map[string]*group
}

// NewRegistry makes a registry without groups. types are the protocol types whose
// subscriptions it can read; it takes members of any type. It runs timers until Close.
func NewRegistry(o Options, types map[string]ProtocolType, logger *slog.Logger) *Registry {
	return &Registry{o: o.withDefaults(), types: types, log: logger, byName: make(map[string]*group)}
}

// Options returns the settings, defaults filled in.
func (r *Registry) Options() Options { return r.o }

// Close gives ErrClosed to everybody who waits and to all later calls, and
// returns when no timer runs any more. A server calls it before it closes connections. It may
// be called again.
func (r *Registry) Close() {
	for _, g := range r.shut() {
		g.mu.Lock()
		g.disband(ErrClosed)
		g.exit()
	}
	r.timers.Wait()
}

func (r *Registry) shut() []*group {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return r.all()
}

// all returns the groups. The caller holds mu.
func (r *Registry) all() []*group {
	all := make([]*group, 0, len(r.byName))
	for _, g := range r.byName {
		all = append(all, g)
	}
	return all
}

// Closed tells whether Close was called.
func (r *Registry) Closed() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.closed
}

// enter locks the group and returns it, or nil where nobody is in it. The
// caller calls exit.
func (r *Registry) enter(name string) (*group, error) {
	for {
		r.mu.RLock()
		g, closed := r.byName[name], r.closed
		r.mu.RUnlock()
		if closed {
			return nil, ErrClosed
		}
		if g == nil {
			return nil, nil
		}
		g.mu.Lock()
		if !g.gone {
			return g, nil
		}
		g.mu.Unlock() // its last member left in between: look again
	}
}

// enterKnown is enter for the requests of members: without a group there is none
// that could have sent it, so ErrUnknownMember. It checks the name, too.
func (r *Registry) enterKnown(name string) (*group, error) {
	if err := checkMembership(name); err != nil {
		return nil, err
	}
	g, err := r.enter(name)
	if g == nil && err == nil {
		err = fmt.Errorf("%w: nobody is in group %q", ErrUnknownMember, name)
	}
	return g, err
}

// enterOrCreate is enter for those who need the group to stand still, or to
// come to be. A group that nobody is in at its exit is forgotten.
func (r *Registry) enterOrCreate(name string) (*group, error) {
	for {
		if g, err := r.enter(name); g != nil || err != nil {
			return g, err
		}
		if err := r.create(name); err != nil {
			return nil, err
		}
	}
}

func (r *Registry) create(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return ErrClosed
	case r.byName[name] != nil:
		return nil
	case len(r.byName) >= maxGroups:
		return fmt.Errorf("%w: there are %d already", ErrOverloaded, len(r.byName))
	}
	name = strings.Clone(name) // requests may share the memory of their frame
	r.byName[name] = newGroup(r, name)
	return nil
}

func (r *Registry) forget(g *group) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byName, g.name)
}

// each calls f for every group, locked, in no order.
func (r *Registry) each(f func(*group)) {
	r.mu.RLock()
	all := r.all()
	r.mu.RUnlock()
	for _, g := range all {
		g.mu.Lock()
		if !g.gone {
			f(g)
		}
		g.mu.Unlock()
	}
}

// CheckName returns log.ErrInvalidGroup for a name that no group can have. The
// empty name is one that offsets can be committed under, as in Kafka.
func CheckName(name string) error {
	if len(name) > log.MaxGroupName {
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", log.ErrInvalidGroup, len(name), log.MaxGroupName)
	}
	return nil
}

// checkMembership is CheckName for groups that have members, which need a name.
func checkMembership(name string) error {
	if name == "" {
		return fmt.Errorf("%w: it is empty", log.ErrInvalidGroup)
	}
	return CheckName(name)
}
