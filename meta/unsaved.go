package meta

// unsaved is what has changed since the last TakeChanges. What is touched by every
// commit is a flag on the thing and a list; what is rare is a set of keys. Both
// say only that something changed: what it is now, or that it is gone, is looked up
// when the changes are taken, so that a partition that changed a hundred times is
// written once, and so that what is collected is never more than the state is.
//
// Nothing is collected while there is no file to write it to.
type unsaved struct {
	collecting bool
	from       uint64 // Seq when changes were last taken
	extents    int    // new ones, of all partitions
	partitions []*Partition
	producers  []changedProducer
	forgotten  []producerKey
	segments   []uint64
	topics     map[TopicID]struct{}
	deleted    []TopicID // topics whose keys go, even if the id came back since
	offsets    map[offsetKey]struct{}
	names      map[string]struct{}
}

type changedProducer struct {
	partition *Partition
	producer  *Producer
}

type producerKey struct {
	partition PartitionID
	id        int64
}

type offsetKey struct {
	group     string
	partition PartitionID
}

func newUnsaved() unsaved {
	return unsaved{
		topics:  make(map[TopicID]struct{}),
		offsets: make(map[offsetKey]struct{}),
		names:   make(map[string]struct{}),
	}
}

func (u *unsaved) partition(p *Partition) {
	if u.collecting && !p.changed {
		p.changed = true
		u.partitions = append(u.partitions, p)
	}
}

// extent notes that the partition's last extent is new.
func (u *unsaved) extent(p *Partition) {
	if u.collecting {
		u.partition(p)
		u.extents++
		p.Extents.unsaved++
	}
}

// trim notes that extents were dropped, which bbolt may have.
func (u *unsaved) trim(p *Partition) {
	if u.collecting {
		u.partition(p)
		p.Extents.trimmed = true
	}
}

func (u *unsaved) producer(p *Partition, w *Producer) {
	if u.collecting && !w.changed {
		w.changed = true
		u.producers = append(u.producers, changedProducer{p, w})
	}
}

func (u *unsaved) forget(p PartitionID, id int64) {
	if u.collecting {
		u.forgotten = append(u.forgotten, producerKey{p, id})
	}
}

func (u *unsaved) segment(id uint64) {
	if u.collecting {
		u.segments = append(u.segments, id)
	}
}

func (u *unsaved) topic(id TopicID) {
	if u.collecting {
		u.topics[id] = struct{}{}
	}
}

func (u *unsaved) deleteTopic(id TopicID) {
	if u.collecting {
		u.deleted = append(u.deleted, id)
	}
}

func (u *unsaved) offset(group string, p PartitionID) {
	if u.collecting {
		u.offsets[offsetKey{group, p}] = struct{}{}
	}
}

func (u *unsaved) name(name string) {
	if u.collecting {
		u.names[name] = struct{}{}
	}
}

// count is about how many pairs of the file have changed.
func (u *unsaved) count() int {
	return u.extents + len(u.partitions) + len(u.producers) + len(u.forgotten) + len(u.segments) +
		len(u.topics) + len(u.deleted) + len(u.offsets) + len(u.names)
}

// clear forgets everything, and keeps the room of the lists for the next round.
func (u *unsaved) clear(at uint64) {
	for _, p := range u.partitions {
		p.changed = false
		p.Extents.saved()
	}
	for _, c := range u.producers {
		c.producer.changed = false
	}
	clear(u.partitions) // let go of deleted ones
	clear(u.producers)
	clear(u.topics)
	clear(u.offsets)
	clear(u.names)
	*u = unsaved{
		collecting: u.collecting, from: at, topics: u.topics, offsets: u.offsets, names: u.names,
		partitions: u.partitions[:0], producers: u.producers[:0], segments: u.segments[:0],
	}
}

// collect makes the state collect its changes from now on, against what it is now.
func (s *State) collect() {
	s.unsaved.clear(s.Seq)
	s.unsaved.collecting = true
}

// StopCollecting forgets all changes and collects no more of them, until a file is
// written anew. No commit and no other taker may run beside it; readers may.
func (s *State) StopCollecting() {
	s.unsaved.clear(s.Seq)
	s.unsaved = newUnsaved()
}

// Unsaved is about how many pairs of the file have changed since the changes were last
// taken; 0 while they are not collected. No commit may run beside it.
func (s *State) Unsaved() int { return s.unsaved.count() }
