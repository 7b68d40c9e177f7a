package cache

import (
	"errors"
	"fmt"
)

// Check verifies what must hold inside a cache at any moment: that both tiers count
// right and stay within their bytes, and that every block on its way is on its way
// somewhere. Tests call it; it reads every entry and blocks the cache meanwhile.
func (c *Cache) Check() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.memory.check(), c.checkLanesLocked(), c.disk.Check())
}

func (m *memory) check() error {
	sum := int64(0)
	for _, block := range m.blocks.Values() {
		sum += cost(block)
	}
	if sum != m.bytes || sum > m.limitBytes {
		return fmt.Errorf("memory tier counts %d bytes, holds %d, may hold %d", m.bytes, sum, m.limitBytes)
	}
	return nil
}

func (c *Cache) checkLanesLocked() error {
	waiting := 0
	for _, l := range []*lane{&c.reads, &c.wanted, &c.ahead} {
		patient := 0
		for e := l.patient.Front(); e != nil; e = e.Next() {
			patient += len(e.Value.(*span).calls)
		}
		if patient != l.patientKeys || l.running > l.limit || l.running < 0 || l.running == 0 && l.runningBytes != 0 {
			return fmt.Errorf("lane counts %d blocks that wait, holds %d; runs %d spans of %d bytes, may run %d",
				l.patientKeys, patient, l.running, l.runningBytes, l.limit)
		}
		if l.running > 1 && l.runningBytes > l.limitBytes {
			return fmt.Errorf("lane loads %d bytes, may load %d", l.runningBytes, l.limitBytes)
		}
		waiting += patient
		for e := l.urgent.Front(); e != nil; e = e.Next() {
			waiting += len(e.Value.(*span).calls)
		}
	}
	if waiting > len(c.inFlight) {
		return fmt.Errorf("%d blocks wait, %d are in flight", waiting, len(c.inFlight))
	}
	for k, cl := range c.inFlight {
		if _, ok := c.memory.blocks.Peek(k); ok || cl.key != k {
			return fmt.Errorf("block %s is in flight as %s; in memory: %t", k, cl.key, ok)
		}
	}
	return nil
}
