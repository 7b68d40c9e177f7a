package meta

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommitOffsets(t *testing.T) {
	j := newJournal(t)
	id := j.topic("a", 2)
	out := j.one(&CommitOffsets{Group: "g", Offsets: []CommitOffset{
		{Partition: at(id, 1), Offset: 1 << 40, LeaderEpoch: -1, Metadata: "beyond the end"},
		{Partition: at(id, 0), Offset: 0, LeaderEpoch: 3},
	}})
	require.Nil(t, out.Errs)
	o, ok := j.state.GroupOffset("g", at(id, 1))
	require.True(t, ok)
	require.Equal(t, GroupOffset{Offset: 1 << 40, LeaderEpoch: -1, Metadata: "beyond the end", CommittedAt: j.now}, o)
	var partitions []PartitionID
	for p := range j.state.GroupOffsets("g") {
		partitions = append(partitions, p)
	}
	require.Equal(t, []PartitionID{at(id, 0), at(id, 1)}, partitions, "in order")

	j.one(&CommitOffsets{Group: "g", Offsets: []CommitOffset{{Partition: at(id, 1), Offset: 5}, {Partition: at(id, 1), Offset: 2}}})
	o, _ = j.state.GroupOffset("g", at(id, 1))
	require.EqualValues(t, 2, o.Offset, "the last one counts, even if it goes back")
}

func TestCommitOffsetsErrorPerPosition(t *testing.T) {
	j := newJournal(t)
	id := j.topic("a", 1)
	out := j.one(&CommitOffsets{Group: "g", Offsets: []CommitOffset{{Partition: at(id, 1)}, {Partition: at(id, 0), Offset: 7}, {Partition: at(topicID("none"), 0)}}})
	require.Len(t, out.Errs, 3)
	require.ErrorIs(t, out.Errs[0], ErrPartitionNotFound)
	require.NoError(t, out.Errs[1])
	require.ErrorIs(t, out.Errs[2], ErrTopicNotFound)
	o, _ := j.state.GroupOffset("g", at(id, 0))
	require.EqualValues(t, 7, o.Offset)

	j.one(&CommitOffsets{Group: "nothing", Offsets: []CommitOffset{{Partition: at(id, 1)}}})
	require.Equal(t, []string{"g"}, slices.Collect(j.state.Groups()), "a group exists while it has offsets")
}

func TestDeleteOffsets(t *testing.T) {
	j := newJournal(t)
	id := j.topic("a", 3)
	j.one(&CommitOffsets{Group: "g", Offsets: []CommitOffset{{Partition: at(id, 0)}, {Partition: at(id, 1)}}})
	out := j.one(&DeleteOffsets{Group: "g", Partitions: []PartitionID{at(id, 0), at(id, 2), at(id, 3)}})
	require.NoError(t, out.Errs[0])
	require.NoError(t, out.Errs[1], "nothing was committed: nothing to do")
	require.ErrorIs(t, out.Errs[2], ErrPartitionNotFound)
	_, ok := j.state.GroupOffset("g", at(id, 0))
	require.False(t, ok)
	require.Nil(t, j.one(&DeleteOffsets{Group: "g", Partitions: []PartitionID{at(id, 1)}}).Errs)
	require.Empty(t, slices.Collect(j.state.Groups()))
	require.ErrorIs(t, j.commit(&DeleteOffsets{Group: "g"})[0].Err, ErrGroupNotFound)
}

func TestDeleteGroup(t *testing.T) {
	j := newJournal(t)
	id := j.topic("a", 1)
	for _, group := range []string{"b", "", "a"} {
		j.one(&CommitOffsets{Group: group, Offsets: []CommitOffset{{Partition: at(id, 0)}}})
	}
	require.Equal(t, []string{"", "a", "b"}, slices.Collect(j.state.Groups()))
	j.one(&DeleteGroup{Group: "a"})
	require.Equal(t, []string{"", "b"}, slices.Collect(j.state.Groups()))
	require.ErrorIs(t, j.commit(&DeleteGroup{Group: "a"})[0].Err, ErrGroupNotFound)
}
