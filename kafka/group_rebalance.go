package kafka

import (
	"math"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// initialDelay is the first rebalance of an empty group: it waits a little for
// more members, and again while they keep coming, up to the rebalance timeout (KIP-134).
type initialDelay struct {
	on       bool
	arrivals bool          // somebody has come since the barrier was set
	left     time.Duration // how much longer it may wait after this time
}

// regroup begins a rebalance, or goes on with the one that is under way.
func (g *group) regroup(reason string) {
	if g.state == groupPreparing {
		g.tryComplete()
		return
	}
	g.prepare(reason)
}

// settle is called when members have been removed.
func (g *group) settle(reason string) {
	if len(g.members) == 0 {
		g.becomeEmpty()
		return
	}
	g.regroup(reason)
}

// prepare calls all members to join. Those that wait for an assignment are told so
// at once, the others by their next heartbeat.
func (g *group) prepare(reason string) {
	for _, m := range g.members {
		g.synced(m)
		if m.sync != nil {
			g.answerSync(m, syncAnswer{code: kerr.RebalanceInProgress.Code})
			g.touch(m)
		}
	}
	g.owner.log.Debug("group rebalances", "group", g.name, "generation", g.generation, "members", len(g.members), "reason", reason)
	delay := g.owner.o.InitialRebalanceDelay
	g.initial = initialDelay{on: g.state == groupEmpty && delay > 0}
	g.state = groupPreparing
	if g.initial.on {
		g.initial.left = max(0, g.rebalanceTimeout()-delay)
		g.barrier.set(delay)
		return
	}
	g.barrier.set(g.rebalanceTimeout())
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
		g.complete()
	}
}

func (g *group) barrierOver() {
	if g.initial.on && g.initial.arrivals && g.initial.left > 0 {
		d := min(g.owner.o.InitialRebalanceDelay, g.initial.left)
		g.initial.arrivals = false
		g.initial.left -= d
		g.barrier.set(d)
		return
	}
	g.complete()
}

// complete begins a generation with those who have joined. Static members stay
// in it until their session ends, joined or not; others that did not join are out.
func (g *group) complete() {
	g.initial.on = false
	for _, m := range g.members {
		if m.join == nil && m.instance == nil {
			g.remove(m, kerr.UnknownMemberID.Code)
		}
	}
	switch {
	case len(g.members) == 0:
		g.becomeEmpty()
		return
	case g.joining == 0: // only silent static members: until one comes, or their sessions end
		g.barrier.set(g.rebalanceTimeout())
		return
	}
	g.barrier.off()
	all := g.ordered()
	g.lead(all)
	g.begin()
	g.protocol = g.elect()
	g.state = groupCompleting
	for _, m := range all {
		if m.join == nil {
			continue
		}
		g.answerJoin(m, g.place(m))
		m.told, m.fresh, m.owes = true, false, true
		g.unsynced++
		g.touch(m)
	}
	g.syncBy.set(g.rebalanceTimeout())
}

// lead makes the eldest of those who have joined the leader, unless the leader has.
func (g *group) lead(all []*member) {
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

// begin counts a new generation.
func (g *group) begin() {
	if g.generation == math.MaxInt32 {
		g.generation = 0
	}
	g.generation++
	g.owner.rebalances.Add(1)
}

func (g *group) becomeEmpty() {
	if g.state == groupEmpty {
		return
	}
	g.barrier.off()
	g.initial.on = false
	g.begin()
	g.state, g.leader, g.protocol, g.protocolType = groupEmpty, "", "", ""
}

// elect returns the protocol that most members prefer among those that all of
// them offer. There always is one: nobody gets in without sharing one. A tie goes to the one first voted for
// by the eldest member.
func (g *group) elect() string {
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
		if m.owes {
			g.owner.expired.Add(1)
			g.remove(m, kerr.UnknownMemberID.Code)
		}
	}
	g.settle("members did not sync in time")
}
