package meta

import (
	"encoding/binary"
	"flag"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// journal applies entries as a broker would: encoded, decoded, and in order.
type journal struct {
	t     testing.TB
	state *State
	now   int64
}

func newJournal(t testing.TB) *journal {
	return &journal{t: t, state: NewState(), now: 1_700_000_000_000}
}

// commit applies one commit a millisecond after the one before.
func (j *journal) commit(entries ...Entry) []Outcome {
	j.t.Helper()
	j.now++
	c := &Commit{Epoch: j.state.Epoch, Seq: j.state.Seq + 1, Time: j.now, Entries: entries}
	require.NoError(j.t, c.Validate())
	c, err := DecodeCommit(AppendCommit(nil, c))
	require.NoError(j.t, err)
	c.Size = 1 << 40
	out, err := j.state.Apply(c)
	require.NoError(j.t, err)
	require.Len(j.t, out, len(entries))
	require.NoError(j.t, j.state.Check())
	return out
}

// one applies a commit of one entry that succeeds.
func (j *journal) one(e Entry) Outcome {
	j.t.Helper()
	out := j.commit(e)[0]
	require.NoError(j.t, out.Err)
	return out
}

func (j *journal) seal() { j.t.Helper(); j.one(&Seal{Next: j.state.Epoch + 1}) }

// topic creates a topic and returns its id.
func (j *journal) topic(name string, partitions int32) TopicID {
	j.t.Helper()
	id := topicID(name)
	j.one(&CreateTopic{ID: id, Name: name, Partitions: partitions})
	return id
}

// append adds batches to a partition and returns what became of them.
func (j *journal) append(p PartitionID, batches ...Batch) []BatchOutcome {
	j.t.Helper()
	return j.one(block(p, batches...)).Batches
}

func topicID(name string) (id TopicID) {
	copy(id[:], "topic "+name)
	return id
}

func at(id TopicID, index int32) PartitionID { return PartitionID{id, index} }

func block(p PartitionID, batches ...Batch) *Append {
	return &Append{Partition: p, Pos: 64, Len: 1000, Batches: batches}
}

// plain is a batch without a producer, 10 bytes for each record.
func plain(offsets int32) Batch {
	return Batch{Len: 10 * offsets, Offsets: offsets, MaxTimestamp: 5, ProducerID: -1, ProducerEpoch: -1, BaseSequence: -1}
}

// by is a batch of an idempotent producer.
func by(producer int64, epoch int16, seq, offsets int32) Batch {
	b := plain(offsets)
	b.ProducerID, b.ProducerEpoch, b.BaseSequence = producer, epoch, seq
	return b
}

// everyEntry is a valid commit that holds every kind of entry but a seal, which
// stands alone.
func everyEntry() *Commit {
	id := TopicID{0: 0xaa, 15: 0x01}
	p := PartitionID{id, 300}
	return &Commit{
		Epoch: 7, Seq: 1 << 33, Time: 1_700_000_000_123,
		Entries: []Entry{
			&CreateTopic{ID: id, Name: "orders", Partitions: 301, Configs: map[string]string{"retention.ms": "86400000", "cleanup.policy": "delete"}},
			&CreateTopic{ID: TopicID{1}, Name: "plain", Partitions: 1},
			&Append{Legacy: true, Partition: p, Pos: 4096, Len: 1 << 20, Batches: []Batch{
				{Len: 70, Offsets: 1, MaxTimestamp: 1_700_000_000_000, ProducerID: -1, Attributes: 4},
				{Len: 1 << 20, Offsets: 1 << 30, MaxTimestamp: -1, ProducerID: 1<<63 - 1, ProducerEpoch: 1<<15 - 1, BaseSequence: 1<<31 - 1, Attributes: -1},
			}},
			&CreatePartitions{ID: id, Count: 400},
			&AlterConfigs{ID: id, Remove: []string{"cleanup.policy"}, Set: map[string]string{"retention.bytes": "-1"}},
			&AlterConfigs{ID: id, Replace: true},
			&DeleteRecords{Partition: p, Offset: -1},
			&ReserveProducerIDs{Count: 1000},
			&NameProducer{Name: "billing"},
			&CommitOffsets{Group: "my-group", Offsets: []CommitOffset{
				{Partition: p, Offset: 42, LeaderEpoch: -1},
				{Partition: PartitionID{id, 0}, Offset: 1<<63 - 1, LeaderEpoch: 1<<31 - 1, Metadata: "härkä"},
			}},
			&DeleteOffsets{Group: "my-group", Partitions: []PartitionID{p}},
			&DeleteGroup{Group: ""},
			&DeleteTopic{ID: id},
			&Append{Partition: p, Pos: 4096, Len: 1 << 20, Batches: []Batch{
				{Len: 70, Offsets: 1, MaxTimestamp: 1_700_000_000_000, ProducerID: -1, Attributes: 4},
				{Len: 80, Offsets: 2, TimeUnknown: true, ProducerID: 7, BaseSequence: 1, Attributes: 1},
			}},
			&CreateTopic{ID: TopicID{2}, Name: "replicated", Partitions: 3, Replicas: 300},
			&AlterReplicas{ID: TopicID{2}, Replicas: 1},
		},
	}
}

func sealCommit() *Commit {
	return &Commit{Epoch: 7, Seq: 9, Time: -1, Entries: []Entry{&Seal{Next: 8, Owner: [16]byte{1, 2, 3}}}}
}

// head is the beginning of a commit with a number of entries.
func head(entries uint64) []byte {
	return binary.AppendUvarint([]byte{commitVersion, 0, 1, 0}, entries)
}
