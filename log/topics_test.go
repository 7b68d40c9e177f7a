package log

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/meta"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

func TestTopicNames(t *testing.T) {
	e := newEngine(t)
	for _, c := range []struct {
		name string
		want error
	}{
		{"a", nil},
		{"Orders.eu-west_1", nil},
		{"0", nil},
		{"...", nil},
		{"__consumer_offsets", nil},
		{strings.Repeat("x", MaxTopicName), nil},
		{"", ErrInvalidTopic},
		{".", ErrInvalidTopic},
		{"..", ErrInvalidTopic},
		{strings.Repeat("x", MaxTopicName+1), ErrInvalidTopic},
		{"with space", ErrInvalidTopic},
		{"a/b", ErrInvalidTopic},
		{"a:b", ErrInvalidTopic},
		{"nul\x00", ErrInvalidTopic},
		{"ärger", ErrInvalidTopic},
		{"\xff", ErrInvalidTopic},
		{"Orders_eu-west.1", ErrInvalidTopic},
		{"__consumer.offsets", ErrInvalidTopic},
		{"__cluster_metadata", ErrReservedTopic},
		{"__cluster.metadata", nil},
	} {
		spec := []TopicSpec{{Name: c.name, Partitions: 1}}
		require.ErrorIs(t, e.ValidateTopics(spec)[0].Err, c.want, "%q", c.name)
		require.ErrorIs(t, outcome(t, e.CreateTopics(spec))[0].Err, c.want, "%q", c.name)
		_, err := e.Topic(c.name)
		require.Equal(t, c.want == nil, err == nil, "%q", c.name)
	}
}

// One call creates all that can be created and says of each other topic what is wrong with it.
func TestCreateTopics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t)
		e.topic("there", 1)
		specs := []TopicSpec{
			{Name: "there", Partitions: 1},
			{Name: "b", Partitions: 3, Configs: map[string]string{"retention.ms": "1", "cleanup.policy": "delete"}},
			{Name: "b", Partitions: 1},
			{Name: "none", Partitions: 0},
			{Name: "negative", Partitions: -1},
			{Name: "many", Partitions: MaxPartitions + 1},
			{Name: "unknown", Partitions: 1, Configs: map[string]string{"segment.ms": "1"}},
			{Name: "wrong", Partitions: 1, Configs: map[string]string{"cleanup.policy": "compact"}},
			{Name: "a", Partitions: MaxPartitions},
		}
		want := []error{ErrTopicExists, nil, ErrTopicExists, ErrInvalidPartitions, ErrInvalidPartitions, ErrInvalidPartitions, ErrInvalidConfig, ErrInvalidConfig, nil}
		now := time.Now().Truncate(time.Millisecond)
		res := outcome(t, e.CreateTopics(specs))
		for i, err := range want {
			require.ErrorIs(t, res[i].Err, err, specs[i].Name)
		}
		a, b := res[8].Topic, res[1].Topic
		require.Equal(t, Topic{ID: b.ID, Name: "b", Partitions: 3, Configs: map[string]string{"retention.ms": "1", "cleanup.policy": "delete"}, CreatedAt: now, Replicas: 1, InSync: 1}, b)
		require.NotEqual(t, a.ID, b.ID)
		require.NotZero(t, a.ID)
		e.everAfter(func(when string) {
			var names []string
			for _, topic := range e.Topics() {
				names = append(names, topic.Name)
			}
			require.Equal(t, []string{"a", "b", "there"}, names, when)
			byName, err := e.Topic("b")
			require.NoError(t, err, when)
			require.Equal(t, b, byName, when)
			byID, err := e.TopicByID(b.ID)
			require.NoError(t, err, when)
			require.Equal(t, b, byID, when)
			_, err = e.Bounds(PartitionID{Topic: a.ID, Index: MaxPartitions - 1})
			require.NoError(t, err, when)
		})
	})
}

// The caller may use its map again: what is on its way into the journal is a copy.
func TestCreateTopicsKeepsNothingOfTheCallers(t *testing.T) {
	e := newEngine(t)
	configs := map[string]string{"retention.ms": "1"}
	pending := e.CreateTopics([]TopicSpec{{Name: "t", Partitions: 1, Configs: configs}})
	configs["retention.ms"] = "no number"
	require.NoError(t, outcome(t, pending)[0].Err)
	topic, err := e.Topic("t")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"retention.ms": "1"}, topic.Configs)
}

func TestValidateTopicsChangesNothing(t *testing.T) {
	e := newEngine(t)
	res := e.ValidateTopics([]TopicSpec{{Name: "t", Partitions: 2}, {Name: "t"}})
	require.NoError(t, res[0].Err)
	id := res[0].Topic.ID
	require.NotZero(t, id)
	require.Equal(t, Topic{ID: id, Name: "t", Partitions: 2, Replicas: 1, InSync: 1}, res[0].Topic)
	_, err := e.TopicByID(id)
	require.ErrorIs(t, err, ErrTopicNotFound)
	require.ErrorIs(t, res[1].Err, ErrInvalidPartitions)
	require.Empty(t, e.Topics())
}

func TestUnknownTopic(t *testing.T) {
	e := newEngine(t)
	_, err := e.Topic("nobody")
	require.ErrorIs(t, err, ErrTopicNotFound)
	require.ErrorContains(t, err, "nobody")
	_, err = e.TopicByID(TopicID{7})
	require.ErrorIs(t, err, ErrTopicNotFound)
	require.ErrorContains(t, err, meta.FormatID(TopicID{7}))
}

// A deleted topic takes its records and offsets along; its name is free for a topic that has nothing to do with it.
func TestDeleteTopics(t *testing.T) {
	e := newEngine(t)
	old, other := e.topic("t", 2)[1], e.topic("other", 1)[0]
	require.NoError(t, e.append(old, testBatch(t, nil, "old")).Err)
	require.NoError(t, e.append(other, testBatch(t, nil, "stays")).Err)
	for _, err := range outcome(t, e.CommitOffsets("g", []OffsetCommit{{Partition: old, Offset: 1}, {Partition: other, Offset: 1}})) {
		require.NoError(t, err)
	}
	errs := outcome(t, e.DeleteTopics([]TopicID{old.Topic, {7}, old.Topic}))
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], ErrTopicNotFound)
	require.ErrorIs(t, errs[2], ErrTopicNotFound, "the second time")
	fresh := e.topic("t", 1)[0]
	require.NotEqual(t, old.Topic, fresh.Topic)
	e.everAfter(func(when string) {
		for what, err := range partitionErrors(e, old) {
			require.ErrorIs(t, err, ErrTopicNotFound, "%s %s", what, when)
		}
		_, err := e.TopicByID(old.Topic)
		require.ErrorIs(t, err, ErrTopicNotFound, when)
		_, committed := e.CommittedOffset("g", old)
		require.False(t, committed, when)
		_, committed = e.CommittedOffset("g", other)
		require.True(t, committed, when)
		require.Empty(t, e.values(fresh, 0), when)
		require.Equal(t, []string{"stays"}, e.values(other, 0), when)
	})
}

// partitionErrors asks for a partition in every way there is.
func partitionErrors(e *engine, p PartitionID) map[string]error {
	ctx := e.t.Context()
	errs := map[string]error{}
	_, errs["Bounds"] = e.Bounds(p)
	_, _, errs["EpochEnd"] = e.EpochEnd(p, 1)
	_, errs["OffsetForTime"] = e.OffsetForTime(ctx, p, 0)
	_, errs["OffsetForMaxTime"] = e.OffsetForMaxTime(ctx, p)
	errs["Read"] = e.Read(ctx, []ReadRequest{{Partition: p, MaxBytes: 1, LeaderEpoch: -1}}, ReadOptions{MaxBytes: 1})[0].Err
	errs["Append"] = e.append(p, testBatch(e.t, nil, "v")).Err
	errs["DeleteRecords"] = outcome(e.t, e.DeleteRecords([]DeleteSpec{{p, 0}}))[0].Err
	errs["CommitOffsets"] = outcome(e.t, e.CommitOffsets("g", []OffsetCommit{{Partition: p}}))[0]
	errs["DeleteOffsets"] = outcome(e.t, e.DeleteOffsets("g", []PartitionID{p}))[0]
	return errs
}

func TestPartitionsThatAreNotThere(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 2)[0]
	require.NoError(t, outcome(t, e.CommitOffsets("g", []OffsetCommit{{Partition: p}}))[0])
	for _, index := range []int32{-1, 2, 1<<31 - 1} {
		for what, err := range partitionErrors(e, PartitionID{Topic: p.Topic, Index: index}) {
			require.ErrorIs(t, err, ErrPartitionNotFound, "%s of partition %d", what, index)
		}
	}
}

// Whoever waits for a record of a topic learns at once that there will be none.
func TestDeletedTopicWakesItsReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t)
		p := e.topic("t", 1)[0]
		answer := make(chan ReadResult)
		go func() {
			answer <- e.Read(t.Context(), []ReadRequest{{Partition: p, MaxBytes: 1, LeaderEpoch: -1}}, ReadOptions{MaxBytes: 1, MinBytes: 1, MaxWait: time.Hour})[0]
		}()
		synctest.Wait()
		start := time.Now()
		require.NoError(t, outcome(t, e.DeleteTopics([]TopicID{p.Topic}))[0])
		require.ErrorIs(t, (<-answer).Err, ErrTopicNotFound)
		require.Zero(t, time.Since(start))
	})
}

// A batch that was taken before its topic went, and is applied after, is refused and not lost silently.
func TestAppendBehindDeleteTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store)
		p, other := e.topic("t", 1)[0], e.topic("other", 1)[0]
		put := store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		deleted := e.DeleteTopics([]TopicID{p.Topic})
		require.NoError(t, put.Wait(t.Context(), 1))
		late, good := e.start(p, testBatch(t, nil, "a", "b")), e.start(other, testBatch(t, nil, "c"))
		put.Mend()
		require.NoError(t, outcome(t, deleted)[0])
		require.ErrorIs(t, outcome(t, late)[0].Err, ErrTopicNotFound)
		require.NoError(t, outcome(t, good)[0].Err)
		require.Equal(t, int64(len(testBatch(t, nil, "c"))), e.Stats().TailBytes)
	})
}

func TestCreatePartitions(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 2)[0]
	require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
	for _, c := range []struct {
		topic string
		count int32
		want  error
	}{
		{"t", 2, ErrInvalidPartitions},
		{"t", 1, ErrInvalidPartitions},
		{"t", 0, ErrInvalidPartitions},
		{"t", -1, ErrInvalidPartitions},
		{"t", MaxPartitions + 1, ErrInvalidPartitions},
		{"nobody", 3, ErrTopicNotFound},
		{"t", MaxPartitions, nil},
	} {
		specs := []PartitionsSpec{{Topic: c.topic, Count: c.count}}
		require.ErrorIs(t, outcome(t, e.CreatePartitions(specs, true))[0], c.want, "%+v", c)
		if c.want != nil {
			require.ErrorIs(t, outcome(t, e.CreatePartitions(specs, false))[0], c.want, "%+v", c)
		}
	}
	topic, err := e.Topic("t")
	require.NoError(t, err)
	require.EqualValues(t, 2, topic.Partitions, "nothing but validated so far")

	// In one call both pass the look at the state; the journal's order decides.
	errs := outcome(t, e.CreatePartitions([]PartitionsSpec{{"t", 5}, {"t", 4}, {"nobody", 9}}, false))
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], ErrInvalidPartitions)
	require.ErrorIs(t, errs[2], ErrTopicNotFound)
	fresh := PartitionID{Topic: p.Topic, Index: 4}
	require.NoError(t, e.append(fresh, testBatch(t, nil, "new")).Err)
	e.everAfter(func(when string) {
		topic, err := e.Topic("t")
		require.NoError(t, err, when)
		require.EqualValues(t, 5, topic.Partitions, when)
		require.Equal(t, []string{"new"}, e.values(fresh, 0), when)
		require.Equal(t, []string{"v"}, e.values(p, 0), when)
	})
}
