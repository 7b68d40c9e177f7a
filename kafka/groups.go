package kafka

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kerr"

	"streamhouse/log"
)

// groups are the consumer groups that have members. Membership lives in memory
// only: after a restart every client finds itself unknown and joins again. The
// offsets that groups commit live in the engine.
//
// A group is here from its first member's join until its last member is gone.
// The server makes one with newGroups when it starts, and calls close when it
// stops, before it closes connections: close answers the joins and syncs that wait.
type groups struct {
	o   GroupOptions
	log *slog.Logger

	timers     sync.WaitGroup // alarms that will fire or are firing
	bytes      atomic.Int64   // kept by members of all groups
	rebalances atomic.Int64   // generations that began
	expired    atomic.Int64   // members removed because they fell silent

	// mu may be taken while a group's lock is held, not the other way round.
	mu     sync.RWMutex
	closed bool
	byName map[string]*group
}

func newGroups(o GroupOptions, logger *slog.Logger) *groups {
	return &groups{o: o.withDefaults(), log: logger, byName: make(map[string]*group)}
}

// close answers every request that waits with an error that makes the member
// look for its coordinator and join again, and stops the timers. Later requests get the
// same error.
func (gs *groups) close() {
	for _, g := range gs.shut() {
		g.mu.Lock()
		g.disband(kerr.NotCoordinator.Code)
		g.exit()
	}
	gs.timers.Wait()
}

func (gs *groups) shut() []*group {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	gs.closed = true
	all := make([]*group, 0, len(gs.byName))
	for _, g := range gs.byName {
		all = append(all, g)
	}
	return all
}

// patience is how long an answer waits for a change to become durable. What was
// taken is answered also while the server drains, when the connection's context has ended.
func (gs *groups) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), gs.o.CommitTimeout)
}

// stopped tells whether close was called.
func (gs *groups) stopped() bool {
	gs.mu.RLock()
	defer gs.mu.RUnlock()
	return gs.closed
}

// checkGroupName returns an error code for a name that no group can have.
// Requests about offsets take the empty name, as Kafka's do; membership needs one.
func checkGroupName(name string, membership bool) int16 {
	if len(name) > log.MaxGroupName || membership && name == "" {
		return kerr.InvalidGroupID.Code
	}
	return 0
}

// enter locks the group and returns it, or nil where it has no members. The
// caller calls exit.
func (gs *groups) enter(name string) (*group, int16) {
	for {
		gs.mu.RLock()
		g, closed := gs.byName[name], gs.closed
		gs.mu.RUnlock()
		if closed {
			return nil, kerr.NotCoordinator.Code
		}
		if g == nil {
			return nil, 0
		}
		g.mu.Lock()
		if !g.gone {
			return g, 0
		}
		g.mu.Unlock() // its last member left in between: look again
	}
}

// enterOrCreate is enter for those who need the group to stand still, or to
// come to be. A group that has no member at its exit is forgotten.
func (gs *groups) enterOrCreate(name string) (*group, int16) {
	for {
		if g, code := gs.enter(name); g != nil || code != 0 {
			return g, code
		}
		if code := gs.create(name); code != 0 {
			return nil, code
		}
	}
}

func (gs *groups) create(name string) int16 {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	switch {
	case gs.closed:
		return kerr.NotCoordinator.Code
	case gs.byName[name] != nil:
		return 0
	case len(gs.byName) >= maxGroups:
		return kerr.CoordinatorNotAvailable.Code
	}
	name = strings.Clone(name) // requests may share the memory of their frame
	gs.byName[name] = newGroup(gs, name)
	return 0
}

func (gs *groups) forget(g *group) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	delete(gs.byName, g.name)
}

// groupCounts is what metrics show of the groups.
type groupCounts struct {
	States     [groupStates]int // groups with members, by state
	Members    int
	Pending    int   // clients that were given a member id and have not come back with it yet
	Bytes      int64 // kept by all members
	Rebalances int64 // since the start
	Expired    int64 // members removed because they fell silent, since the start
}

func (gs *groups) counts() groupCounts {
	c := groupCounts{Bytes: gs.bytes.Load(), Rebalances: gs.rebalances.Load(), Expired: gs.expired.Load()}
	gs.each(func(g *group) {
		c.States[g.state]++
		c.Members += len(g.members)
		c.Pending += len(g.pending)
	})
	return c
}

// each calls f for every group, locked, in no order.
func (gs *groups) each(f func(*group)) {
	gs.mu.RLock()
	all := make([]*group, 0, len(gs.byName))
	for _, g := range gs.byName {
		all = append(all, g)
	}
	gs.mu.RUnlock()
	for _, g := range all {
		g.mu.Lock()
		if !g.gone {
			f(g)
		}
		g.mu.Unlock()
	}
}
