package meta

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTopicListStaysInOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var l topicList
	there := map[string]*Topic{}
	for range 20_000 {
		name := fmt.Sprint(r.IntN(5000))
		if topic := there[name]; topic != nil && r.IntN(3) > 0 {
			l.remove(topic)
			delete(there, name)
		} else if topic == nil {
			there[name] = &Topic{Name: name}
			l.add(there[name])
		}
		require.Equal(t, len(there), l.len())
	}
	require.Greater(t, len(l.runs), 2)
	check := func() {
		var names []string
		for topic := range l.all {
			names = append(names, topic.Name)
			require.Same(t, there[topic.Name], topic)
		}
		require.Len(t, names, len(there))
		require.True(t, slices.IsSorted(names))
	}
	check()
	for topic := range l.all {
		require.NotNil(t, topic)
		break // whoever has seen enough may stop
	}
	for name, topic := range there {
		l.remove(topic)
		delete(there, name)
	}
	check()
	require.Empty(t, l.runs)
	l.remove(&Topic{Name: "unknown"})
	l.add(&Topic{Name: "a"})
	l.remove(&Topic{Name: "unknown"})
	require.Equal(t, 1, l.len())
}
