package disk

import "fmt"

// checkSize compares a slab with its file, if that is still open. One that another process made may still grow. The
// tier's mu must be held.
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

// Check verifies what must hold inside the tier at any moment: that it counts right, stays
// within its bytes, and that every block lies in one of its files. Tests call it. It does not read the blocks, and
// a nil Tier is in order.
func (d *Tier) Check() error {
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
