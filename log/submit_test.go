package log

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"streamhouse/meta"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// What is wrong with one change must not cost those that share its commit anything.
func TestInvalidChangesCostNobodyElse(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	none, nobody := PartitionID{Topic: p.Topic, Index: -1}, strings.Repeat("g", MaxGroupName+1)
	for what, w := range map[string]struct {
		try  func() *Pending[[]error]
		want error
	}{
		"commit for a partition that can't be": {func() *Pending[[]error] {
			return e.CommitOffsets("g", []OffsetCommit{{Partition: none}})
		}, ErrPartitionNotFound},
		"commit by a group that can't be": {func() *Pending[[]error] {
			return e.CommitOffsets(nobody, []OffsetCommit{{Partition: p}})
		}, ErrInvalidGroup},
		"commit a negative offset": {func() *Pending[[]error] {
			return e.CommitOffsets("g", []OffsetCommit{{Partition: p, Offset: -1}})
		}, ErrInvalidOffset},
		"commit a negative leader epoch": {func() *Pending[[]error] {
			return e.CommitOffsets("g", []OffsetCommit{{Partition: p, LeaderEpoch: -2}})
		}, ErrInvalidOffset},
		"commit too much metadata": {func() *Pending[[]error] {
			return e.CommitOffsets("g", []OffsetCommit{{Partition: p, Metadata: strings.Repeat("m", MaxOffsetMetadata+1)}})
		}, ErrInvalidOffset},
		"forget the offset of a partition that can't be": {func() *Pending[[]error] {
			return e.DeleteOffsets("g", []PartitionID{none})
		}, ErrPartitionNotFound},
		"forget the offsets of a group that can't be": {func() *Pending[[]error] {
			return e.DeleteOffsets(nobody, []PartitionID{p})
		}, ErrInvalidGroup},
		"forget a group that can't be": {func() *Pending[[]error] { return e.DeleteGroups([]string{nobody}) }, ErrInvalidGroup},
		"more partitions than can be": {func() *Pending[[]error] {
			return e.CreatePartitions([]PartitionsSpec{{Topic: "t", Count: MaxPartitions + 1}}, false)
		}, ErrInvalidPartitions},
		"a change that nobody has checked": {func() *Pending[[]error] {
			return submitErrors(e.Log, []meta.Entry{&meta.CommitOffsets{Group: "g"}}, make([]error, 1))
		}, meta.ErrInvalid},
	} {
		good := e.CommitOffsets("good", []OffsetCommit{{Partition: p, Offset: 7}})
		errs, err := w.try().Wait(t.Context())
		require.NoError(t, err, what)
		require.ErrorIs(t, errors.Join(errs...), w.want, what)
		errs, err = good.Wait(t.Context())
		require.NoError(t, errors.Join(append(errs, err)...), what)
	}
	deleted, err := e.DeleteRecords([]DeleteSpec{{Partition: none}, {Partition: p}}).Wait(t.Context())
	require.NoError(t, err)
	require.ErrorIs(t, deleted[0].Err, ErrPartitionNotFound)
	require.NoError(t, deleted[1].Err)
	require.NoError(t, e.Err())
}

// Clients that commit again and again while the store is away must not fill the memory.
func TestChangesThatWaitAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store)
		p := e.topic("t", 1)[0]
		outage := store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		commits := make([]OffsetCommit, 1000)
		for i := range commits {
			commits[i] = OffsetCommit{Partition: p, Offset: int64(i), Metadata: strings.Repeat("m", MaxOffsetMetadata)}
		}
		var taken []*Pending[[]error]
		for {
			pending := e.CommitOffsets("g", commits)
			if pending.flush == nil {
				require.ErrorIs(t, outcome(t, pending)[0], ErrUnavailable)
				break
			}
			taken = append(taken, pending)
			require.LessOrEqual(t, len(taken)*len(commits)*MaxOffsetMetadata, maxUnflushedChanges)
		}
		require.Greater(t, (len(taken)+2)*len(commits)*MaxOffsetMetadata, maxUnflushedChanges)
		outage.Mend()
		for _, pending := range taken {
			errs, err := pending.Wait(t.Context())
			require.NoError(t, errors.Join(append(errs, err)...))
		}
		errs, err := e.CommitOffsets("g", commits[:1]).Wait(t.Context())
		require.NoError(t, errors.Join(append(errs, err)...), "there is room again")
		require.NoError(t, e.Close(t.Context()))
	})
}
