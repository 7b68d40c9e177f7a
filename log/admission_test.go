package log

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// adders add one of each thing that is bounded: the i-th new one, or again the first.
func (e *engine) adders(p PartitionID) map[string]func(i int) error {
	commit := func(group string, c OffsetCommit) error {
		return outcome(e.t, e.CommitOffsets(group, []OffsetCommit{c}))[0]
	}
	create := func(name string, n int32) error {
		return outcome(e.t, e.CreateTopics([]TopicSpec{{Name: name, Partitions: n}}))[0].Err
	}
	return map[string]func(i int) error{
		"max-topics":     func(i int) error { return create(fmt.Sprint("new-", i), 1) },
		"max-partitions": func(i int) error { return create(fmt.Sprint("new-", i), 1) },
		"max-groups":     func(i int) error { return commit(fmt.Sprint("group-", i), OffsetCommit{Partition: p}) },
		"max-offsets": func(i int) error {
			return commit("g", OffsetCommit{Partition: PartitionID{Topic: p.Topic, Index: int32(i)}})
		},
		"max-offset-metadata-size": func(i int) error {
			return commit("g", OffsetCommit{Partition: p, Metadata: strings.Repeat("m", i+1)})
		},
		"max-producers": func(i int) error {
			return e.append(p, testBatch(e.t, &record.Sequence{ProducerID: int64(i + 1), ProducerEpoch: int16(e.LeaderEpoch())}, "v")).Err
		},
		"max-producer-names": func(i int) error {
			_, err := e.ProducerID(e.t.Context(), fmt.Sprint("name-", i))
			return err
		},
	}
}

// Every bound refuses what is new, by its name, and nothing else: what exists works on, also on a bucket that holds
// more than the settings allow, and a replay gives the same state whatever they are.
func TestLimits(t *testing.T) {
	for _, l := range limits {
		t.Run(l.setting, func(t *testing.T) {
			var refused []error
			low := func(o *Options) {
				*l.of(&o.Limits) = 5
				o.Events.Refused = func(err error) { refused = append(refused, err) }
			}
			e := newEngine(t, low)
			p := e.topic("t", 2)[0]
			if l.setting != "max-partitions" {
				*l.of(&e.admission.limits) += 100
				require.NoError(t, outcome(t, e.CreatePartitions([]PartitionsSpec{{"t", 50}}, false))[0])
				*l.of(&e.admission.limits) = 5
			}
			u := e.state.Usage()
			n := int(5 - *l.of(&u)) // that fit
			require.Positive(t, n)
			add := e.adders(p)[l.setting]
			for i := range n {
				require.NoError(t, add(i), i)
			}
			requireLimit(t, add(n), LimitError{l.setting, 5, 5, 1})
			require.Len(t, refused, 1)
			require.ErrorContains(t, refused[0], l.setting+" is 5, there are 5, and 1 more were asked for")

			works := func(when string) {
				other := outcome(t, e.CommitOffsets("g", []OffsetCommit{{Partition: p, Offset: 1}}))[0]
				if u := e.state.Usage(); u.Groups > 0 && e.state.HasGroup("g") {
					require.NoError(t, other, when)
				}
				require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err, when)
				require.NotEmpty(t, e.values(p, 0), when)
			}
			works("at the limit")
			held := e.state.Usage()
			*l.of(&e.o.Limits) = 2 // from the next start on
			e.everAfter(func(when string) {
				if when != "now" {
					require.Equal(t, *l.of(&held), func() int64 { u := e.state.Usage(); return *l.of(&u) }(), when)
					require.ErrorIs(t, e.adders(p)[l.setting](n+10), ErrLimit, when)
				}
				works(when)
			})
		})
	}
}

func requireLimit(t testing.TB, err error, want LimitError) {
	t.Helper()
	require.ErrorIs(t, err, ErrLimit)
	got, ok := errors.AsType[*LimitError](err)
	require.True(t, ok)
	require.Equal(t, want, *got)
}

// What is on its way counts, so that many requests at once do not get past a bound that each of them would keep.
func TestLimitsCountWhatIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store, func(o *Options) {
			o.Limits = Usage{Topics: 3, Partitions: 10, Groups: 1, Offsets: 2, Producers: 1, ProducerNames: 1}
		})
		p := e.topic("t", 2)
		outage := store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		first := e.CreateTopics([]TopicSpec{{Name: "a", Partitions: 5}, {Name: "a", Partitions: 3}})
		requireLimit(t, e.CreateTopics([]TopicSpec{{Name: "b", Partitions: 1}}).result()[0].Err, LimitError{"max-topics", 3, 3, 1})
		requireLimit(t, e.CreatePartitions([]PartitionsSpec{{"t", 3}}, false).result()[0], LimitError{"max-partitions", 10, 10, 1})
		requireLimit(t, e.CreatePartitions([]PartitionsSpec{{"t", 3}}, true).result()[0], LimitError{"max-partitions", 10, 10, 1})
		positions := e.CommitOffsets("g", []OffsetCommit{{Partition: p[0]}, {Partition: p[1]}})
		require.ErrorIs(t, e.CommitOffsets("h", []OffsetCommit{{Partition: p[0]}}).result()[0], ErrLimit)
		producer := e.start(p[0], testBatch(t, &record.Sequence{ProducerID: 1}, "v"))
		late, err := e.Append(t.Context(), []AppendRequest{{p[0], testBatch(t, &record.Sequence{ProducerID: 2}, "v")}, {p[1], testBatch(t, nil, "v")}})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = e.ProducerID(ctx, "n")
		require.ErrorIs(t, err, ErrTimeout, "it is on its way")
		_, err = e.ProducerID(t.Context(), "m")
		require.ErrorIs(t, err, ErrLimit)
		outage.Mend()
		created := outcome(t, first)
		require.NoError(t, created[0].Err)
		require.ErrorIs(t, created[1].Err, ErrTopicExists)
		for _, err := range outcome(t, positions) {
			require.NoError(t, err)
		}
		require.NoError(t, outcome(t, producer)[0].Err)
		appended := outcome(t, late)
		require.ErrorIs(t, appended[0].Err, ErrLimit)
		require.NoError(t, appended[1].Err, "who shares a request with a refused one")
		require.Equal(t, Usage{Topics: 2, Partitions: 7, Groups: 1, Offsets: 2, Producers: 1, ProducerNames: 1}, e.state.Usage())
		require.NoError(t, outcome(t, e.CreateTopics([]TopicSpec{{Name: "b", Partitions: 3}}))[0].Err, "what came to nothing was given back")
	})
}

// A consumer that moves on must not fail because another partition is new to its group.
func TestNewPositionsAreRefusedAlone(t *testing.T) {
	var refused int
	e := newEngine(t, func(o *Options) { o.Limits.Offsets = 2; o.Events.Refused = func(error) { refused++ } })
	p := e.topic("t", 4)
	require.NoError(t, outcome(t, e.CommitOffsets("g", []OffsetCommit{{Partition: p[2]}}))[0])
	errs := outcome(t, e.CommitOffsets("g", []OffsetCommit{{Partition: p[0], Offset: 5}, {Partition: p[1]}, {Partition: p[2], Offset: 5}, {Partition: p[3]}}))
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], ErrLimit)
	require.NoError(t, errs[2])
	require.ErrorIs(t, errs[3], ErrLimit)
	require.Equal(t, 1, refused, "once for a commit")
	require.Len(t, e.CommittedOffsets("g"), 2)
	require.ErrorIs(t, outcome(t, e.CommitOffsets("g", []OffsetCommit{{Partition: p[1]}}))[0], ErrLimit)
	require.NoError(t, outcome(t, e.DeleteOffsets("g", p[:1]))[0])
	require.NoError(t, outcome(t, e.CommitOffsets("g", []OffsetCommit{{Partition: p[1]}}))[0], "there is room again")
}

// Topics of one request that are only validated count together, like those that are created.
func TestValidateTopicsCountsAllOfTheRequest(t *testing.T) {
	e := newEngine(t, func(o *Options) { o.Limits.Partitions = 10 })
	specs := []TopicSpec{{Name: "a", Partitions: 6}, {Name: "b", Partitions: 6}, {Name: "c", Partitions: 4}}
	for range 2 {
		res := e.ValidateTopics(specs)
		require.NoError(t, res[0].Err)
		requireLimit(t, res[1].Err, LimitError{"max-partitions", 10, 0, 12})
		require.NoError(t, res[2].Err)
	}
	res := outcome(t, e.CreateTopics(specs))
	require.NoError(t, res[0].Err)
	require.ErrorIs(t, res[1].Err, ErrLimit)
	require.NoError(t, res[2].Err)
}

// A claim that comes to nothing because its log ends is given back; see also what every test ends with.
func TestClaimsOfAFlushThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store)
		outage := store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		sealed := e.CreateTopics([]TopicSpec{{Name: "a", Partitions: 5}})
		require.NoError(t, outage.Wait(t.Context(), 1))
		current := e.CreateTopics([]TopicSpec{{Name: "b", Partitions: 7}})
		require.EqualValues(t, 12, e.admission.pending.changes)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.Error(t, e.Close(ctx))
		require.Equal(t, claim{}, e.admission.pending)
		for _, pending := range []*Pending[[]TopicResult]{sealed, current} {
			_, err := pending.Wait(t.Context())
			require.ErrorIs(t, err, ErrClosed)
		}
		require.ErrorIs(t, e.CreateTopics([]TopicSpec{{Name: "c", Partitions: 1}}).result()[0].Err, ErrClosed)
		require.Equal(t, claim{}, e.admission.pending)
		outage.Mend()
	})
}

// The state keeps a config as it was written, and a number may be written with any number of zeros.
func TestConfigValuesAreBounded(t *testing.T) {
	e := newEngine(t)
	long := map[string]string{"retention.ms": strings.Repeat("0", MaxConfigValue) + "1"}
	require.ErrorIs(t, e.ValidateTopics([]TopicSpec{{Name: "t", Partitions: 1, Configs: long}})[0].Err, ErrInvalidConfig)
	e.topic("t", 1, "retention.ms", "0001")
	errs := outcome(t, e.AlterConfigs([]ConfigChange{{Topic: "t", Set: long}}, false))
	require.ErrorIs(t, errs[0], ErrInvalidConfig)
	require.ErrorContains(t, errs[0], "retention.ms has a value of 65 bytes, at most 64 are allowed")
}
