package meta

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// brokenState is a sound state with something of everything, to be broken.
func brokenState(t *testing.T) (*State, *Partition) {
	j := newJournal(t)
	id := j.topic("a", 2)
	j.topic("b", 1)
	j.append(at(id, 0), by(1, 0, 0, 10), by(1, 0, 10, 10))
	j.seal()
	j.append(at(id, 0), plain(10))
	j.one(&DeleteRecords{Partition: at(id, 0), Offset: 5})
	j.one(&CommitOffsets{Group: "g", Offsets: []CommitOffset{{Partition: at(id, 0)}}})
	j.one(&NameProducer{Name: "n"})
	j.one(&NameProducer{Name: "m"})
	return j.state, j.state.Partition(at(id, 0))
}

func TestCheckFindsEveryViolation(t *testing.T) {
	for want, breakIt := range map[string]func(s *State, p *Partition){
		"an extent from 19 to 29":        func(s *State, p *Partition) { p.Extents.list[1].Base-- },
		"an extent from 21 to 31":        func(s *State, p *Partition) { p.Extents.list[1].Base++ },
		"an extent from 6 to 26":         func(s *State, p *Partition) { p.Extents.list[0].Base = 6 },
		"an extent from 0 to 5":          func(s *State, p *Partition) { p.Extents.list[0].Count = 5 },
		"the extents end at 20":          func(s *State, p *Partition) { p.Extents.list = p.Extents.list[:1] },
		"the extents end at 30":          func(s *State, p *Partition) { p.HighWatermark++ },
		"log start 31":                   func(s *State, p *Partition) { p.LogStart = 31 },
		"log start -1":                   func(s *State, p *Partition) { p.LogStart = -1 },
		"From:0 To:0":                    func(s *State, p *Partition) { p.Extents.list[1].To = 0 },
		"Pos:-1":                         func(s *State, p *Partition) { p.Extents.list[1].Pos = -1 },
		"Len:0":                          func(s *State, p *Partition) { p.Extents.list[1].Len = 0 },
		"segment 99, which is unknown":   func(s *State, p *Partition) { p.Extents.list[1].Segment = 99 },
		"counts the positions":           func(s *State, p *Partition) { s.byName["a"].groups["h"]++ },
		"counts 2 extents, 1 refer":      func(s *State, p *Partition) { s.segments[0].Extents++ },
		"segment 3, which has 500":       func(s *State, p *Partition) { s.segments[0].Size = 500 },
		"segment 3 of epoch 9":           func(s *State, p *Partition) { s.segments[0].Epoch = 9 },
		"stands behind segment 5":        func(s *State, p *Partition) { s.segments[0], s.segments[1] = s.segments[1], s.segments[0] },
		"epoch 7 from 20":                func(s *State, p *Partition) { p.Epochs[1].Epoch = 7 },
		"epoch 1 from 5 after epoch 0":   func(s *State, p *Partition) { p.Epochs[1].Start = 5 },
		"epoch at the log's start":       func(s *State, p *Partition) { p.Epochs = p.Epochs[1:] },
		"producer 1: 0 batches":          func(s *State, p *Partition) { p.Producers[1].Batches = nil },
		"producer 1: id 2":               func(s *State, p *Partition) { p.Producers[1].ID = 2 },
		"producer 1: id 1, epoch -1":     func(s *State, p *Partition) { p.Producers[1].Epoch = -1 },
		"producer 1: batch {FirstSeq:11": func(s *State, p *Partition) { p.Producers[1].Batches[1].FirstSeq++ },
		"producer 1: batch {FirstSeq:10": func(s *State, p *Partition) { p.Producers[1].Batches[1].Base = 30 },
		"written to at 9900000000000":    func(s *State, p *Partition) { p.Producers[1].LastTime = 9_900_000_000_000 },
		"topic \"c\" is not found":       func(s *State, p *Partition) { s.ordered.runs[0][0].Name = "c" },
		"2 topics, of which 1":           func(s *State, p *Partition) { delete(s.topics, p.ID.Topic) },
		"stands behind \"b\"":            func(s *State, p *Partition) { run := s.ordered.runs[0]; run[0], run[1] = run[1], run[0] },
		"partition 1 of \"a\" has id":    func(s *State, p *Partition) { s.byName["a"].Partitions[1].ID.Index = 0 },
		"has no partitions":              func(s *State, p *Partition) { s.byName["b"].Partitions = nil },
		"which is gone":                  func(s *State, p *Partition) { s.groups["g"][at(topicID("none"), 0)] = GroupOffset{} },
		"the usage is kept as":           func(s *State, p *Partition) { s.usage.Producers++ },
		"group \"h\" has no offsets":     func(s *State, p *Partition) { s.groups["h"] = nil },
		"offset -5":                      func(s *State, p *Partition) { s.groups["g"][p.ID] = GroupOffset{Offset: -5} },
		"producer \"n\" has id 9":        func(s *State, p *Partition) { s.names["n"] = namedProducer{ID: 9} },
		"share id 1":                     func(s *State, p *Partition) { s.names["m"] = namedProducer{ID: 1} },
	} {
		s, p := brokenState(t)
		breakIt(s, p)
		require.ErrorContains(t, s.Check(), want, "a violation was not found")
	}
}

func TestCheckNamesAllButNotForever(t *testing.T) {
	s, p := brokenState(t)
	p.LogStart = -1
	s.groups["h"] = nil
	err := s.Check()
	require.ErrorContains(t, err, "log start -1")
	require.ErrorContains(t, err, `group "h"`)
	for i := range 1000 {
		s.groups[strings.Repeat("x", i)] = nil
	}
	err = s.Check()
	require.ErrorContains(t, err, "more")
	require.Less(t, len(err.Error()), 1<<18)
}
