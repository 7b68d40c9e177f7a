package meta

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
)

// TopicID identifies a topic for good: a topic that is deleted and created
// again under the same name gets another one (KIP-516). It is a random UUID.
type TopicID [16]byte

// PartitionID names one partition of one topic.
type PartitionID struct {
	Topic TopicID
	Index int32
}

// Compare orders partitions by the bytes of their topic's id, then by index. It is
// below 0 where p comes first, 0 where both are one.
func (p PartitionID) Compare(other PartitionID) int {
	return cmp.Or(bytes.Compare(p.Topic[:], other.Topic[:]), cmp.Compare(p.Index, other.Index))
}

// State is the broker's metadata: a pure function of the journal. It has no
// lock of its own: what applies a commit needs exclusive access, every other method may
// run beside other readers. TakeChanges may, too, but not beside the steps of a commit.
type State struct {
	Cluster [16]byte // cluster id; the zero value means an empty state
	Epoch   uint32   // journal epoch under which the next commit is written
	Seq     uint64   // sequence number of the last applied commit; 0 before the first
	// SeqEpoch is the epoch under whose keys the commit Seq was written; it
	// differs from Epoch right after a seal.
	SeqEpoch uint32
	Time     int64 // the latest commit time seen, milliseconds since 1970

	nextProducer int64 // the producer id that is given next; ids begin at 1 and are never given twice
	lastExpiry   int64 // Time when producers were last looked through
	topics       map[TopicID]*Topic
	byName       map[string]*Topic
	alike        alike
	ordered      topicList // all topics
	segments     []Segment // ascending by ID
	groups       map[string]map[PartitionID]GroupOffset
	names        map[string]namedProducer
	usage        Usage // but for what is the length of a map
	unsaved      unsaved
	applying     bool // in the middle of a commit
}

// NewState returns the state before the first commit.
func NewState() *State {
	return &State{
		nextProducer: 1,
		topics:       make(map[TopicID]*Topic),
		byName:       make(map[string]*Topic),
		alike:        make(alike),
		groups:       make(map[string]map[PartitionID]GroupOffset),
		names:        make(map[string]namedProducer),
		unsaved:      newUnsaved(),
	}
}

// TopicByName returns a topic, or nil. A topic and its partitions may be read as
// long as the state may.
func (s *State) TopicByName(name string) *Topic { return s.byName[name] }

// TopicByID returns a topic, or nil.
func (s *State) TopicByID(id TopicID) *Topic { return s.topics[id] }

// Topics yields all topics, ascending by name.
func (s *State) Topics() iter.Seq[*Topic] { return s.ordered.all }

// Partition returns a partition, or nil.
func (s *State) Partition(id PartitionID) *Partition {
	t := s.topics[id.Topic]
	if t == nil || id.Index < 0 || int(id.Index) >= len(t.Partitions) {
		return nil
	}
	return t.Partitions[id.Index]
}

func (s *State) findPartition(id PartitionID) (*Partition, error) {
	if p := s.Partition(id); p != nil {
		return p, nil
	}
	t := s.topics[id.Topic]
	if t == nil {
		return nil, ErrTopicNotFound
	}
	return nil, fmt.Errorf("%w: %d, topic %q has %d", ErrPartitionNotFound, id.Index, t.Name, len(t.Partitions))
}

// Segment returns a segment, or nil. The result is valid until the next Apply.
func (s *State) Segment(id uint64) *Segment {
	i, found := s.segmentIndex(id)
	if !found {
		return nil
	}
	return &s.segments[i]
}

// segmentIndex returns where a segment is, or would be. Ids are nearly dense, so
// that the first guess mostly hits.
func (s *State) segmentIndex(id uint64) (int, bool) {
	if len(s.segments) == 0 {
		return 0, false
	}
	if guess := id - s.segments[0].ID; guess < uint64(len(s.segments)) && s.segments[guess].ID == id {
		return int(guess), true
	}
	return slices.BinarySearchFunc(s.segments, id, func(g Segment, id uint64) int { return cmp.Compare(g.ID, id) })
}

// Segments yields all segments that hold or held blocks, ascending by id. Those
// that no extent refers to any more are among them: whoever deletes objects needs to
// know of them.
func (s *State) Segments() iter.Seq[*Segment] {
	return func(yield func(*Segment) bool) {
		for i := range s.segments {
			if !yield(&s.segments[i]) {
				return
			}
		}
	}
}

// Groups yields the names of all groups that have offsets, ascending.
func (s *State) Groups() iter.Seq[string] { return slices.Values(slices.Sorted(maps.Keys(s.groups))) }

// HasGroup reports whether a group has offsets.
func (s *State) HasGroup(name string) bool { return s.groups[name] != nil }

// GroupOffset returns a group's position in a partition, and whether it has one.
func (s *State) GroupOffset(group string, p PartitionID) (GroupOffset, bool) {
	o, ok := s.groups[group][p]
	return o, ok
}

// GroupOffsets yields all positions of a group, ascending by partition.
func (s *State) GroupOffsets(group string) iter.Seq2[PartitionID, GroupOffset] {
	return func(yield func(PartitionID, GroupOffset) bool) {
		offsets := s.groups[group]
		for _, p := range slices.SortedFunc(maps.Keys(offsets), PartitionID.Compare) {
			if !yield(p, offsets[p]) {
				return
			}
		}
	}
}

// NamedProducer returns the id that a producer's name has, and whether it has one.
func (s *State) NamedProducer(name string) (int64, bool) {
	n, ok := s.names[name]
	return n.ID, ok
}

// Topic is a topic with its partitions. Configs is replaced, never changed in
// place, so that a reader may keep it after it let go of the state's lock.
type Topic struct {
	ID         TopicID
	Name       string
	CreatedAt  int64             // milliseconds since 1970
	Configs    map[string]string // only what was set explicitly
	Partitions []*Partition
	Replicas   int32 // the replication factor that was asked for, 0 where none was; kept to be read back, and nothing else

	groups map[string]int // how many positions each group has in the topic; nil until there is one
}

// Partition is one ordered log.
type Partition struct {
	ID            PartitionID
	LogStart      int64               // first offset that may be read
	HighWatermark int64               // offset that the next record gets
	Extents       Extents             // where its records are
	Epochs        []EpochStart        // leader epochs in which something was written, ascending
	Producers     map[int64]*Producer // by id; nil until there is one

	changed bool // listed in unsaved.partitions
	deleted bool // the topic is gone
}

// EpochStart says that a leader epoch wrote its first record at Start (KIP-101).
type EpochStart struct {
	Epoch int32
	Start int64
}

// Extent is a run of whole record batches of one partition inside one block.
type Extent struct {
	Base         int64  // offset of the first record
	Count        int32  // offsets covered: the next extent starts at Base+Count or later
	Segment      uint64 // the segment, see [Segment]
	Pos          int64  // where the block begins in the segment's object
	Len          int32  // stored bytes of the block, header included
	From, To     int32  // byte range of the batches inside the uncompressed block
	MaxTimestamp int64  // largest record timestamp, milliseconds since 1970
	TimeUnknown  bool   // of some batches it is not known: MaxTimestamp has the time of their commit instead
}

// Segment is an object that holds blocks. A journal segment has its sequence
// number as its id.
type Segment struct {
	ID      uint64
	Epoch   uint32 // journal epoch of its key
	Size    int64  // bytes of the object
	Extents int    // how many extents refer to it
}

// Producer is what a partition remembers of an idempotent producer (KIP-98).
type Producer struct {
	ID       int64
	Epoch    int16
	LastTime int64           // State.Time when its last batch came, milliseconds
	Batches  []ProducerBatch // the last five, oldest first

	changed bool // listed in unsaved.producers
}

// ProducerBatch is one accepted batch of an idempotent producer.
type ProducerBatch struct {
	FirstSeq, LastSeq int32
	Base              int64 // offset of its first record
	Timestamp         int64 // its largest timestamp
}

// namedProducer is a producer id that belongs to a name.
type namedProducer struct {
	ID    int64
	Asked int64 // State.Time when the name was last asked for, milliseconds
}

// GroupOffset is a consumer group's committed position in a partition.
type GroupOffset struct {
	Offset      int64 // the next record to read; may lie beyond the log's end
	LeaderEpoch int32 // -1 where unknown
	Metadata    string
	CommittedAt int64 // commit time, milliseconds since 1970
}
