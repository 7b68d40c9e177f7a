package simulation

import "sync"

// gate is open or shut; whoever comes while it is shut waits until it opens. The zero value is open. Its
// methods may be called concurrently. It waits on a channel: the clock of a bubble goes on meanwhile.
type gate struct {
	mu   sync.Mutex
	wait chan struct{} // nil while it is open
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.wait == nil {
		g.wait = make(chan struct{})
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.wait != nil {
		close(g.wait)
		g.wait = nil
	}
}

func (g *gate) pass() {
	g.mu.Lock()
	wait := g.wait
	g.mu.Unlock()
	if wait != nil {
		<-wait
	}
}
