package meta

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// The usage follows everything that clients make the state hold, and a file that is loaded has it again.
func TestUsage(t *testing.T) {
	j := newJournal(t)
	require.Equal(t, Usage{}, j.state.Usage())
	a, b := j.topic("a", 3), j.topic("b", 1)
	j.one(&CreatePartitions{ID: b, Count: 2})
	j.append(at(a, 0), by(1, 0, 0, 10), by(1, 0, 10, 10), by(2, 0, 0, 1))
	j.append(at(b, 1), by(1, 0, 0, 10))
	j.one(&CommitOffsets{Group: "g", Offsets: []CommitOffset{{Partition: at(a, 0), Metadata: "1234"}, {Partition: at(b, 0), Metadata: "12"}, {Partition: at(a, 9)}}})
	j.one(&CommitOffsets{Group: "g", Offsets: []CommitOffset{{Partition: at(a, 0), Metadata: "1"}}})
	j.one(&CommitOffsets{Group: "h", Offsets: []CommitOffset{{Partition: at(a, 1)}}})
	j.one(&NameProducer{Name: "n"})
	j.one(&NameProducer{Name: "n"})
	want := Usage{Topics: 2, Partitions: 5, Groups: 2, Offsets: 3, OffsetMetadataBytes: 3, Producers: 3, ProducerNames: 1}
	require.Equal(t, want, j.state.Usage())

	var d testDB
	d.open(t)
	d.save(t, j.state)
	require.Equal(t, want, d.load(t).Usage())
	require.NoError(t, d.Close())

	j.one(&DeleteTopic{ID: a})
	require.Equal(t, Usage{Topics: 1, Partitions: 2, Groups: 1, Offsets: 1, OffsetMetadataBytes: 2, Producers: 1, ProducerNames: 1}, j.state.Usage())
	j.one(&DeleteGroup{Group: "g"})
	require.Equal(t, Usage{Topics: 1, Partitions: 2, Producers: 1, ProducerNames: 1}, j.state.Usage())
	j.now += ProducerExpiration
	j.one(&DeleteRecords{Partition: at(b, 1), Offset: 1})
	require.Equal(t, Usage{Topics: 1, Partitions: 2}, j.state.Usage(), "producers are forgotten")
}

// A topic takes the positions of every group along, whether the group has more of them or the topic more partitions.
func TestDeleteTopicOfManyGroups(t *testing.T) {
	for partitions := range int32(4) {
		j := newJournal(t)
		gone, stays := j.topic("gone", partitions+1), j.topic("stays", 3)
		for g := range 3 {
			e := &CommitOffsets{Group: fmt.Sprint(g), Offsets: []CommitOffset{{Partition: at(gone, partitions), Metadata: "m"}}}
			for i := range int32(g) {
				e.Offsets = append(e.Offsets, CommitOffset{Partition: at(stays, i)})
			}
			j.one(e)
		}
		require.EqualValues(t, 6, j.state.Usage().Offsets)
		j.one(&DeleteTopic{ID: gone})
		require.Equal(t, Usage{Topics: 1, Partitions: 3, Groups: 2, Offsets: 3}, j.state.Usage())
		require.NoError(t, j.state.Check())
	}
}
