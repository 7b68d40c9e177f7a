package simulation

import (
	"context"
	"sync"
)

// cast are the clients of a run.
type cast struct {
	world     *world
	producers []*producer
	admins    []*admin
	reader    *reader
	crew      *crew
	callers   []*caller

	working, consuming      sync.WaitGroup
	stopWork, stopConsuming context.CancelFunc
}

func (w *world) newCast() *cast {
	return &cast{world: w, producers: w.producers(), admins: w.newAdmins(), reader: w.newReader(), crew: w.newCrew(), callers: w.newCallers()}
}

// start sets everybody to work.
func (c *cast) start() {
	var working, consuming context.Context
	working, c.stopWork = context.WithCancel(context.Background())
	consuming, c.stopConsuming = context.WithCancel(context.Background())
	for _, p := range c.producers {
		c.working.Go(func() { p.work(working) })
	}
	for _, a := range c.admins {
		c.working.Go(func() { a.work(working) })
	}
	c.working.Go(func() { (&auditor{c.world}).work(working) })
	for _, one := range c.callers {
		c.working.Go(func() { one.produce(working) })
		c.consuming.Go(func() { one.consume(consuming) })
	}
	c.consuming.Go(func() { c.reader.work(consuming) })
	for _, name := range crewNames {
		c.consuming.Go(func() { c.crew.work(consuming, name) })
	}
}

// finish lets everybody end what they have begun. Nothing is wrong any more, so they get there.
func (c *cast) finish() {
	c.stopWork()
	c.working.Wait()
	for _, p := range c.producers {
		c.working.Go(p.finish)
	}
	for _, a := range c.admins {
		c.working.Go(a.finish)
	}
	c.working.Wait()
	c.world.tell("all is answered")
	c.world.until("the reader has read all", func() bool { return c.reader.atEnd(c.world.engine()) })
	for _, one := range c.callers {
		c.world.until(one.name+" has read all", func() bool { return one.atEnd(c.world.engine()) })
	}
	c.world.until("the group has committed all", func() bool { return c.crew.atEnd(c.world.engine()) })
	if c.world.hasFailed() {
		c.crew.tell(c.world.engine())
	}
	c.stopConsuming()
	c.consuming.Wait()
	c.reader.client.CloseAllowingRebalance()
	for _, one := range c.callers {
		one.hangUp()
	}
	c.crew.check(c.world.engine())
}
