package kafka

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
)

// groupState is where a group stands in the classic group protocol.
//
//	Empty ──join──▶ PreparingRebalance ──all joined, or time is up──▶ CompletingRebalance
//	                      ▲     ▲                                            │      │
//	                      │     └──── join, leave, expiry, no sync in time ──┘      │
//	                      └──────────── join, leave, expiry ───────── Stable ◀──────┘
//	                                                                        leader's sync
//
// From every state a group whose last member goes is Empty.
type groupState int8

const (
	// groupEmpty: no members. Offsets may be committed without any.
	groupEmpty groupState = iota
	// groupPreparing: members are called to join; their joins wait for one another.
	groupPreparing
	// groupCompleting: a generation has begun; its members' syncs wait for the leader's assignment.
	groupCompleting
	// groupStable: every member may have its assignment.
	groupStable
	groupStates
)

func (s groupState) String() string {
	return [groupStates]string{"Empty", "PreparingRebalance", "CompletingRebalance", "Stable"}[s]
}

// groupDead is what describing calls a group that does not exist.
const groupDead = "Dead"

// consumerProtocol is the protocol type whose subscriptions the broker can read.
const consumerProtocol = "consumer"

// group is the membership of one consumer group. Every method but exit needs mu;
// enter of [groups] takes it and exit lets it go.
//
// What holds whenever nobody holds mu:
//   - generation never goes down, and changes whenever the set of members that
//     may have an assignment does;
//   - a join waits only while Preparing, a sync only while Completing;
//   - while Preparing the barrier is set, while Completing syncBy is, and each member
//     without a waiting request has its expiry set: so every wait ends.
type group struct {
	owner *groups
	name  string

	mu         sync.Mutex // guards everything below
	gone       bool       // out of owner.byName: look again
	state      groupState
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

	barrier alarm // while Preparing: ends the wait for joins
	syncBy  alarm // while members owe a sync: ends the wait for them
	initial initialDelay
}

func newGroup(owner *groups, name string) *group {
	g := &group{
		owner:    owner,
		name:     name,
		members:  make(map[string]*member),
		static:   make(map[string]*member),
		pending:  make(map[string]*alarm),
		supports: make(map[string]int),
	}
	g.barrier = alarm{group: g, ring: g.barrierOver}
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

// disband removes everybody, answering those who wait with code.
func (g *group) disband(code int16) {
	for _, m := range g.members {
		g.remove(m, code)
	}
	for id := range g.pending {
		g.uninvite(id)
	}
	g.settle("the broker stops")
}

// charge accounts for n more bytes (or less) kept by members, or returns an
// error code where they do not fit: one that the member takes as final where its group is too
// large, one that makes it try again where all groups together are.
func (g *group) charge(n int) int16 {
	if n > 0 && g.bytes+n > maxGroupBytes {
		return kerr.GroupMaxSizeReached.Code
	}
	if g.owner.bytes.Add(int64(n)) > maxGroupsBytes && n > 0 {
		g.owner.bytes.Add(int64(-n))
		return kerr.CoordinatorNotAvailable.Code
	}
	g.bytes += n
	return 0
}
