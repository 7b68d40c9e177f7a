package meta

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCreateTopic(t *testing.T) {
	j := newJournal(t)
	configs := map[string]string{"retention.ms": "1"}
	e := &CreateTopic{ID: topicID("a"), Name: "a", Partitions: 2, Configs: configs}
	j.one(e)
	topic := j.state.TopicByName("a")
	require.Same(t, topic, j.state.TopicByID(e.ID))
	require.Equal(t, j.now, topic.CreatedAt)
	require.Equal(t, configs, topic.Configs)
	require.Len(t, topic.Partitions, 2)
	require.Same(t, topic.Partitions[1], j.state.Partition(at(e.ID, 1)))
	require.Nil(t, j.state.Partition(at(e.ID, 2)))
	require.Nil(t, j.state.Partition(at(e.ID, -1)))
	require.Nil(t, j.state.Partition(at(topicID("b"), 0)))

	require.ErrorIs(t, j.commit(&CreateTopic{ID: topicID("b"), Name: "a", Partitions: 1})[0].Err, ErrTopicExists)
	require.ErrorIs(t, j.commit(&CreateTopic{ID: e.ID, Name: "b", Partitions: 1})[0].Err, ErrTopicExists)
	require.Nil(t, j.state.TopicByName("b"))
}

func TestTopicsAreInOrder(t *testing.T) {
	j := newJournal(t)
	for _, name := range []string{"m", "z", "a", "b", "y"} {
		j.topic(name, 1)
	}
	j.one(&DeleteTopic{ID: topicID("m")})
	j.one(&DeleteTopic{ID: topicID("a")})
	var names []string
	for topic := range j.state.Topics() {
		names = append(names, topic.Name)
	}
	require.Equal(t, []string{"b", "y", "z"}, names)
}

func TestCreatePartitionsOnlyAdds(t *testing.T) {
	j := newJournal(t)
	id := j.topic("a", 2)
	j.append(at(id, 1), plain(5))
	kept := j.state.Partition(at(id, 1))
	j.one(&CreatePartitions{ID: id, Count: 4})
	require.Len(t, j.state.TopicByID(id).Partitions, 4)
	require.Same(t, kept, j.state.Partition(at(id, 1)))
	for _, n := range []int32{4, 3, 1} {
		require.ErrorIs(t, j.commit(&CreatePartitions{ID: id, Count: n})[0].Err, ErrInvalidPartitions)
	}
	require.Len(t, j.state.TopicByID(id).Partitions, 4)
}

func TestAlterConfigs(t *testing.T) {
	j := newJournal(t)
	id := j.topic("a", 1)
	j.one(&AlterConfigs{ID: id, Set: map[string]string{"a": "1", "b": "2"}})
	kept := j.state.TopicByID(id).Configs
	j.one(&AlterConfigs{ID: id, Remove: []string{"a", "none", "b"}, Set: map[string]string{"b": "3", "c": "4"}})
	require.Equal(t, map[string]string{"b": "3", "c": "4"}, j.state.TopicByID(id).Configs, "set after removed")
	require.Equal(t, map[string]string{"a": "1", "b": "2"}, kept, "a reader's copy does not change")
	j.one(&AlterConfigs{ID: id, Replace: true, Set: map[string]string{"d": "5"}})
	require.Equal(t, map[string]string{"d": "5"}, j.state.TopicByID(id).Configs)
}

func TestUnknownTopic(t *testing.T) {
	j := newJournal(t)
	id := topicID("none")
	for _, e := range []Entry{
		&DeleteTopic{ID: id}, &CreatePartitions{ID: id, Count: 1}, &AlterConfigs{ID: id},
		block(at(id, 0), plain(1)), &DeleteRecords{Partition: at(id, 0)},
	} {
		require.ErrorIs(t, j.commit(e)[0].Err, ErrTopicNotFound)
	}
	j.topic("some", 1)
	require.ErrorIs(t, j.commit(&DeleteRecords{Partition: at(topicID("some"), 1)})[0].Err, ErrPartitionNotFound)
}

func TestDeleteTopicTakesAllOfIt(t *testing.T) {
	j := newJournal(t)
	a, b := j.topic("a", 2), j.topic("b", 1)
	out := j.commit(block(at(a, 0), by(1, 0, 0, 1)), block(at(a, 1), plain(1)), block(at(b, 0), plain(1)))
	require.Len(t, out, 3)
	segment := j.state.Seq
	require.Equal(t, 3, j.state.Segment(segment).Extents)
	j.one(&CommitOffsets{Group: "both", Offsets: []CommitOffset{{Partition: at(a, 0)}, {Partition: at(b, 0)}}})
	j.one(&CommitOffsets{Group: "only a", Offsets: []CommitOffset{{Partition: at(a, 1)}}})

	j.one(&DeleteTopic{ID: a})
	require.Nil(t, j.state.TopicByName("a"))
	require.Nil(t, j.state.TopicByID(a))
	require.Equal(t, 1, j.state.Segment(segment).Extents)
	require.Equal(t, []string{"both"}, slices.Collect(j.state.Groups()))
	_, ok := j.state.GroupOffset("both", at(a, 0))
	require.False(t, ok)

	// Created again, it has nothing of what it was.
	j.one(&CreateTopic{ID: topicID("a2"), Name: "a", Partitions: 1})
	require.Zero(t, j.state.Partition(at(topicID("a2"), 0)).HighWatermark)
}

// A commit may delete a topic and give its name to another, any number of times: the list of topics has the last alone.
func TestTopicsOfOneCommitStayInOrder(t *testing.T) {
	j := newJournal(t)
	first := j.topic("b", 1)
	j.topic("a", 1)
	j.topic("c", 1)
	second, third := topicID("second"), topicID("third")
	for _, out := range j.commit(
		&DeleteTopic{ID: first}, &CreateTopic{ID: second, Name: "b", Partitions: 2}, &DeleteTopic{ID: second},
		&CreateTopic{ID: third, Name: "b", Partitions: 3}, &CreateTopic{ID: topicID("d"), Name: "aa", Partitions: 1},
	) {
		require.NoError(t, out.Err)
	}
	var names []string
	for topic := range j.state.Topics() {
		names = append(names, topic.Name)
	}
	require.Equal(t, []string{"a", "aa", "b", "c"}, names)
	require.Equal(t, third, j.state.TopicByName("b").ID)
	require.NoError(t, j.state.Check())
}
