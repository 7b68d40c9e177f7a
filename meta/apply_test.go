package meta

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

func TestExtentIsSmall(t *testing.T) {
	require.LessOrEqual(t, unsafe.Sizeof(Extent{}), uintptr(64), "a million of them are kept in memory")
}

func TestApplyRefusesWhatDoesNotFollow(t *testing.T) {
	j := newJournal(t)
	j.topic("a", 1)
	before := newJournal(t)
	before.topic("a", 1)
	for _, c := range []*Commit{
		{Seq: 1, Entries: []Entry{&ReserveProducerIDs{Count: 1}}},
		{Seq: 3, Entries: []Entry{&ReserveProducerIDs{Count: 1}}},
		{Seq: 2, Epoch: 1, Entries: []Entry{&ReserveProducerIDs{Count: 1}}},
		{Seq: 2, Time: 1 << 60, Entries: []Entry{&Seal{Next: 2}}},
	} {
		out, err := j.state.Apply(c)
		require.ErrorIs(t, err, ErrSequence)
		require.Nil(t, out)
		require.Empty(t, before.state.Diff(j.state), "nothing has changed")
	}
}

func TestSealBeginsAnEpoch(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	j.append(p, plain(3))
	require.EqualValues(t, 0, j.state.SeqEpoch)
	j.seal()
	require.EqualValues(t, 1, j.state.Epoch)
	require.EqualValues(t, 0, j.state.SeqEpoch, "the seal itself stands under the old epoch")
	j.seal()
	j.append(p, plain(1))
	require.EqualValues(t, 2, j.state.SeqEpoch)
	require.Equal(t, []EpochStart{{0, 0}, {2, 3}}, j.state.Partition(p).Epochs)
}

func TestTimeNeverGoesBack(t *testing.T) {
	j := newJournal(t)
	j.commit()
	latest := j.state.Time
	j.now -= 3_600_000
	j.topic("a", 1)
	require.Equal(t, latest, j.state.Time)
	require.Less(t, j.state.TopicByName("a").CreatedAt, latest, "what users see is the commit's own time")
}

func TestOutcomesDoNotShareRoom(t *testing.T) {
	j := newJournal(t)
	id := j.topic("a", 3)
	out := j.commit(block(at(id, 0), plain(1), plain(2)), block(at(id, 9), plain(1)), block(at(id, 1), plain(4)))
	require.Equal(t, []BatchOutcome{{}, {Base: 1}}, out[0].Batches)
	require.ErrorIs(t, out[1].Err, ErrPartitionNotFound)
	require.Nil(t, out[1].Batches)
	require.Equal(t, []BatchOutcome{{}}, out[2].Batches)
	_ = append(out[0].Batches, BatchOutcome{Base: 99})
	require.EqualValues(t, 0, out[2].Batches[0].Base)
}
