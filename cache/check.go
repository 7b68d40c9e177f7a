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
	return errors.Join(c.memory.check(), c.checkLanesLocked(), c.disk.check())
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

// checkSize compares a slab with its file, if that is still open. One that another process made may still grow.
func (s *slab) checkSize(closed bool) error {
	if closed || !s.made {
		return nil
	}
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() > s.bytes {
		return fmt.Errorf("cache file %s has %d bytes, counted with %d", s.name, info.Size(), s.bytes)
	}
	return nil
}

func (d *disk) check() error {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off && (len(d.index) > 0 || len(d.slabs) > 0 || d.bytes != 0) {
		return fmt.Errorf("disk tier is off but holds %d blocks, %d files, %d bytes", len(d.index), len(d.slabs), d.bytes)
	}
	sum, held := int64(0), make(map[*slab]bool)
	for _, s := range d.slabs {
		sum += s.bytes
		held[s] = true
		if err := s.checkSize(d.closing); err != nil {
			return err
		}
	}
	if sum != d.bytes || sum > d.limitBytes {
		return fmt.Errorf("disk tier counts %d bytes, holds %d, may hold %d", d.bytes, sum, d.limitBytes)
	}
	for id, p := range d.index {
		if !held[p.slab] || int64(p.position)+int64(p.length) > p.slab.bytes {
			return fmt.Errorf("block %x lies outside the disk tier", id)
		}
	}
	waiting := int64(0)
	for _, b := range d.pending {
		waiting += b.key.Length
	}
	if waiting != d.waiting || waiting > maxPendingBytes {
		return fmt.Errorf("%d bytes wait to be written, counted %d", waiting, d.waiting)
	}
	return nil
}
