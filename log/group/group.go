package group

import (
	"errors"
	"fmt"
	"sync"
)

// ErrGroupFull means that a group takes no more members, or no more bytes: final for the client that asks (KIP-389).
var ErrGroupFull = errors.New("the group is full")

// State is where a group stands in the classic group protocol.
//
//	Empty ──join──▶ PreparingRebalance ──all joined, or time is up──▶ CompletingRebalance
//	                      ▲     ▲                                            │      │
//	                      │     └──── join, leave, expiry, no sync in time ──┘      │
//	                      └──────────── join, leave, expiry ───────── Stable ◀──────┘
//	                                                                        leader's sync
//
// From every state a group whose last member goes is Empty.
type State int8

const (
	// Empty: no members. Offsets may be committed without any.
	Empty State = iota
	// PreparingRebalance: members are called to join; their joins wait for one another.
	PreparingRebalance
	// CompletingRebalance: a generation has begun; its members' syncs wait for the leader's assignment.
	CompletingRebalance
	// Stable: every member may have its assignment.
	Stable
	// States is how many states there are.
	States
)

// String returns Kafka's name of the state.
func (s State) String() string {
	return [States]string{"Empty", "PreparingRebalance", "CompletingRebalance", "Stable"}[s]
}

// group is the membership of one consumer group. Every method but exit needs mu;
// enter of [Registry] takes it and exit lets it go.
//
// What holds whenever nobody holds mu:
//   - generation never goes down, and changes whenever the set of members that
//     may have an assignment does;
//   - a join waits only while PreparingRebalance, a sync only while CompletingRebalance;
//   - while PreparingRebalance joinBy is set, while members owe a sync syncBy is, and each
//     member without a waiting request has its expiry set: so every wait ends.
type group struct {
	owner *Registry
	name  string

	mu         sync.Mutex // guards everything below
	gone       bool       // out of owner.byName: look again
	state      State
	generation int32 // 0 before the first
	leader     string

	protocolType string // of all members
	protocol     string // chosen for this generation

	members  map[string]*member // by member id
	static   map[string]*member // those with an instance id, by it (KIP-345)
	pending  map[string]*alarm  // member ids that were given out and have not joined yet (KIP-394)
	supports map[string]int     // how many members offer each protocol
	joins    uint64             // members ever added: gives them their order
	joining  int                // members whose join waits
	unsynced int                // members that owe a sync for this generation
	bytes    int                // kept by its members

	joinBy  alarm // while PreparingRebalance: ends the wait for joins
	syncBy  alarm // while members owe a sync: ends the wait for them
	initial initialDelay
}

func newGroup(owner *Registry, name string) *group {
	g := &group{
		owner:    owner,
		name:     name,
		members:  make(map[string]*member),
		static:   make(map[string]*member),
		pending:  make(map[string]*alarm),
		supports: make(map[string]int),
	}
	g.joinBy = alarm{group: g, ring: g.joinsOver}
	g.syncBy = alarm{group: g, ring: g.dropUnsynced}
	return g
}

// exit unlocks the group, and forgets it where nobody is left in it.
func (g *group) exit() {
	if !g.gone && len(g.members) == 0 && len(g.pending) == 0 {
		g.gone = true
		g.owner.forget(g)
	}
	g.mu.Unlock()
}

// disband removes everybody; those who wait get err.
func (g *group) disband(err error) {
	for _, m := range g.members {
		g.remove(m, err)
	}
	for id := range g.pending {
		g.removePending(id)
	}
	g.afterRemoval("the broker stops")
}

// charge accounts for n more bytes (or less) kept by members, or returns why they
// do not fit: ErrGroupFull, which is final, where the group is too large, ErrOverloaded, so that the member
// tries again, where all groups together are. Less never fails.
func (g *group) charge(n int) error {
	if n > 0 && g.bytes+n > maxGroupBytes {
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrGroupFull, g.bytes+n, maxGroupBytes)
	}
	if all := g.owner.bytes.Add(int64(n)); all > maxGroupsBytes && n > 0 {
		g.owner.bytes.Add(int64(-n))
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrOverloaded, all, maxGroupsBytes)
	}
	g.bytes += n
	return nil
}
