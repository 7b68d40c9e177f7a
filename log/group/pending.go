package group

import "time"

// addPending gives out a member id and remembers it for a session, until its
// client joins with it (KIP-394): a client that asks again and again without reading responses
// leaves no members behind.
func (g *group) addPending(id string, session time.Duration) error {
	if err := g.charge(memberOverhead + len(id)); err != nil {
		return err
	}
	a := &alarm{group: g}
	a.ring = func() {
		g.removePending(id)
		g.afterPending()
	}
	g.pending[id] = a
	a.set(session)
	return nil
}

// removePending forgets an id that was given out, because it was used or is not wanted.
func (g *group) removePending(id string) {
	g.pending[id].off()
	delete(g.pending, id)
	g.charge(-memberOverhead - len(id))
}

// afterPending goes on with a rebalance that waited for a client that was given an id.
func (g *group) afterPending() {
	if g.state == PreparingRebalance && len(g.members) > 0 {
		g.tryComplete()
	}
}
