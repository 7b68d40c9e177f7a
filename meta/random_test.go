package meta

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// chaos makes random commits that follow a state: mostly sensible ones, and some that
// are refused in part.
type chaos struct {
	*rand.Rand
	state  *State
	now    int64
	topics int // created so far
}

func newChaos(t testing.TB, seed uint64) *chaos {
	t.Logf("seed %d", seed)
	return &chaos{Rand: rand.New(rand.NewPCG(seed, 1)), state: NewState(), now: 1_700_000_000_000}
}

// commit makes a commit; the caller applies it.
func (c *chaos) commit() *Commit {
	switch c.IntN(20) {
	case 0:
		c.now += int64(c.IntN(30 * hour))
	case 1:
		c.now += int64(c.IntN(2*hour)) - hour
	default:
		c.now += int64(c.IntN(1000))
	}
	commit := &Commit{Epoch: c.state.Epoch, Seq: c.state.Seq + 1, Time: c.now, Size: 1 << 40}
	if c.IntN(30) == 0 {
		commit.Entries = []Entry{&Seal{Next: c.state.Epoch + 1}}
		return commit
	}
	for range c.IntN(8) {
		commit.Entries = append(commit.Entries, c.entry())
	}
	return commit
}

func (c *chaos) entry() Entry {
	switch n := c.IntN(100); {
	case n < 6 || c.state.ordered.len() == 0:
		c.topics++
		return &CreateTopic{ID: topicID(fmt.Sprint(c.topics)), Name: c.name("topic", 6), Partitions: 1 + c.Int32N(4), Configs: c.configs(), Replicas: c.Int32N(3)}
	case n < 8:
		return &DeleteTopic{ID: c.partition().Topic}
	case n < 10:
		return &CreatePartitions{ID: c.partition().Topic, Count: 1 + c.Int32N(8)}
	case n < 11:
		return &AlterReplicas{ID: c.partition().Topic, Replicas: c.Int32N(3)}
	case n < 13:
		return &AlterConfigs{ID: c.partition().Topic, Replace: c.IntN(2) == 0, Remove: []string{c.name("config", 4)}, Set: c.configs()}
	case n < 18:
		return c.deleteRecords()
	case n < 20:
		return &ReserveProducerIDs{Count: 1 + c.Int32N(10)}
	case n < 23:
		return &NameProducer{Name: c.name("producer", 5)}
	case n < 33:
		return c.commitOffsets()
	case n < 36:
		return &DeleteOffsets{Group: c.name("group", 4), Partitions: []PartitionID{c.partition(), c.partition()}}
	case n < 37:
		return &DeleteGroup{Group: c.name("group", 4)}
	}
	return c.append()
}

func (c *chaos) name(kind string, n int) string { return fmt.Sprintf("%s %d", kind, c.IntN(n)) }

func (c *chaos) configs() map[string]string {
	m := map[string]string{}
	for range c.IntN(3) {
		m[c.name("config", 4)] = c.name("value", 3)
	}
	return m
}

// partition is one that exists, mostly.
func (c *chaos) partition() PartitionID {
	if c.state.ordered.len() == 0 || c.IntN(30) == 0 {
		return at(topicID("none"), 0)
	}
	t := slices.Collect(c.state.Topics())[c.IntN(c.state.ordered.len())]
	return at(t.ID, c.Int32N(int32(len(t.Partitions))+c.Int32N(2)))
}

func (c *chaos) deleteRecords() Entry {
	e := &DeleteRecords{Partition: c.partition(), Offset: -1}
	if p := c.state.Partition(e.Partition); p != nil && c.IntN(4) > 0 {
		e.Offset = c.Int64N(p.HighWatermark + 2)
	}
	return e
}

func (c *chaos) commitOffsets() Entry {
	e := &CommitOffsets{Group: c.name("group", 4)}
	for range 1 + c.IntN(3) {
		e.Offsets = append(e.Offsets, CommitOffset{c.partition(), c.Int64N(100), c.Int32N(3) - 1, c.name("metadata", 3)})
	}
	return e
}

func (c *chaos) append() Entry {
	e := &Append{Partition: c.partition(), Pos: c.Int64N(1 << 30), Len: 1 + c.Int32N(1<<20), Legacy: c.IntN(4) == 0}
	p := c.state.Partition(e.Partition)
	next := map[int64]int32{}
	for range 1 + c.IntN(5) {
		b := Batch{Len: 61 + c.Int32N(100), Offsets: 1 + c.Int32N(5), MaxTimestamp: c.now - c.Int64N(1000), ProducerID: c.Int64N(5) - 1}
		if b.TimeUnknown = !e.Legacy && c.IntN(5) == 0; b.TimeUnknown {
			b.MaxTimestamp = 0
		}
		if b.ProducerID >= 0 {
			c.sequence(p, &b, next)
		}
		e.Batches = append(e.Batches, b)
	}
	return e
}

// sequence makes a batch of a producer the next one, mostly, or one that was there, or any.
func (c *chaos) sequence(p *Partition, b *Batch, next map[int64]int32) {
	var w *Producer
	if p != nil {
		w = p.Producers[b.ProducerID]
	}
	seq, begun := next[b.ProducerID]
	switch n := c.IntN(20); {
	case w == nil && !begun && n < 10:
	case w == nil && !begun:
		b.BaseSequence = math.MaxInt32 - c.Int32N(20)
	case w == nil:
		b.BaseSequence = seq
	case n == 0:
		b.ProducerEpoch, b.BaseSequence = w.Epoch+int16(c.IntN(2)), c.Int32N(3)
	case n == 1:
		b.ProducerEpoch, b.BaseSequence = max(0, w.Epoch-1), c.Int32N(3)
	case n < 6:
		known := w.Batches[c.IntN(len(w.Batches))]
		b.ProducerEpoch, b.BaseSequence = w.Epoch, known.FirstSeq
		b.Offsets = int32((int64(known.LastSeq)-int64(known.FirstSeq))&math.MaxInt32) + 1
	case begun:
		b.ProducerEpoch, b.BaseSequence = w.Epoch, seq
	default:
		b.ProducerEpoch, b.BaseSequence = w.Epoch, seqAfter(w.Batches[len(w.Batches)-1].LastSeq, 1)
	}
	next[b.ProducerID] = seqAfter(b.BaseSequence, b.Offsets)
}
