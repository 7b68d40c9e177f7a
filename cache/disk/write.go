package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// Put hands a block to the writer, which has its bytes from now on and only reads them, and never waits: when
// too much waits already, the block is dropped. So is one that is too large, that the tier holds already, or that comes
// when it is off or closing. stored has k.Length bytes. On a nil Tier it does nothing.
func (d *Tier) Put(k Key, stored []byte) {
	if d == nil || emptySlabBytes+entryBytes+recordBytes(k) > min(d.limitBytes/maxBlockShare, maxSlabBytes) {
		return
	}
	id := digestOf(k)
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.index[id]; ok || d.off || d.closing {
		return
	}
	if d.waiting+k.Length > maxPendingBytes {
		d.dropped++
		return
	}
	d.pending = append(d.pending, pendingBlock{k, stored})
	d.waiting += k.Length
	d.change.Broadcast()
}

// write is the writer: it writes the blocks that wait until the tier is closed
// and nothing waits any more, or it is off.
func (d *Tier) write() {
	var record []byte
	for {
		b, ok := d.nextPending()
		if !ok {
			break
		}
		record = appendRecord(record[:0], b.key, b.stored)
		switch err := d.writeRecord(b.key, record); {
		case err == nil:
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE): // it passes
			d.countDropped()
		default:
			d.turnOff(fmt.Errorf("writing block %s: %w", b.key, err))
		}
		if cap(record) > 4<<20 {
			record = nil // let go of giants
		}
	}
	if err := d.finishActive(); err != nil {
		d.turnOff(err)
	}
}

// countDropped counts a block that the writer could not write.
func (d *Tier) countDropped() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dropped++
}

// Flush waits until what was handed to the writer is written or given up. What is handed over meanwhile is waited for, too.
func (d *Tier) Flush() {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.pending) > 0 || d.writing { // also when it is off: the writer tells the events after that
		d.change.Wait()
	}
}

// nextPending waits for a block to write, and says that the last one is done. It returns false when the writer shall end.
func (d *Tier) nextPending() (pendingBlock, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writing = false
	d.change.Broadcast()
	for len(d.pending) == 0 {
		if d.off || d.closing {
			return pendingBlock{}, false
		}
		d.change.Wait()
	}
	b := d.pending[0]
	d.pending[0] = pendingBlock{} // the array outlives the block
	d.pending = d.pending[1:]
	d.waiting -= b.key.Length
	d.writing = true
	return b, true
}

// writeRecord appends a block to the active slab, in steps. A crash after any of them leaves
// a slab whose whole records are found by scanning it.
func (d *Tier) writeRecord(k Key, record []byte) error {
	need := int64(len(record)) + entryBytes

	// 1. A slab that would grow too large is finished.
	if d.active != nil && d.active.bytes+need > d.slabBytes {
		if err := d.finishActive(); err != nil {
			return err
		}
	}
	// 2. The tier never takes more than its bytes, not for a moment.
	if d.active == nil {
		need += emptySlabBytes
	}
	if err := d.makeRoom(need); err != nil {
		return err
	}
	if d.active == nil {
		if err := d.startActive(); err != nil {
			return err
		}
		need -= emptySlabBytes
	}
	// 3. The bytes.
	e, ok := d.reserve(k, need)
	if !ok {
		return nil
	}
	if _, err := d.active.file.WriteAt(record, int64(e.position)); err != nil {
		return err
	}
	// 4. Readers see it.
	d.publish(e)
	return nil
}

// reserve counts the bytes of a record in the active slab before they are written: need is the record and its entry.
// It returns false if the block came in the meantime or the tier is off.
func (d *Tier) reserve(k Key, need int64) (entry, bool) {
	id := digestOf(k)
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.index[id]; ok || d.off {
		return entry{}, false
	}
	s := d.active
	position := s.bytes - emptySlabBytes - int64(len(s.entries))*entryBytes + headerBytes
	s.bytes += need
	d.bytes += need
	e := entry{id, uint32(position), uint32(need - entryBytes)}
	s.entries = append(s.entries, e)
	return e, true
}

// publish makes a record that is written visible to readers.
func (d *Tier) publish(e entry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return
	}
	d.active.lastUse = d.tickLocked()
	d.index[e.digest] = place{d.active, e.position, e.length}
	d.writes++
}

// startActive makes a new slab. Names that are taken, by whomever, are stepped over: another process may write to
// the same folder.
func (d *Tier) startActive() error {
	for {
		d.mu.Lock()
		seq := d.nextSeq
		d.nextSeq++
		d.mu.Unlock()
		f, err := d.folder.create(slabName(seq))
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		d.mu.Lock()
		s := &slab{name: slabName(seq), seq: seq, file: f, bytes: emptySlabBytes, lastUse: d.tickLocked(), used: true, made: true, refs: 1}
		s.dead = d.off
		d.active = s
		if !d.off {
			d.addSlabLocked(s)
		}
		d.mu.Unlock()
		_, err = f.WriteAt(appendHeader(nil), 0)
		return err
	}
}

// finishActive writes the index of the active slab, from then on a slab like the others. Without one it does nothing.
func (d *Tier) finishActive() error {
	d.mu.Lock()
	s, off := d.active, d.off
	d.active = nil
	d.mu.Unlock()
	if s == nil {
		return nil
	}
	defer d.release(s)
	if off {
		return nil
	}
	_, err := s.file.WriteAt(appendIndex(nil, s.entries), s.bytes-trailerBytes-int64(len(s.entries))*entryBytes)
	return err
}

// makeRoom gives up the slabs whose last use is the longest ago until there is room for bytes more, and for one
// more file. An event is told for each, without the lock.
func (d *Tier) makeRoom(bytes int64) error {
	for {
		victim, last := d.evict(bytes)
		if victim == nil {
			return nil
		}
		if err := d.remove(victim.name); err != nil {
			return err
		}
		if last {
			_ = victim.file.Close()
		}
		if d.events.Evict != nil {
			d.events.Evict(victim.bytes)
		}
	}
}

// evict takes one slab out of the index, if there is no room without that. It says
// whether nobody uses its file any more.
func (d *Tier) evict(bytes int64) (victim *slab, last bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bytes+bytes <= d.limitBytes && len(d.slabs) < MaxFiles {
		return nil, false
	}
	at := -1
	for i, s := range d.slabs {
		if s != d.active && (victim == nil || s.lastUse < victim.lastUse) {
			victim, at = s, i
		}
	}
	if victim == nil {
		return nil, false
	}
	for _, e := range victim.entries {
		if d.index[e.digest].slab == victim {
			delete(d.index, e.digest)
		}
	}
	d.slabs[at] = d.slabs[len(d.slabs)-1]
	d.slabs = d.slabs[:len(d.slabs)-1]
	d.bytes -= victim.bytes
	d.evicted++
	victim.dead = true
	return victim, victim.refs == 0
}

// remove deletes a file of ours.
func (d *Tier) remove(name string) error {
	err := d.folder.remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
