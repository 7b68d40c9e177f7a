package kafka

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// named is a thing with a name, and which mention of it this is.
type named struct {
	name    int
	mention int
}

// The last mention counts, at the place of the first.
func TestDistinct(t *testing.T) {
	for _, c := range []struct {
		list, want []named
		twice      map[int]bool
	}{
		{nil, nil, nil},
		{[]named{{1, 0}}, []named{{1, 0}}, nil},
		{[]named{{1, 0}, {2, 0}}, []named{{1, 0}, {2, 0}}, nil},
		{[]named{{1, 0}, {1, 1}, {1, 2}}, []named{{1, 2}}, map[int]bool{0: true}},
		{[]named{{1, 0}, {2, 0}, {3, 0}, {2, 1}, {1, 1}}, []named{{1, 1}, {2, 1}, {3, 0}}, map[int]bool{0: true, 1: true}},
	} {
		once, twice := distinct(c.list, func(n *named) int { return n.name })
		require.Equal(t, c.want, once)
		require.Equal(t, c.twice, twice)
	}
}

// Lists of all lengths, with few and with many repetitions, against maps.
func TestDistinctAtRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 60 {
		var list, want []named
		place, repeated := make(map[int]int), make(map[int]bool)
		for i := range n {
			one := named{random.IntN(1 + n/2), i}
			list = append(list, one)
			if at, again := place[one.name]; again {
				want[at], repeated[at] = one, true
				continue
			}
			place[one.name] = len(want)
			want = append(want, one)
		}
		once, twice := distinct(list, func(n *named) int { return n.name })
		require.Equal(t, want, once)
		require.Equal(t, len(repeated), len(twice))
		for at := range repeated {
			require.True(t, twice[at])
		}
	}
}

type mentioned struct {
	name  string
	parts []named
}

func distinctMentions(topics []mentioned) ([]mentioned, map[[2]int]bool) {
	return distinctPartitions(topics, func(t *mentioned) (topicKey, *[]named) { return topicKey{name: t.name}, &t.parts },
		func(p *named) int32 { return int32(p.name) })
}

// A topic has the partitions of all its mentions, each once.
func TestDistinctPartitions(t *testing.T) {
	for _, c := range []struct {
		topics, want []mentioned
		twice        map[[2]int]bool
	}{
		{nil, nil, nil},
		{[]mentioned{{"a", nil}}, []mentioned{{"a", nil}}, nil},
		{[]mentioned{{"a", []named{{1, 0}}}, {"b", []named{{1, 0}}}}, []mentioned{{"a", []named{{1, 0}}}, {"b", []named{{1, 0}}}}, nil},
		{[]mentioned{{"a", []named{{1, 0}, {2, 0}, {1, 1}}}}, []mentioned{{"a", []named{{1, 1}, {2, 0}}}}, map[[2]int]bool{{0, 0}: true}},
		{
			[]mentioned{{"a", []named{{1, 0}}}, {"b", []named{{1, 0}}}, {"a", []named{{2, 0}, {1, 1}}}, {"b", nil}},
			[]mentioned{{"a", []named{{1, 1}, {2, 0}}}, {"b", []named{{1, 0}}}},
			map[[2]int]bool{{0, 0}: true},
		},
	} {
		once, twice := distinctMentions(c.topics)
		require.Equal(t, c.want, once)
		require.Equal(t, c.twice, twice)
	}
}

// What repeats nothing comes back as it was, whatever its size.
func TestDistinctPartitionsLeavesTheRestAlone(t *testing.T) {
	for _, size := range []int{1, 4, 5, 100} {
		var topics, want []mentioned
		for i := range size {
			one, other := mentioned{name: fmt.Sprint(i)}, mentioned{name: fmt.Sprint(i)}
			for j := range size {
				one.parts, other.parts = append(one.parts, named{size - j, i}), append(other.parts, named{size - j, i})
			}
			topics, want = append(topics, one), append(want, other)
		}
		once, twice := distinctMentions(topics)
		require.Equal(t, want, once)
		require.Nil(t, twice)
	}
}
