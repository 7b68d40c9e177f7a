package meta

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBatchesOfABlockShareAnExtent(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	late := plain(2)
	late.MaxTimestamp = 9
	out := j.append(p, plain(3), late, plain(1))
	require.Equal(t, []BatchOutcome{{Base: 0}, {Base: 3}, {Base: 5}}, out)
	require.Equal(t, []Extent{{Base: 0, Count: 6, Segment: j.state.Seq, Pos: 64, Len: 1000, From: 0, To: 60, MaxTimestamp: 9}}, j.state.Partition(p).Extents.list)
	require.EqualValues(t, 6, j.state.Partition(p).HighWatermark)
	require.EqualValues(t, 6, j.state.Partition(p).LastStableOffset())
}

func TestRefusedBatchSplitsTheExtent(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	j.append(p, by(1, 0, 0, 1))
	out := j.append(p, plain(1), by(1, 0, 0, 1), plain(2), by(1, 0, 7, 1), by(1, 0, 1, 1))
	require.Equal(t, BatchOutcome{Duplicate: true, Timestamp: 5}, out[1])
	require.ErrorIs(t, out[3].Err, ErrOutOfOrderSequence)
	require.EqualValues(t, 4, out[4].Base)
	extents := j.state.Partition(p).Extents.list[1:]
	require.Len(t, extents, 3)
	for i, want := range [][4]int64{{1, 1, 0, 10}, {2, 2, 20, 40}, {4, 1, 50, 60}} {
		e := extents[i]
		require.Equal(t, want, [4]int64{e.Base, int64(e.Count), int64(e.From), int64(e.To)})
	}
	require.Equal(t, 3, j.state.Segment(j.state.Seq).Extents)
}

func TestExtentCountDoesNotOverflow(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	b := Batch{Len: 10, Offsets: math.MaxInt32, ProducerID: -1}
	j.append(p, b, b, plain(1))
	require.Len(t, j.state.Partition(p).Extents.list, 3)
	require.EqualValues(t, 2*math.MaxInt32+1, j.state.Partition(p).HighWatermark)
}

func TestSegmentIsKnownWhateverBecomesOfItsBatches(t *testing.T) {
	j := newJournal(t)
	id := j.topic("a", 1)
	require.Nil(t, j.state.Segment(1), "a commit without data has no segment")
	j.append(at(id, 0), by(1, 0, 0, 1))
	j.commit(block(at(id, 0), by(1, 0, 0, 1)), block(at(topicID("gone"), 0), plain(1)))
	require.Equal(t, &Segment{ID: 3, Size: 1 << 40}, j.state.Segment(3))
	var ids []uint64
	for g := range j.state.Segments() {
		ids = append(ids, g.ID)
	}
	require.Equal(t, []uint64{2, 3}, ids)
	require.Nil(t, j.state.Segment(4))
	require.Nil(t, j.state.Segment(1))
}

func TestSegmentsWithGaps(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	for range 50 {
		j.append(p, plain(1))
		for range j.state.Seq % 3 {
			j.commit()
		}
	}
	for id := range j.state.Seq + 2 {
		g := j.state.Segment(id)
		holds := slices.ContainsFunc(j.state.Partition(p).Extents.list, func(e Extent) bool { return e.Segment == id })
		require.Equal(t, holds, g != nil, "segment %d", id)
		require.True(t, g == nil || g.ID == id)
	}
}

func TestFindExtent(t *testing.T) {
	p := &Partition{}
	require.Equal(t, 0, p.Extents.find(0))
	p.Extents.list = []Extent{{Base: 10, Count: 5}, {Base: 15, Count: 1}, {Base: 16, Count: 100}}
	for offset, want := range map[int64]int{0: 0, 10: 0, 14: 0, 15: 1, 16: 2, 115: 2, 116: 3, 1000: 3} {
		require.Equal(t, want, p.Extents.find(offset), "offset %d", offset)
	}
}

func TestLeaderEpochs(t *testing.T) {
	p := &Partition{HighWatermark: 50}
	e, end := p.EpochEnd(3)
	require.Equal(t, []int64{3, 50}, []int64{int64(e), end}, "nothing written")
	require.EqualValues(t, -1, p.LeaderEpoch(0))

	p.Epochs = []EpochStart{{2, 10}, {5, 30}}
	for offset, want := range map[int64]int32{0: -1, 9: -1, 10: 2, 29: 2, 30: 5, 49: 5, 50: 5} {
		require.Equal(t, want, p.LeaderEpoch(offset), "offset %d", offset)
	}
	for epoch, want := range map[int32][2]int64{
		-1: {-1, -1}, // unknown
		0:  {0, 10},  // older than all: as asked, the start of the oldest
		2:  {2, 30},
		4:  {2, 30}, // nothing was written in it
		5:  {5, 50},
		7:  {5, 50}, // nothing was written in it yet
	} {
		e, end := p.EpochEnd(epoch)
		require.Equal(t, want, [2]int64{int64(e), end}, "epoch %d", epoch)
	}
}

func TestDeleteRecords(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	for range 5 {
		j.append(p, plain(10))
	}
	first := j.state.Partition(p).Extents.list[0].Segment
	del := func(offset int64) Outcome { return j.commit(&DeleteRecords{Partition: p, Offset: offset})[0] }

	require.ErrorIs(t, del(51).Err, ErrOffsetOutOfRange)
	require.ErrorIs(t, del(-2).Err, ErrOffsetOutOfRange)
	require.EqualValues(t, 0, del(0).Value)
	require.EqualValues(t, 5, del(5).Value)
	require.Len(t, j.state.Partition(p).Extents.list, 5, "the extent that holds the start stays")
	require.EqualValues(t, 20, del(20).Value)
	require.Len(t, j.state.Partition(p).Extents.list, 3)
	require.Zero(t, j.state.Segment(first).Extents)
	require.EqualValues(t, 20, del(3).Value, "below the start nothing changes")
	require.EqualValues(t, 20, j.append(p, plain(1))[0].LogStart)
	require.EqualValues(t, 51, del(-1).Value)
	require.Empty(t, j.state.Partition(p).Extents.list)
	require.EqualValues(t, 51, j.state.Partition(p).LogStart)
	require.EqualValues(t, 51, j.append(p, plain(1))[0].Base, "offsets go on")
}

func TestDeleteRecordsForgetsEpochs(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	for range 3 {
		j.append(p, plain(10))
		j.seal()
	}
	part := j.state.Partition(p)
	require.Equal(t, []EpochStart{{0, 0}, {1, 10}, {2, 20}}, part.Epochs)
	j.one(&DeleteRecords{Partition: p, Offset: 15})
	require.Equal(t, []EpochStart{{1, 15}, {2, 20}}, part.Epochs)
	j.one(&DeleteRecords{Partition: p, Offset: 20})
	require.Equal(t, []EpochStart{{2, 20}}, part.Epochs)
	j.one(&DeleteRecords{Partition: p, Offset: -1})
	require.Equal(t, []EpochStart{{2, 30}}, part.Epochs)
	j.append(p, plain(1))
	require.Equal(t, []EpochStart{{3, 30}}, part.Epochs, "nothing of epoch 2 is left")
}

func TestDroppedExtentsGiveMemoryBack(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	for range 100 {
		j.append(p, plain(1))
	}
	part := j.state.Partition(p)
	for offset := range int64(100) {
		j.one(&DeleteRecords{Partition: p, Offset: offset + 1})
		require.LessOrEqual(t, part.Extents.slack, len(part.Extents.list))
	}
	require.Empty(t, part.Extents.list)
	require.Zero(t, cap(part.Extents.list))
}
