package log

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// commit stores one position and expects that to go well.
func (e *engine) commit(group string, c OffsetCommit) {
	e.t.Helper()
	require.NoError(e.t, outcome(e.t, e.CommitOffsets(group, []OffsetCommit{c}))[0])
}

// What comes back is what was committed last, to the letter.
func TestCommitOffsets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t)
		p := e.topic("t", 3)
		longest := strings.Repeat("m", MaxOffsetMetadata)
		e.commit("g", OffsetCommit{Partition: p[2], Offset: 1, LeaderEpoch: 3, Metadata: "old"})
		e.commit("g", OffsetCommit{Partition: p[1], Offset: 9, LeaderEpoch: -1})
		then := time.Now().UnixMilli()
		time.Sleep(time.Minute)
		errs := outcome(t, e.CommitOffsets("g", []OffsetCommit{
			{Partition: p[2], Offset: 0, LeaderEpoch: -1, Metadata: longest},
			{Partition: p[0], Offset: 1<<63 - 1, LeaderEpoch: 1<<31 - 1, Metadata: "\x00\xff"},
		}))
		require.Equal(t, []error{nil, nil}, errs)
		now := time.Now().UnixMilli()
		e.commit("other", OffsetCommit{Partition: p[0], Offset: 4, LeaderEpoch: -1})
		want := []CommittedOffset{
			{OffsetCommit{p[0], 1<<63 - 1, 1<<31 - 1, "\x00\xff"}, now},
			{OffsetCommit{p[1], 9, -1, ""}, then},
			{OffsetCommit{p[2], 0, -1, longest}, now},
		}
		e.everAfter(func(when string) {
			require.Equal(t, want, e.CommittedOffsets("g"), when)
			for _, w := range want {
				got, ok := e.CommittedOffset("g", w.Partition)
				require.True(t, ok, when)
				require.Equal(t, w, got, when)
			}
			_, ok := e.CommittedOffset("other", p[1])
			require.False(t, ok, when)
			require.Empty(t, e.CommittedOffsets("nobody"), when)
			require.Equal(t, []string{"g", "other"}, e.Groups(), when)
		})
	})
}

// One bad position costs the others of its group nothing, and a group of none but bad ones does not come to be.
func TestCommitOffsetsRefuses(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	errs := outcome(t, e.CommitOffsets("g", []OffsetCommit{
		{Partition: p, Offset: -1, LeaderEpoch: -1},
		{Partition: PartitionID{Topic: p.Topic, Index: 1}},
		{Partition: p, Offset: 5, LeaderEpoch: -1},
		{Partition: PartitionID{Topic: TopicID{7}}},
		{Partition: p, Metadata: strings.Repeat("m", MaxOffsetMetadata+1)},
		{Partition: PartitionID{Topic: p.Topic, Index: -1}},
		{Partition: p, LeaderEpoch: -2},
	}))
	for i, want := range []error{ErrInvalidOffset, ErrPartitionNotFound, nil, ErrTopicNotFound, ErrInvalidOffset, ErrPartitionNotFound, ErrInvalidOffset} {
		require.ErrorIs(t, errs[i], want, "position %d", i)
	}
	got := e.CommittedOffsets("g")
	require.Len(t, got, 1)
	require.Equal(t, OffsetCommit{Partition: p, Offset: 5, LeaderEpoch: -1}, got[0].OffsetCommit)
	require.ErrorIs(t, outcome(t, e.CommitOffsets("none", []OffsetCommit{{Partition: PartitionID{Topic: TopicID{7}}}}))[0], ErrTopicNotFound)
	require.Empty(t, outcome(t, e.CommitOffsets("none", nil)))
	require.Equal(t, []string{"g"}, e.Groups())
}

// Any name is a group's name, as in Kafka, the empty one included, up to a length.
func TestGroupNames(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	names := []string{"", "a b/c", "\xff", strings.Repeat("g", MaxGroupName)}
	for i, name := range names {
		e.commit(name, OffsetCommit{Partition: p, Offset: int64(i)})
	}
	long := strings.Repeat("g", MaxGroupName+1)
	require.ErrorIs(t, outcome(t, e.CommitOffsets(long, []OffsetCommit{{Partition: p}}))[0], ErrInvalidGroup)
	require.ErrorIs(t, outcome(t, e.DeleteOffsets(long, []PartitionID{p}))[0], ErrInvalidGroup)
	require.ErrorIs(t, outcome(t, e.DeleteGroups([]string{long}))[0], ErrInvalidGroup)
	e.everAfter(func(when string) {
		require.Equal(t, slices.Sorted(slices.Values(names)), e.Groups(), when)
		for i, name := range names {
			got, ok := e.CommittedOffset(name, p)
			require.True(t, ok, when)
			require.Equal(t, int64(i), got.Offset, when)
		}
	})
}

func TestDeleteOffsets(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 3)
	for _, id := range p {
		e.commit("g", OffsetCommit{Partition: id, Offset: 1})
		e.commit("other", OffsetCommit{Partition: id, Offset: 1})
	}
	errs := outcome(t, e.DeleteOffsets("g", []PartitionID{p[0], {Topic: TopicID{7}}, p[2], {Topic: p[0].Topic, Index: -1}, p[0]}))
	for i, want := range []error{nil, ErrTopicNotFound, nil, ErrPartitionNotFound, nil} {
		require.ErrorIs(t, errs[i], want, "position %d", i)
	}
	errs = outcome(t, e.DeleteOffsets("nobody", []PartitionID{p[0], p[1]}))
	require.ErrorIs(t, errs[0], ErrGroupNotFound)
	require.ErrorIs(t, errs[1], ErrGroupNotFound)
	e.everAfter(func(when string) {
		got := e.CommittedOffsets("g")
		require.Len(t, got, 1, when)
		require.Equal(t, p[1], got[0].Partition, when)
		require.Len(t, e.CommittedOffsets("other"), 3, when)
	})
	require.NoError(t, outcome(t, e.DeleteOffsets("g", p))[0])
	e.everAfter(func(when string) {
		require.Equal(t, []string{"other"}, e.Groups(), "a group without positions is none, %s", when)
	})
}

func TestDeleteGroups(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 2)
	for i := range 4 {
		e.commit(fmt.Sprint("g", i), OffsetCommit{Partition: p[0], Offset: 1})
		e.commit(fmt.Sprint("g", i), OffsetCommit{Partition: p[1], Offset: 1})
	}
	errs := outcome(t, e.DeleteGroups([]string{"g2", "nobody", "g0", "g2"}))
	for i, want := range []error{nil, ErrGroupNotFound, nil, ErrGroupNotFound} {
		require.ErrorIs(t, errs[i], want, "group %d", i)
	}
	e.everAfter(func(when string) {
		require.Equal(t, []string{"g1", "g3"}, e.Groups(), when)
		require.Empty(t, e.CommittedOffsets("g2"), when)
		require.Len(t, e.CommittedOffsets("g1"), 2, when)
	})
}
