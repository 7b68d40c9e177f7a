package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"
)

// Limits of the disk tier.
const (
	// slabsPerDisk is how finely the tier gives up old blocks: a sixty-fourth at a
	// time. A file holds many blocks, because a block may be as small as 1 KiB: as files of
	// their own, a million blocks would cost more in names than in bytes.
	slabsPerDisk = 64
	// maxSlabBytes keeps positions within 32 bits and bounds what a crash leaves to be scanned.
	maxSlabBytes = 1 << 30
	// MaxFiles bounds the open files, however often the process is restarted (each start begins a new slab).
	MaxFiles = 256
	// maxPendingBytes bounds the blocks that wait to be written; more are dropped.
	maxPendingBytes = 32 << 20
	// maxBlockShare keeps one block from emptying the tier: it gets a quarter at most.
	maxBlockShare = 4
)

var (
	// ErrMissing reports a block that the tier does not hold, or no longer.
	ErrMissing = errors.New("not on disk")
	// ErrCorrupt reports a block or a file that is damaged.
	ErrCorrupt = errors.New("corrupt block file")
)

// Tier keeps stored blocks in slabs, with an index of them in memory and one writer in
// the background. A nil Tier holds nothing: Has says no, and then nobody calls Read or Forget on it. All methods may be
// called concurrently; none but Read, Flush and Close waits for the disk, so they may be called under a lock.
//
// Slabs are only ever appended to by the process that made them. So a second process on
// the same folder does no harm beyond its bytes.
type Tier struct {
	folder     folder
	limitBytes int64
	slabBytes  int64
	events     Events
	writer     sync.WaitGroup
	closeOnce  sync.Once

	mu      sync.Mutex
	change  sync.Cond // of pending, writing and closing
	index   map[digest]place
	slabs   []*slab
	bytes   int64  // of all slabs, finished; never above limitBytes
	nextSeq uint64 // above that of every slab there is
	clock   int64  // the newest lastUse
	off     bool
	closing bool
	writing bool // the writer has a block that is not in pending any more
	pending []pendingBlock
	waiting int64 // bytes in pending

	// See [Stats].
	writes, dropped, evicted int64

	// active is the slab that grows, or nil. Only the writer uses it and sets it,
	// under mu; it holds a ref on it.
	active *slab
}

// place says where a block lies: a record in a slab. Length is that of the whole record.
type place struct {
	slab             *slab
	position, length uint32
}

// pendingBlock is a block that waits for the writer.
type pendingBlock struct {
	key    Key
	stored []byte
}

// Open takes up what an earlier process left in the folder, which is made if need be,
// and keeps its files within limitBytes. Other files in it are left alone. A folder
// that cannot be made or listed is an error; one that fails later turns the tier off,
// see [Events].Off. It reads the index of every slab, and starts a goroutine, which Close ends.
func Open(path string, limitBytes int64, events Events) (*Tier, error) {
	f, err := openFolder(path)
	if err != nil {
		return nil, err
	}
	return openTier(f, limitBytes, events)
}

// openTier takes up the slabs in a folder and starts the writer. It owns the folder.
func openTier(f folder, limitBytes int64, events Events) (*Tier, error) {
	d := &Tier{
		folder:     f,
		limitBytes: limitBytes,
		slabBytes:  min(limitBytes/slabsPerDisk, maxSlabBytes),
		events:     events,
		index:      make(map[digest]place),
	}
	d.change.L = &d.mu
	names, err := f.list()
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	if err := d.recover(names); err != nil {
		d.turnOff(err)
	}
	d.writer.Go(d.write)
	return d, nil
}

// recover opens the slabs among names and gives up the oldest that are over the limits. It runs before anybody else
// has the tier.
func (d *Tier) recover(names []string) error {
	slices.Sort(names) // by age: of a block that is there twice the newer one counts
	for _, name := range names {
		seq, ok := slabSeq(name)
		if !ok {
			continue
		}
		d.nextSeq = max(d.nextSeq, seq+1)
		if err := d.recoverSlab(name, seq); err != nil {
			return fmt.Errorf("cache file %s: %w", name, err)
		}
		if err := d.makeRoom(0); err != nil { // at once: there may be more files than can be open
			return err
		}
	}
	return nil
}

// recoverSlab takes one file up. One that is damaged or empty is removed, one that is not ours is left alone, and
// one that is gone by now, as another process may have given it up, is passed over.
func (d *Tier) recoverSlab(name string, seq uint64) error {
	f, err := d.folder.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	info, err := probe(f)
	var entries []entry
	if err == nil {
		entries, err = readEntries(f, info.Size())
	}
	switch {
	case errors.Is(err, errForeign):
		return f.Close()
	case errors.Is(err, ErrCorrupt), err == nil && len(entries) == 0:
		return errors.Join(f.Close(), d.remove(name))
	case err != nil:
		return errors.Join(err, f.Close())
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s := &slab{name: name, seq: seq, file: f, entries: entries, bytes: info.Size(), lastUse: info.ModTime().UnixNano()}
	d.clock = max(d.clock, s.lastUse)
	d.addSlabLocked(s)
	for _, e := range entries {
		d.index[e.digest] = place{s, e.position, e.length}
	}
	return nil
}

// addSlabLocked counts a slab in. d.mu must be held.
func (d *Tier) addSlabLocked(s *slab) {
	d.slabs = append(d.slabs, s)
	d.bytes += s.bytes
}

// Has says whether a block is likely there: it may be given up before it is read, or turn out to be damaged.
func (d *Tier) Has(k Key) bool {
	if d == nil {
		return false
	}
	id := digestOf(k)
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.index[id]
	return ok
}

// Read returns the stored bytes of a block, which are the caller's. It returns ErrCorrupt for a
// block that is damaged, which is then forgotten, and ErrMissing. The block itself is not
// checked: that is for who knows its checksum, and calls Forget.
func (d *Tier) Read(k Key) ([]byte, error) {
	id := digestOf(k)
	d.mu.Lock()
	p, ok := d.index[id]
	if !ok {
		d.mu.Unlock()
		return nil, ErrMissing
	}
	p.slab.refs++
	p.slab.used = true
	p.slab.lastUse = d.tickLocked()
	d.mu.Unlock()
	defer d.release(p.slab)

	if int64(p.length) != recordBytes(k) { // checked before it is allocated
		d.Forget(k)
		return nil, fmt.Errorf("%w: record of %d bytes", ErrCorrupt, p.length)
	}
	record := make([]byte, p.length)
	n, err := p.slab.file.ReadAt(record, int64(p.position))
	switch {
	case n == len(record):
	case errors.Is(err, io.EOF):
		d.Forget(k)
		return nil, fmt.Errorf("%w: %s ends early", ErrCorrupt, p.slab.name)
	default:
		d.turnOff(err)
		return nil, ErrMissing
	}
	stored, err := storedBlock(record, k)
	if err != nil {
		d.Forget(k)
	}
	return stored, err
}

// tickLocked returns the time in nanoseconds since 1970, later than ever before whatever the clock does, so that no two
// uses are equally old. d.mu must be held.
func (d *Tier) tickLocked() int64 {
	d.clock = max(d.clock+1, time.Now().UnixNano())
	return d.clock
}

// Forget takes a damaged block out of the index. Its bytes go with its slab; found
// again after a restart, it loses against the good copy in a newer slab.
func (d *Tier) Forget(k Key) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.index, digestOf(k))
}

// release lets go of a slab's file, and closes it where it was given up and nobody else has it.
func (d *Tier) release(s *slab) {
	d.mu.Lock()
	s.refs--
	last := s.dead && s.refs == 0
	d.mu.Unlock()
	if last {
		_ = s.file.Close() // given up: there is nothing to lose
	}
}

// turnOff gives the tier up. Its files stay, for the next start may find the disk mended. Off is told once, outside
// the lock.
func (d *Tier) turnOff(err error) {
	if idle, first := d.drop(); first {
		for _, s := range idle {
			_ = s.file.Close()
		}
		if d.events.Off != nil {
			d.events.Off(err)
		}
	}
}

// drop empties the tier. It returns the slabs that nobody uses, to be closed; those in use are closed by who lets
// go of them last. first is false where it was off before.
func (d *Tier) drop() (idle []*slab, first bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return nil, false
	}
	d.off = true
	for _, s := range d.slabs {
		s.dead = true
		if s.refs == 0 {
			idle = append(idle, s)
		}
	}
	clear(d.index)
	d.slabs, d.bytes, d.pending, d.waiting = nil, 0, nil, 0
	d.change.Broadcast()
	return idle, true
}

// Close writes what waits, finishes the slab that grows, and closes all files. What was written is synced by nobody: it is
// a cache, and a crash of the machine may cost it blocks. No Read may be under way or follow. A second Close does nothing.
func (d *Tier) Close() error {
	if d == nil {
		return nil
	}
	var err error
	d.closeOnce.Do(func() {
		d.mu.Lock()
		d.closing = true
		d.change.Broadcast()
		d.mu.Unlock()
		d.writer.Wait()

		d.mu.Lock()
		slabs := d.slabs
		d.mu.Unlock()
		for _, s := range slabs {
			if s.used { // the order of use is a hint: an error costs nothing else
				_ = d.folder.touch(s.name, time.Unix(0, s.lastUse))
			}
			err = errors.Join(err, s.file.Close())
		}
		err = errors.Join(err, d.folder.close())
	})
	return err
}
