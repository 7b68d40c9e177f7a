package meta

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// maxViolations is how many violations Check words; the others are counted.
const maxViolations = 100

// Check verifies every invariant of the state by itself, and returns all that is
// wrong. It may run beside other readers.
func (s *State) Check() error {
	c := checker{State: s, refs: make([]int, len(s.segments))}
	c.topics()
	c.segmentRecords()
	c.groupOffsets()
	c.namedProducers()
	if want := c.State.count(); c.Usage() != want {
		c.fail("the usage is kept as %+v, counted it is %+v", c.Usage(), want)
	}
	if n := c.count - len(c.errs); n > 0 {
		c.errs = append(c.errs, fmt.Errorf("and %d more", n))
	}
	return errors.Join(c.errs...)
}

type checker struct {
	*State
	refs  []int // per segment, the extents that refer to it
	errs  []error
	count int
}

func (c *checker) fail(format string, args ...any) {
	if c.count++; c.count <= maxViolations {
		c.errs = append(c.errs, fmt.Errorf(format, args...))
	}
}

func (c *checker) topics() {
	if n := c.ordered.len(); len(c.State.topics) != n || len(c.byName) != n {
		c.fail("%d topics, of which %d are known by id and %d by name", n, len(c.State.topics), len(c.byName))
	}
	var last *Topic
	for t := range c.Topics() {
		if c.State.topics[t.ID] != t || c.byName[t.Name] != t {
			c.fail("topic %q is not found by its id and name", t.Name)
		}
		if k := likeness(t.Name); k != "" && !slices.Contains(c.alike[k], t) {
			c.fail("topic %q is not found by those that are like it", t.Name)
		}
		if last != nil && last.Name >= t.Name {
			c.fail("topic %q stands behind %q", t.Name, last.Name)
		}
		last = t
		if len(t.Partitions) == 0 {
			c.fail("topic %q has no partitions", t.Name)
		}
		for i, p := range t.Partitions {
			if want := (PartitionID{t.ID, int32(i)}); p.ID != want {
				c.fail("partition %d of %q has id %v", i, t.Name, p.ID)
			}
			c.partition(&partitionName{t, p})
		}
	}
}

// partitionName prints as a partition is called; most are never printed.
type partitionName struct {
	topic *Topic
	*Partition
}

func (p *partitionName) String() string { return fmt.Sprintf("%s/%d", p.topic.Name, p.ID.Index) }

func (c *checker) partition(p *partitionName) {
	if p.LogStart < 0 || p.LogStart > p.HighWatermark {
		c.fail("%v: log start %d, high watermark %d", p, p.LogStart, p.HighWatermark)
	}
	c.extents(p)
	c.epochs(p)
	for id, w := range p.Producers {
		if err := c.producer(p, id, w); err != nil {
			c.fail("%v: producer %d: %w", p, id, err)
		}
	}
}

// extents: from the log's start to the high watermark there is no gap and no
// overlap. Only the first extent may begin before the start.
func (c *checker) extents(p *partitionName) {
	next, bytes := p.LogStart, int64(0)
	for i := range p.Extents.list {
		e := &p.Extents.list[i]
		bytes += e.bytes()
		if e.Base != next && (i > 0 || e.Base > next || e.Base < 0 || e.End() <= next) {
			c.fail("%v: an extent from %d to %d where %d is next", p, e.Base, e.End(), next)
		}
		if e.Count < 1 || e.Pos < 0 || e.Len < 1 || e.From < 0 || e.From >= e.To {
			c.fail("%v: extent %+v", p, *e)
		}
		if g, ok := c.segmentIndex(e.Segment); !ok {
			c.fail("%v: extent %d is in segment %d, which is unknown", p, e.Base, e.Segment)
		} else {
			if size := c.segments[g].Size; e.Pos+int64(e.Len) > size {
				c.fail("%v: extent %d is up to byte %d of segment %d, which has %d", p, e.Base, e.Pos+int64(e.Len), e.Segment, size)
			}
			c.refs[g]++
		}
		next = e.End()
	}
	if bytes != p.Extents.bytes {
		c.fail("%v: the extents count %d bytes, they have %d", p, p.Extents.bytes, bytes)
	}
	if next != p.HighWatermark {
		c.fail("%v: the extents end at %d, the high watermark is %d", p, next, p.HighWatermark)
	}
}

func (c *checker) epochs(p *partitionName) {
	for i, e := range p.Epochs {
		if e.Epoch < 0 || uint32(e.Epoch) > c.Epoch || e.Start < 0 || e.Start > p.HighWatermark {
			c.fail("%v: epoch %d from %d, at epoch %d and high watermark %d", p, e.Epoch, e.Start, c.Epoch, p.HighWatermark)
		}
		if i > 0 && (p.Epochs[i-1].Epoch >= e.Epoch || p.Epochs[i-1].Start >= e.Start) {
			c.fail("%v: epoch %d from %d after epoch %d from %d", p, e.Epoch, e.Start, p.Epochs[i-1].Epoch, p.Epochs[i-1].Start)
		}
	}
	if p.HighWatermark > 0 && (len(p.Epochs) == 0 || p.Epochs[0].Start > p.LogStart) {
		c.fail("%v: the epoch at the log's start, %d, is unknown: %v", p, p.LogStart, p.Epochs)
	}
}

func (c *checker) producer(p *partitionName, id int64, w *Producer) error {
	if w.ID != id || id < 0 || w.Epoch < 0 || w.LastTime > c.Time {
		return fmt.Errorf("id %d, epoch %d, written to at %d, now is %d", w.ID, w.Epoch, w.LastTime, c.Time)
	}
	if n := len(w.Batches); n == 0 || n > rememberedBatches {
		return fmt.Errorf("%d batches", n)
	}
	for i, b := range w.Batches {
		if b.FirstSeq < 0 || b.LastSeq < 0 || b.Base < 0 || b.Base >= p.HighWatermark {
			return fmt.Errorf("batch %+v, the high watermark is %d", b, p.HighWatermark)
		}
		if i > 0 && (b.FirstSeq != seqAfter(w.Batches[i-1].LastSeq, 1) || b.Base <= w.Batches[i-1].Base) {
			return fmt.Errorf("batch %+v after %+v", b, w.Batches[i-1])
		}
	}
	return nil
}

func (c *checker) segmentRecords() {
	for i, g := range c.segments {
		if g.ID == 0 || g.ID > c.Seq || g.Epoch > c.Epoch || g.Size < 1 {
			c.fail("segment %d of epoch %d has %d bytes, at commit %d of epoch %d", g.ID, g.Epoch, g.Size, c.Seq, c.Epoch)
		}
		if i > 0 && (c.segments[i-1].ID >= g.ID || c.segments[i-1].Epoch > g.Epoch) {
			c.fail("segment %d of epoch %d stands behind segment %d of epoch %d", g.ID, g.Epoch, c.segments[i-1].ID, c.segments[i-1].Epoch)
		}
		if g.Extents != c.refs[i] {
			c.fail("segment %d counts %d extents, %d refer to it", g.ID, g.Extents, c.refs[i])
		}
	}
}

func (c *checker) groupOffsets() {
	counts := make(map[TopicID]map[string]int)
	for group := range c.Groups() {
		if len(c.groups[group]) == 0 {
			c.fail("group %q has no offsets", group)
		}
		for p, o := range c.GroupOffsets(group) {
			if counts[p.Topic] == nil {
				counts[p.Topic] = make(map[string]int)
			}
			counts[p.Topic][group]++
			if c.Partition(p) == nil {
				c.fail("group %q has an offset for partition %d of topic %x, which is gone", group, p.Index, p.Topic)
			}
			if o.Offset < 0 || o.LeaderEpoch < -1 {
				c.fail("group %q, partition %d of topic %x: offset %d, leader epoch %d", group, p.Index, p.Topic, o.Offset, o.LeaderEpoch)
			}
		}
	}
	for t := range c.Topics() {
		if !maps.Equal(t.groups, counts[t.ID]) {
			c.fail("topic %q counts the positions of groups %v, there are %v", t.Name, t.groups, counts[t.ID])
		}
	}
}

func (c *checker) namedProducers() {
	owners := make(map[int64]string, len(c.names))
	for _, name := range sortedKeys(c.names) {
		n := c.names[name]
		if n.ID < 1 || n.ID >= c.nextProducer || n.Asked > c.Time {
			c.fail("producer %q has id %d and was asked for at %d; next is id %d, now is %d", name, n.ID, n.Asked, c.nextProducer, c.Time)
		}
		if other, taken := owners[n.ID]; taken {
			c.fail("producers %q and %q share id %d", other, name, n.ID)
		}
		owners[n.ID] = name
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
