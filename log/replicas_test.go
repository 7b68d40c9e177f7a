package log

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// What was asked for is read back, after every kind of start.
func TestReplicasAreKept(t *testing.T) {
	e := newEngine(t)
	specs := []TopicSpec{{Name: "none", Partitions: 1}, {Name: "one", Partitions: 1, Replicas: 1}, {Name: "three", Partitions: 2, Replicas: 3}, {Name: "changed", Partitions: 1, Replicas: 3}}
	for _, r := range outcome(t, e.CreateTopics(specs)) {
		require.NoError(t, r.Err)
	}
	changed, err := e.Topic("changed")
	require.NoError(t, err)
	require.NoError(t, outcome(t, e.AlterReplicas([]ReplicasSpec{{changed.ID, 1}}))[0])
	e.everAfter(func(when string) {
		got := make(map[string]int32)
		for _, topic := range e.Topics() {
			got[topic.Name] = topic.Replicas
			require.Equal(t, topic.Replicas, topic.InSync, when)
		}
		require.Equal(t, map[string]int32{"none": 1, "one": 1, "three": 3, "changed": 1}, got, when)
	})
}

// As many replicas are in sync as min.insync.replicas wants, whatever number was asked for.
func TestReplicasInSync(t *testing.T) {
	e := newEngine(t)
	for _, c := range []struct {
		asked, least, replicas, inSync int32
	}{{0, 1, 1, 1}, {0, 2, 1, 2}, {3, 2, 3, 3}, {3, 3, 3, 3}, {1, 2, 1, 2}, {0, maxInt32, 1, MaxReplicas}, {MaxReplicas, 1, MaxReplicas, MaxReplicas}} {
		name := "t" + strconv.Itoa(int(c.asked)) + "-" + strconv.Itoa(int(c.least))
		spec := TopicSpec{Name: name, Partitions: 1, Replicas: c.asked, Configs: map[string]string{"min.insync.replicas": strconv.Itoa(int(c.least))}}
		require.NoError(t, outcome(t, e.CreateTopics([]TopicSpec{spec}))[0].Err)
		topic, err := e.Topic(name)
		require.NoError(t, err)
		require.Equal(t, [2]int32{c.replicas, c.inSync}, [2]int32{topic.Replicas, topic.InSync}, "%+v", c)
	}
	require.NoError(t, e.alter(ConfigChange{Topic: "t3-2", Set: map[string]string{"min.insync.replicas": "5"}}))
	topic, err := e.Topic("t3-2")
	require.NoError(t, err)
	require.EqualValues(t, 5, topic.InSync)
}

func TestReplicasThatCannotBe(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	for _, n := range []int32{-1, MaxReplicas + 1, maxInt32} {
		require.ErrorIs(t, outcome(t, e.CreateTopics([]TopicSpec{{Name: "new", Partitions: 1, Replicas: n}}))[0].Err, ErrInvalidReplicas)
		require.ErrorIs(t, outcome(t, e.AlterReplicas([]ReplicasSpec{{p.Topic, n}}))[0], ErrInvalidReplicas)
	}
	require.ErrorIs(t, outcome(t, e.AlterReplicas([]ReplicasSpec{{TopicID{1}, 1}}))[0], ErrTopicNotFound)
}
