package meta

import (
	"errors"
	"maps"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// model is the state in the simplest form that can be thought of: every accepted
// batch, for good, and everything else looked up by walking over it.
type model struct {
	topics   map[TopicID]*modelTopic
	offsets  map[string]map[PartitionID]GroupOffset
	names    map[string]namedProducer
	segments map[uint64]bool
	nextID   int64
	time     int64
	scanned  int64
}

type modelTopic struct {
	name       string
	configs    map[string]string
	replicas   int32
	partitions []*modelPartition
}

type modelPartition struct {
	start, end int64
	batches    []modelBatch
	producers  map[int64]*modelProducer
}

type modelBatch struct {
	Batch   // as it came
	base    int64
	from    int32
	epoch   int32
	segment uint64
	pos     int64
}

type modelProducer struct {
	epoch   int16
	last    int64 // when
	next    int64 // sequence number
	batches []modelBatch
}

func newModel() *model {
	return &model{topics: map[TopicID]*modelTopic{}, offsets: map[string]map[PartitionID]GroupOffset{}, names: map[string]namedProducer{}, segments: map[uint64]bool{}, nextID: 1}
}

func (m *model) partition(id PartitionID) (*modelPartition, error) {
	t := m.topics[id.Topic]
	if t == nil {
		return nil, ErrTopicNotFound
	}
	if id.Index < 0 || int(id.Index) >= len(t.partitions) {
		return nil, ErrPartitionNotFound
	}
	return t.partitions[id.Index], nil
}

func (m *model) apply(c *Commit) []Outcome {
	m.time = max(m.time, c.Time)
	var out []Outcome
	for _, e := range c.Entries {
		out = append(out, m.entry(c, e))
	}
	m.expire()
	return out
}

func (m *model) entry(c *Commit, e Entry) Outcome {
	switch e := e.(type) {
	case *CreateTopic:
		for id, t := range m.topics {
			if id == e.ID || t.name == e.Name {
				return Outcome{Err: ErrTopicExists}
			}
		}
		m.topics[e.ID] = &modelTopic{name: e.Name, configs: e.Configs, replicas: e.Replicas}
		m.grow(e.ID, e.Partitions)
	case *DeleteTopic:
		if m.topics[e.ID] == nil {
			return Outcome{Err: ErrTopicNotFound}
		}
		delete(m.topics, e.ID)
		for _, offsets := range m.offsets {
			maps.DeleteFunc(offsets, func(p PartitionID, _ GroupOffset) bool { return p.Topic == e.ID })
		}
	case *CreatePartitions:
		if m.topics[e.ID] == nil {
			return Outcome{Err: ErrTopicNotFound}
		}
		if int(e.Count) <= len(m.topics[e.ID].partitions) {
			return Outcome{Err: ErrInvalidPartitions}
		}
		m.grow(e.ID, e.Count)
	case *AlterConfigs:
		return m.alter(e)
	case *AlterReplicas:
		if m.topics[e.ID] == nil {
			return Outcome{Err: ErrTopicNotFound}
		}
		m.topics[e.ID].replicas = e.Replicas
	case *Append:
		return m.append(c, e)
	case *DeleteRecords:
		return m.deleteRecords(e)
	case *ReserveProducerIDs:
		m.nextID += int64(e.Count)
		return Outcome{Value: m.nextID - int64(e.Count)}
	case *NameProducer:
		n, ok := m.names[e.Name]
		if !ok {
			n.ID = m.nextID
			m.nextID++
		}
		m.names[e.Name] = namedProducer{n.ID, m.time}
		return Outcome{Value: n.ID}
	case *CommitOffsets:
		return m.commitOffsets(c, e)
	case *DeleteOffsets:
		if len(m.offsets[e.Group]) == 0 {
			return Outcome{Err: ErrGroupNotFound}
		}
		out := Outcome{Errs: make([]error, len(e.Partitions))}
		for i, p := range e.Partitions {
			if _, out.Errs[i] = m.partition(p); out.Errs[i] == nil {
				delete(m.offsets[e.Group], p)
			}
		}
		return out
	case *DeleteGroup:
		if len(m.offsets[e.Group]) == 0 {
			return Outcome{Err: ErrGroupNotFound}
		}
		delete(m.offsets, e.Group)
	}
	return Outcome{}
}

func (m *model) grow(id TopicID, n int32) {
	for t := m.topics[id]; len(t.partitions) < int(n); {
		t.partitions = append(t.partitions, &modelPartition{producers: map[int64]*modelProducer{}})
	}
}

func (m *model) alter(e *AlterConfigs) Outcome {
	t := m.topics[e.ID]
	if t == nil {
		return Outcome{Err: ErrTopicNotFound}
	}
	configs := map[string]string{}
	for k, v := range t.configs {
		if !e.Replace {
			configs[k] = v
		}
	}
	for _, k := range e.Remove {
		delete(configs, k)
	}
	for k, v := range e.Set {
		configs[k] = v
	}
	t.configs = configs
	return Outcome{}
}

func (m *model) deleteRecords(e *DeleteRecords) Outcome {
	p, err := m.partition(e.Partition)
	if err != nil {
		return Outcome{Err: err}
	}
	to := e.Offset
	if to == -1 {
		to = p.end
	}
	if to < 0 || to > p.end {
		return Outcome{Err: ErrOffsetOutOfRange}
	}
	p.start = max(p.start, to)
	return Outcome{Value: p.start}
}

func (m *model) commitOffsets(c *Commit, e *CommitOffsets) Outcome {
	out := Outcome{Errs: make([]error, len(e.Offsets))}
	for i, o := range e.Offsets {
		if _, out.Errs[i] = m.partition(o.Partition); out.Errs[i] != nil {
			continue
		}
		if m.offsets[e.Group] == nil {
			m.offsets[e.Group] = map[PartitionID]GroupOffset{}
		}
		m.offsets[e.Group][o.Partition] = GroupOffset{o.Offset, o.LeaderEpoch, o.Metadata, c.Time}
	}
	return out
}

func (m *model) append(c *Commit, e *Append) Outcome {
	m.segments[c.Seq] = true
	p, err := m.partition(e.Partition)
	if err != nil {
		return Outcome{Err: err}
	}
	var out Outcome
	from := int32(0)
	for _, b := range e.Batches {
		o := BatchOutcome{LogStart: p.start}
		if b.TimeUnknown {
			b.MaxTimestamp = m.time
		}
		o.Base, o.Duplicate, o.Timestamp, o.Err = p.check(b, e.Legacy)
		if o.Err == nil && !o.Duplicate {
			o.Base = p.end
			p.batches = append(p.batches, modelBatch{base: p.end, from: from, epoch: int32(c.Epoch), segment: c.Seq, pos: e.Pos, Batch: b})
			p.remember(b, m.time)
			p.end += int64(b.Offsets)
		}
		out.Batches = append(out.Batches, o)
		from += b.Len
	}
	return out
}

func (p *modelPartition) check(b Batch, legacy bool) (base int64, duplicate bool, timestamp int64, err error) {
	w := p.producers[b.ProducerID]
	switch {
	case w == nil && b.ProducerID >= 0 && b.BaseSequence > 0 && p.end == 0 && !legacy:
		return 0, false, 0, ErrOutOfOrderSequence
	case w == nil:
		return 0, false, 0, nil
	case b.ProducerEpoch < w.epoch:
		return 0, false, 0, ErrInvalidProducerEpoch
	case b.ProducerEpoch > w.epoch && b.BaseSequence != 0:
		return 0, false, 0, ErrOutOfOrderSequence
	case b.ProducerEpoch > w.epoch:
		return 0, false, 0, nil
	}
	for _, known := range w.batches[max(0, len(w.batches)-rememberedBatches):] {
		if known.BaseSequence == b.BaseSequence && known.Offsets == b.Offsets {
			return known.base, true, known.MaxTimestamp, nil
		}
	}
	if int64(b.BaseSequence) != w.next {
		return 0, false, 0, ErrOutOfOrderSequence
	}
	return 0, false, 0, nil
}

func (p *modelPartition) remember(b Batch, now int64) {
	if b.ProducerID < 0 {
		return
	}
	w := p.producers[b.ProducerID]
	if w == nil || w.epoch != b.ProducerEpoch {
		w = &modelProducer{epoch: b.ProducerEpoch}
		p.producers[b.ProducerID] = w
	}
	w.last = now
	w.next = (int64(b.BaseSequence) + int64(b.Offsets)) % (1 << 31)
	w.batches = append(w.batches, p.batches[len(p.batches)-1])
}

func (m *model) expire() {
	if m.time-m.scanned < expiryPeriod {
		return
	}
	m.scanned = m.time
	known := map[int64]bool{}
	for _, t := range m.topics {
		for _, p := range t.partitions {
			maps.DeleteFunc(p.producers, func(_ int64, w *modelProducer) bool { return m.time-w.last >= ProducerExpiration })
			for id := range p.producers {
				known[id] = true
			}
		}
	}
	maps.DeleteFunc(m.names, func(_ string, n namedProducer) bool { return !known[n.ID] && m.time-n.Asked >= ProducerExpiration })
}

// TestAgainstModel applies random commits to the state and to the model.
func TestAgainstModel(t *testing.T) {
	seen := map[error]int{}
	for seed := range uint64(20) {
		c, m := newChaos(t, seed), newModel()
		for range 400 {
			commit := c.commit()
			require.NoError(t, commit.Validate())
			out, err := c.state.Apply(commit)
			require.NoError(t, err)
			compareOutcomes(t, m.apply(commit), out, seen)
			require.NoError(t, c.state.Check())
		}
		m.compare(t, c.state)
	}
	for _, err := range []error{ErrTopicExists, ErrTopicNotFound, ErrPartitionNotFound, ErrInvalidPartitions, ErrGroupNotFound, ErrOffsetOutOfRange, ErrOutOfOrderSequence, ErrInvalidProducerEpoch, errDuplicate} {
		require.Greater(t, seen[err], 5, "the random commits hardly met %v", err)
	}
}

var errDuplicate = errors.New("a duplicate")

func compareOutcomes(t *testing.T, want, got []Outcome, seen map[error]int) {
	t.Helper()
	same := func(want, got error) {
		t.Helper()
		require.ErrorIs(t, got, want)
		if want == nil {
			require.NoError(t, got)
		}
		seen[want]++
	}
	require.Len(t, got, len(want))
	for i, w := range want {
		g := got[i]
		same(w.Err, g.Err)
		require.Equal(t, w.Value, g.Value)
		require.Len(t, g.Batches, len(w.Batches))
		for k, b := range w.Batches {
			same(b.Err, g.Batches[k].Err)
			b.Err, g.Batches[k].Err = nil, nil
			require.Equal(t, b, g.Batches[k])
			if b.Duplicate {
				seen[errDuplicate]++
			}
		}
		if g.Errs == nil {
			g.Errs = make([]error, len(w.Errs))
		}
		require.Len(t, g.Errs, len(w.Errs))
		for k := range w.Errs {
			same(w.Errs[k], g.Errs[k])
		}
	}
}

func (m *model) compare(t *testing.T, s *State) {
	require.Equal(t, len(m.topics), s.ordered.len())
	refs := map[uint64]int{}
	for id, want := range m.topics {
		got := s.TopicByID(id)
		require.NotNil(t, got)
		require.Equal(t, want.name, got.Name)
		require.Equal(t, want.replicas, got.Replicas)
		require.Equal(t, len(want.configs), len(got.Configs))
		for k, v := range want.configs {
			require.Equal(t, v, got.Configs[k])
		}
		require.Len(t, got.Partitions, len(want.partitions))
		for i, p := range want.partitions {
			p.compare(t, got.Partitions[i], refs)
		}
	}
	require.Len(t, s.segments, len(m.segments))
	for id := range m.segments {
		require.Equal(t, refs[id], s.Segment(id).Extents)
	}
	maps.DeleteFunc(m.offsets, func(_ string, o map[PartitionID]GroupOffset) bool { return len(o) == 0 })
	require.Equal(t, m.offsets, s.groups)
	require.Equal(t, m.names, s.names)
}

// compare walks over the batches: the extents hold each one that has an offset
// from the start on, whole, and no byte more.
func (m *modelPartition) compare(t *testing.T, p *Partition, refs map[uint64]int) {
	require.Equal(t, m.start, p.LogStart)
	require.Equal(t, m.end, p.HighWatermark)
	require.Len(t, p.Producers, len(m.producers))
	live := m.batches
	for len(live) > 0 && len(p.Extents.list) > 0 && live[0].base < p.Extents.list[0].Base {
		require.LessOrEqual(t, live[0].base+int64(live[0].Offsets), m.start)
		live = live[1:]
	}
	for _, e := range p.Extents.list {
		refs[e.Segment]++
		at, base, latest := e.From, e.Base, int64(math.MinInt64)
		unknown := false
		for at < e.To {
			b := live[0]
			require.Equal(t, []int64{base, int64(at), e.Pos, int64(e.Segment)}, []int64{b.base, int64(b.from), b.pos, int64(b.segment)})
			if b.base >= m.start {
				require.Equal(t, b.epoch, p.LeaderEpoch(b.base))
			}
			unknown = unknown || b.TimeUnknown
			at, base, latest, live = at+b.Len, base+int64(b.Offsets), max(latest, b.MaxTimestamp), live[1:]
		}
		require.Equal(t, []int64{int64(e.To), e.End(), e.MaxTimestamp}, []int64{int64(at), base, latest})
		require.Equal(t, unknown, e.TimeUnknown)
	}
	for _, b := range live {
		require.LessOrEqual(t, b.base+int64(b.Offsets), m.start)
	}
}

// TestEqualCommitsGiveEqualStates: three machines apply the same bytes; one of them
// restarts from its file now and then.
func TestEqualCommitsGiveEqualStates(t *testing.T) {
	for seed := range uint64(10) {
		c := newChaos(t, 100+seed)
		other := NewState()
		var disk testDB
		disk.open(t)
		third := disk.load(t)
		for i := range 300 {
			commit := c.commit()
			raw := AppendCommit(nil, commit)
			want, err := c.state.Apply(commit)
			require.NoError(t, err)
			for _, s := range []*State{other, third} {
				decoded, err := DecodeCommit(raw)
				require.NoError(t, err)
				decoded.Size = commit.Size
				got, err := s.Apply(decoded)
				require.NoError(t, err)
				require.Equal(t, want, got, "the very same outcomes")
			}
			require.Empty(t, c.state.Diff(other))
			if i%50 == 49 {
				disk.save(t, third)
				third = disk.load(t)
			}
		}
		require.Empty(t, c.state.Diff(third))
	}
}
