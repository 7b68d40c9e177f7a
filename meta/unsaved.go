package meta

// unsaved is what has changed since the last TakeChanges. What is touched by every
// commit is a flag on the thing and a list; what is rare is a set of keys. Both
// say only that something changed: what it is now, or that it is gone, is looked up
// when the changes are taken, so that a partition that changed a hundred times is
// written once.
type unsaved struct {
	from       uint64 // Seq when changes were last taken
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
	if !p.changed {
		p.changed = true
		u.partitions = append(u.partitions, p)
	}
}

func (u *unsaved) producer(p *Partition, w *Producer) {
	if !w.changed {
		w.changed = true
		u.producers = append(u.producers, changedProducer{p, w})
	}
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
		from: at, topics: u.topics, offsets: u.offsets, names: u.names,
		partitions: u.partitions[:0], producers: u.producers[:0], segments: u.segments[:0],
	}
}
