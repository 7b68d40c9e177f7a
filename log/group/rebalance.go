package group

import (
	"math"
	"time"
)

// initialDelay is the first rebalance of an empty group: it waits a little for
// more members, and again while they keep coming, up to the rebalance timeout (KIP-134).
type initialDelay struct {
	on       bool
	arrivals bool          // somebody has come since joinBy was set
	left     time.Duration // how much longer it may wait after this time
}

// rebalance begins a rebalance, or goes on with the one that is under way.
func (g *group) rebalance(reason string) {
	if g.state == PreparingRebalance {
		g.tryComplete()
		return
	}
	g.prepareRebalance(reason)
}

// afterRemoval goes on when members have been removed: with a rebalance of those who are
// left, or with none.
func (g *group) afterRemoval(reason string) {
	if len(g.members) == 0 {
		g.becomeEmpty()
		return
	}
	g.rebalance(reason)
}

// prepareRebalance calls all members to join. Those that wait for an assignment are told so
// at once, the others by their next heartbeat.
func (g *group) prepareRebalance(reason string) {
	for _, m := range g.members {
		g.clearSync(m)
		if m.sync != nil {
			g.resolveSync(m, Assignment{}, ErrRebalanceInProgress)
			g.extendSession(m)
		}
	}
	g.owner.log.Debug("group rebalances", "group", g.name, "generation", g.generation, "members", len(g.members), "reason", reason)
	delay := g.owner.o.InitialRebalanceDelay
	g.initial = initialDelay{on: g.state == Empty && delay > 0}
	g.state = PreparingRebalance
	if g.initial.on {
		g.initial.left = max(0, g.rebalanceTimeout()-delay)
		g.joinBy.set(delay)
		return
	}
	g.joinBy.set(g.rebalanceTimeout())
	g.tryComplete()
}

// rebalanceTimeout is that of the member which asks for the most.
func (g *group) rebalanceTimeout() time.Duration {
	d := minRebalanceTimeout
	for _, m := range g.members {
		d = max(d, m.rebalance)
	}
	return d
}

func (g *group) tryComplete() {
	if !g.initial.on && g.joining == len(g.members) && len(g.pending) == 0 {
		g.completeRebalance()
	}
}

func (g *group) joinsOver() {
	if g.initial.on && g.initial.arrivals && g.initial.left > 0 {
		d := min(g.owner.o.InitialRebalanceDelay, g.initial.left)
		g.initial.arrivals = false
		g.initial.left -= d
		g.joinBy.set(d)
		return
	}
	g.completeRebalance()
}

// completeRebalance begins a generation with those who have joined. Static members stay
// in it until their session ends, joined or not; others that did not join are out.
func (g *group) completeRebalance() {
	g.initial.on = false
	for _, m := range g.members {
		if m.join == nil && m.instance == nil {
			g.remove(m, ErrUnknownMember)
		}
	}
	switch {
	case len(g.members) == 0:
		g.becomeEmpty()
		return
	case g.joining == 0: // only silent static members: until one comes, or their sessions end
		g.joinBy.set(g.rebalanceTimeout())
		return
	}
	g.joinBy.off()
	all := g.ordered()
	g.chooseLeader(all)
	g.nextGeneration()
	g.protocol = g.chooseProtocol()
	g.state = CompletingRebalance
	for _, m := range all {
		if m.join == nil {
			continue
		}
		g.resolveJoin(m, g.joined(m), nil)
		m.knowsID, m.isNew, m.owesSync = true, false, true
		g.unsynced++
		g.extendSession(m)
	}
	g.syncBy.set(g.rebalanceTimeout())
}

// chooseLeader makes the eldest of those who have joined the leader, unless the one before has joined.
func (g *group) chooseLeader(all []*member) {
	if old := g.members[g.leader]; old != nil && old.join != nil {
		return
	}
	for _, m := range all {
		if m.join != nil {
			g.leader = m.id
			return
		}
	}
}

// nextGeneration begins a new generation.
func (g *group) nextGeneration() {
	if g.generation == math.MaxInt32 {
		g.generation = 0
	}
	g.generation++
	g.owner.rebalances.Add(1)
}

func (g *group) becomeEmpty() {
	if g.state == Empty {
		return
	}
	g.joinBy.off()
	g.initial.on = false
	g.nextGeneration()
	g.state, g.leader, g.protocol, g.protocolType = Empty, "", "", ""
}

// chooseProtocol returns the protocol that most members prefer among those that all of
// them offer. There always is one: nobody gets in without sharing one. A tie goes to the one first voted for
// by the eldest member.
func (g *group) chooseProtocol() string {
	votes, best := make(map[string]int), ""
	all := g.ordered()
	for _, m := range all {
		votes[g.vote(m)]++
	}
	for _, m := range all {
		if v := g.vote(m); best == "" || votes[v] > votes[best] {
			best = v
		}
	}
	return best
}

func (g *group) vote(m *member) string {
	for _, p := range m.protocols {
		if g.supports[p.Name] == len(g.members) {
			return p.Name
		}
	}
	return ""
}

// dropUnsynced removes the members that did not sync in time: the others must not
// wait for an assignment from a leader that is gone.
func (g *group) dropUnsynced() {
	for _, m := range g.members {
		if m.owesSync {
			g.owner.expired.Add(1)
			g.remove(m, ErrUnknownMember)
		}
	}
	g.afterRemoval("members did not sync in time")
}
