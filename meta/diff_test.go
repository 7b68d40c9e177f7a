package meta

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDiffNamesWhatDiffers(t *testing.T) {
	for want, change := range map[string]func(s *State, p *Partition){
		"cluster":                        func(s *State, p *Partition) { s.Cluster[3] = 1 },
		"epoch: 1 against 2":             func(s *State, p *Partition) { s.Epoch++ },
		"seq: 9 against 10":              func(s *State, p *Partition) { s.Seq++ },
		"seq epoch: 1 against 0":         func(s *State, p *Partition) { s.SeqEpoch-- },
		"time":                           func(s *State, p *Partition) { s.Time++ },
		"next producer id":               func(s *State, p *Partition) { s.nextProducer++ },
		"last expiry":                    func(s *State, p *Partition) { s.lastExpiry++ },
		"only in the first":              func(s *State, p *Partition) { s.removeTopic(s.byName["b"]) },
		"only in the second":             func(s *State, p *Partition) { s.addTopic(&Topic{Name: "c"}) },
		"name: a against z":              func(s *State, p *Partition) { s.byName["a"].Name = "z" },
		"creation time":                  func(s *State, p *Partition) { s.byName["a"].CreatedAt++ },
		"config k: only in the second":   func(s *State, p *Partition) { s.byName["a"].Configs = map[string]string{"k": "v"} },
		"number of partitions":           func(s *State, p *Partition) { s.growTopic(s.byName["a"], 3) },
		"(a/0) log start: 5 against 6":   func(s *State, p *Partition) { p.LogStart++ },
		"(a/0) high watermark":           func(s *State, p *Partition) { p.HighWatermark++ },
		"(a/0) extent 1":                 func(s *State, p *Partition) { p.Extents.list[1].MaxTimestamp++ },
		"(a/0) extent: 2 against 1":      func(s *State, p *Partition) { p.Extents.list = p.Extents.list[:1] },
		"(a/0) epoch 0":                  func(s *State, p *Partition) { p.Epochs[0].Start++ },
		"producer 1 epoch: 0 against 1":  func(s *State, p *Partition) { p.Producers[1].Epoch++ },
		"producer 1 last time":           func(s *State, p *Partition) { p.Producers[1].LastTime++ },
		"producer 1 batch 0":             func(s *State, p *Partition) { p.Producers[1].Batches[0].Timestamp++ },
		"producer 2: only in the second": func(s *State, p *Partition) { p.Producers[2] = &Producer{} },
		"segment 3":                      func(s *State, p *Partition) { s.segments[0].Size++ },
		"group h: only in the second":    func(s *State, p *Partition) { s.groups["h"] = nil },
		"group g":                        func(s *State, p *Partition) { s.groups["g"][p.ID] = GroupOffset{Offset: 1} },
		"named producer n":               func(s *State, p *Partition) { s.names["n"] = namedProducer{} },
	} {
		a, _ := brokenState(t)
		b, p := brokenState(t)
		require.Empty(t, a.Diff(b))
		change(b, p)
		require.Contains(t, a.Diff(b), want)
	}
}

func TestDiffDoesNotGoOnForever(t *testing.T) {
	a, b := NewState(), NewState()
	for i := range 1000 {
		a.groups[strings.Repeat("x", i)] = nil
	}
	diff := a.Diff(b)
	require.Contains(t, diff, "and 980 more")
	require.Len(t, strings.Split(diff, "\n"), maxDifferences+1)
}
