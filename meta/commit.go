package meta

import (
	"fmt"
	"math"
)

// Commit is the list of state changes that became durable together: what one
// journal segment carries.
type Commit struct {
	Epoch   uint32 // of the journal segment's key
	Seq     uint64
	Time    int64 // milliseconds since 1970, from the writer's clock; the only time that Apply sees
	Size    int64 // bytes of the segment's object; not encoded, known from the object
	Entries []Entry
}

// Entry is one change of state. The concrete types are the ones below.
type Entry interface {
	// Validate says what is wrong with the entry by itself. Encoder and decoder ask it.
	Validate() error
	kind() kind
	append(dst []byte) []byte // the payload
	apply(s *Application) Outcome
}

// Seal ends an epoch: what lies after it under the same epoch is void.
type Seal struct {
	Next  uint32   // the epoch that begins
	Owner [16]byte // the process that writes it
}

// CreateTopic creates a topic. Its creation time is the commit's.
type CreateTopic struct {
	ID         TopicID
	Name       string
	Partitions int32
	Configs    map[string]string
	Replicas   int32 // see [Topic]; where there are some it is an entry of a kind of its own (20)
}

// AlterReplicas changes what was asked for as a topic's replication factor; 0: nothing.
type AlterReplicas struct {
	ID       TopicID
	Replicas int32
}

// DeleteTopic deletes a topic, its log, its producers and the offsets that groups committed for it.
type DeleteTopic struct{ ID TopicID }

// CreatePartitions raises the number of partitions to Count.
type CreatePartitions struct {
	ID    TopicID
	Count int32
}

// AlterConfigs changes the configs of a topic: it forgets all where Replace is
// true, then removes Remove, then sets Set.
type AlterConfigs struct {
	ID      TopicID
	Replace bool
	Remove  []string
	Set     map[string]string
}

// Append adds the batches of one block to a partition.
type Append struct {
	// Legacy is an entry of the kind that was written before records were checked (kind 6). It replays as it was applied
	// then: any sequence may begin a partition, and largest timestamps are what the producers said. None is written any more.
	Legacy    bool
	Partition PartitionID
	Pos       int64 // of the block in the object
	Len       int32 // stored bytes of the block
	Batches   []Batch
}

// Batch is what the state needs to know of a record batch.
type Batch struct {
	Len           int32 // bytes inside the uncompressed block
	Offsets       int32 // offsets it takes: last offset delta + 1
	MaxTimestamp  int64
	TimeUnknown   bool  // nobody looked at the records: MaxTimestamp is 0
	ProducerID    int64 // -1: none
	ProducerEpoch int16
	BaseSequence  int32
	Attributes    int16 // of the batch header
}

// DeleteRecords moves a partition's start forward to Offset; -1 means its high watermark.
type DeleteRecords struct {
	Partition PartitionID
	Offset    int64
}

// ReserveProducerIDs sets Count producer ids aside; the outcome's Value is the first.
type ReserveProducerIDs struct{ Count int32 }

// NameProducer gives a producer that calls itself by a name an id of its own;
// the outcome's Value is that id, the same for the same name.
type NameProducer struct{ Name string }

// CommitOffsets stores positions of a consumer group. The outcome has one error per position in Errs (nil slice: all went well).
type CommitOffsets struct {
	Group   string
	Offsets []CommitOffset
}

// CommitOffset is one position of [CommitOffsets].
type CommitOffset struct {
	Partition   PartitionID
	Offset      int64
	LeaderEpoch int32
	Metadata    string
}

// DeleteOffsets forgets positions of a group.
type DeleteOffsets struct {
	Group      string
	Partitions []PartitionID
}

// DeleteGroup forgets a group.
type DeleteGroup struct{ Group string }

// Outcome is what became of one entry.
type Outcome struct {
	Err     error          // the entry as a whole was refused
	Value   int64          // ReserveProducerIDs, NameProducer: the id; DeleteRecords: the new log start
	Batches []BatchOutcome // Append: one per batch
	Errs    []error        // CommitOffsets, DeleteOffsets: one per position, nil where all went well
}

// BatchOutcome is what became of one record batch.
type BatchOutcome struct {
	Err       error
	Base      int64 // offset of its first record; for a duplicate the original one
	LogStart  int64
	Duplicate bool  // already in the log: the batch itself was not added
	Timestamp int64 // of a duplicate, its largest one when it was added, milliseconds since 1970
}

// maxEpoch is the last journal epoch: epochs are Kafka's leader epochs too, which
// are signed.
const maxEpoch = math.MaxInt32

// Validate says what is wrong with a commit by itself: what no writer writes and
// no reader accepts. Errors wrap ErrInvalid.
func (c *Commit) Validate() error {
	if c.Seq == 0 || c.Epoch >= maxEpoch {
		return fmt.Errorf("%w: sequence number %d of epoch %d", ErrInvalid, c.Seq, c.Epoch)
	}
	for i, e := range c.Entries {
		if err := e.Validate(); err != nil {
			return fmt.Errorf("%w: entry %d (%s): %w", ErrInvalid, i, e.kind(), err)
		}
		if seal, ok := e.(*Seal); ok && (len(c.Entries) != 1 || seal.Next != c.Epoch+1) {
			return fmt.Errorf("%w: a seal stands alone and begins epoch %d, not %d among %d entries", ErrInvalid, c.Epoch+1, seal.Next, len(c.Entries))
		}
	}
	return nil
}
