package meta

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

const hour = 3_600_000

func TestDuplicateGetsItsOriginalOffset(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	for i := range int32(6) {
		out := j.append(p, by(1, 0, 10*i, 10))
		require.Equal(t, BatchOutcome{Base: int64(10 * i)}, out[0])
	}
	for i := int32(1); i < 6; i++ {
		out := j.append(p, by(1, 0, 10*i, 10))
		require.Equal(t, BatchOutcome{Base: int64(10 * i), Duplicate: true, Timestamp: 5}, out[0], "the last five are known")
	}
	require.ErrorIs(t, j.append(p, by(1, 0, 0, 10))[0].Err, ErrOutOfOrderSequence, "the sixth last is not")
	require.EqualValues(t, 60, j.state.Partition(p).HighWatermark)
}

func TestDuplicateOfDeletedRecords(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	j.append(p, by(1, 0, 0, 10))
	j.one(&DeleteRecords{Partition: p, Offset: -1})
	require.Equal(t, BatchOutcome{Base: 0, LogStart: 10, Duplicate: true, Timestamp: 5}, j.append(p, by(1, 0, 0, 10))[0])
	require.Equal(t, BatchOutcome{Base: 10, LogStart: 10}, j.append(p, by(1, 0, 10, 1))[0])
}

func TestDuplicateMustMatchWhole(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	j.append(p, by(1, 0, 0, 10))
	for _, b := range []Batch{by(1, 0, 0, 9), by(1, 0, 1, 9), by(1, 0, 0, 11), by(1, 0, 5, 5)} {
		require.ErrorIs(t, j.append(p, b)[0].Err, ErrOutOfOrderSequence)
	}
}

func TestDuplicateInTheSameFlush(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	out := j.append(p, by(1, 0, 0, 2), by(1, 0, 0, 2), by(1, 0, 2, 1))
	require.Equal(t, []BatchOutcome{{}, {Duplicate: true, Timestamp: 5}, {Base: 2}}, out)
}

func TestRefusedBatchLeavesThoseBehindOutOfOrder(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	j.append(p, by(1, 0, 0, 1))
	out := j.append(p, by(1, 0, 2, 1), by(1, 0, 3, 1), by(2, 0, 0, 1), by(1, 0, 1, 1))
	require.ErrorIs(t, out[0].Err, ErrOutOfOrderSequence)
	require.ErrorIs(t, out[1].Err, ErrOutOfOrderSequence)
	require.Equal(t, BatchOutcome{Base: 1}, out[2], "another producer is not concerned")
	require.Equal(t, BatchOutcome{Base: 2}, out[3])
}

func TestProducerEpochs(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	j.append(p, by(1, 3, 0, 5))
	require.ErrorIs(t, j.append(p, by(1, 2, 5, 1))[0].Err, ErrInvalidProducerEpoch)
	require.ErrorIs(t, j.append(p, by(1, 2, 0, 5))[0].Err, ErrInvalidProducerEpoch, "even if the sequence is known")
	require.ErrorIs(t, j.append(p, by(1, 4, 5, 1))[0].Err, ErrOutOfOrderSequence)
	require.Equal(t, BatchOutcome{Duplicate: true, Timestamp: 5}, j.append(p, by(1, 3, 0, 5))[0], "the refused epoch did not count")
	require.Equal(t, BatchOutcome{Base: 5}, j.append(p, by(1, 4, 0, 5))[0], "not a duplicate of the older epoch's")
	require.ErrorIs(t, j.append(p, by(1, 3, 5, 1))[0].Err, ErrInvalidProducerEpoch)
	require.Len(t, j.state.Partition(p).Producers[1].Batches, 1)
}

// A producer that is not known may begin anywhere, but not in a partition that has never held a record: KAFKA-15591.
// What was written before there was that rule replays without it.
func TestEmptyPartitionBeginsWithSequence0(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	out := j.append(p, by(1, 0, 5, 1), by(1, 0, 0, 5), by(1, 0, 5, 1), by(2, 0, 5, 1))
	require.ErrorIs(t, out[0].Err, ErrOutOfOrderSequence, "what overtook the first")
	for i, base := range []int64{0, 5, 6} {
		require.Equal(t, BatchOutcome{Base: base}, out[i+1])
	}
	j.one(&DeleteRecords{Partition: p, Offset: -1})
	require.NoError(t, j.append(p, by(3, 0, 5, 1))[0].Err, "it has held records")

	legacy := block(at(j.topic("b", 1), 0), by(1, 0, 5, 1))
	legacy.Legacy = true
	require.NoError(t, j.one(legacy).Batches[0].Err)
}

// A batch whose records nobody looked at has the time of its commit, and its extent says so.
func TestUnknownTimestamp(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	unknown := by(1, 0, 0, 1)
	unknown.TimeUnknown, unknown.MaxTimestamp = true, 0
	j.append(p, plain(1), unknown)
	e := j.state.Partition(p).Extents.list[0]
	require.True(t, e.TimeUnknown)
	require.Equal(t, max(j.state.Time, 5), e.MaxTimestamp)
	require.Equal(t, BatchOutcome{Base: 1, Duplicate: true, Timestamp: e.MaxTimestamp}, j.append(p, unknown)[0])
	j.append(p, plain(1))
	require.False(t, j.state.Partition(p).Extents.list[1].TimeUnknown)
}

func TestUnknownProducerMayBeginAnywhere(t *testing.T) {
	j := newJournal(t)
	id := j.topic("a", 2)
	j.append(at(id, 0), plain(1))
	j.append(at(id, 1), plain(1))
	require.NoError(t, j.append(at(id, 0), by(1, 9, 1234, 1))[0].Err)
	require.ErrorIs(t, j.append(at(id, 0), by(1, 9, 1236, 1))[0].Err, ErrOutOfOrderSequence)
	require.NoError(t, j.append(at(id, 1), by(1, 0, 77, 1))[0].Err, "each partition by itself")
	require.NoError(t, j.append(at(id, 0), by(0, 0, 0, 1))[0].Err, "0 is a producer id")
}

func TestSequenceNumbersWrap(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	j.append(p, plain(1))
	j.append(p, by(1, 0, math.MaxInt32-4, 5)) // ends at the largest
	require.Equal(t, BatchOutcome{Base: 6}, j.append(p, by(1, 0, 0, 5))[0])
	j.append(p, by(2, 0, math.MaxInt32-1, 5)) // … MaxInt32-1, MaxInt32, 0, 1, 2
	require.Equal(t, ProducerBatch{FirstSeq: math.MaxInt32 - 1, LastSeq: 2, Base: 11, Timestamp: 5}, j.state.Partition(p).Producers[2].Batches[0])
	require.ErrorIs(t, j.append(p, by(2, 0, 2, 1))[0].Err, ErrOutOfOrderSequence)
	require.Equal(t, BatchOutcome{Base: 11, Duplicate: true, Timestamp: 5}, j.append(p, by(2, 0, math.MaxInt32-1, 5))[0])
	require.Equal(t, BatchOutcome{Base: 16}, j.append(p, by(2, 0, 3, 1))[0])
}

func TestBatchesWithoutProducerAreNeverDuplicates(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	require.Equal(t, []BatchOutcome{{}, {Base: 1}}, j.append(p, plain(1), plain(1)))
	require.Nil(t, j.state.Partition(p).Producers)
}

func TestIdleProducersAreForgotten(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	j.append(p, by(1, 0, 0, 1), by(2, 0, 0, 1))
	j.now += 23 * hour
	j.append(p, by(2, 0, 1, 1))
	j.now += 2 * hour
	j.commit()
	require.NotContains(t, j.state.Partition(p).Producers, int64(1))
	require.Contains(t, j.state.Partition(p).Producers, int64(2))
	require.NoError(t, j.append(p, by(1, 0, 500, 1))[0].Err, "forgotten: any sequence may begin")
	require.ErrorIs(t, j.append(p, by(2, 0, 500, 1))[0].Err, ErrOutOfOrderSequence)
}

func TestProducerThatComesBackAfterAPauseIsKnown(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	j.append(p, by(1, 0, 0, 1))
	j.now += 100 * hour // and nobody wrote anything
	require.True(t, j.append(p, by(1, 0, 0, 1))[0].Duplicate)
}

// TestClockJumps: an hour forward and back, again and again, forgets nobody who
// writes every hour, and everybody who has not written for a day and some hours.
func TestClockJumps(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	j.append(p, by(1, 0, 0, 1), by(2, 0, 0, 1))
	start := j.now
	for i := range int32(48) {
		j.now = start + int64(i)*hour/2
		if i%2 == 1 {
			j.now += hour
		}
		require.NoError(t, j.append(p, by(2, 0, i+1, 1))[0].Err)
		if i < 40 {
			require.Contains(t, j.state.Partition(p).Producers, int64(1), "after %d half hours", i)
		}
	}
	for i := range int64(4) {
		j.now = start + (24+i)*hour
		j.commit()
	}
	require.NotContains(t, j.state.Partition(p).Producers, int64(1))
	require.Contains(t, j.state.Partition(p).Producers, int64(2))
}

func TestReserveProducerIDs(t *testing.T) {
	j := newJournal(t)
	require.EqualValues(t, 1, j.one(&ReserveProducerIDs{Count: 1000}).Value)
	require.EqualValues(t, 1001, j.one(&ReserveProducerIDs{Count: 1}).Value)
	require.EqualValues(t, 1002, j.one(&NameProducer{Name: "a"}).Value)
	require.EqualValues(t, 1003, j.one(&ReserveProducerIDs{Count: 1}).Value)
}

func TestNamedProducers(t *testing.T) {
	j := newJournal(t)
	p := at(j.topic("a", 1), 0)
	a, b := j.one(&NameProducer{Name: "a"}).Value, j.one(&NameProducer{Name: "b"}).Value
	require.NotEqual(t, a, b)
	require.Equal(t, a, j.one(&NameProducer{Name: "a"}).Value)
	id, ok := j.state.NamedProducer("a")
	require.True(t, ok)
	require.Equal(t, a, id)

	j.append(p, by(a, 0, 0, 1))
	j.now += 23 * hour
	require.Equal(t, b, j.one(&NameProducer{Name: "b"}).Value)
	j.append(p, by(a, 0, 1, 1))
	j.now += 2 * hour
	j.commit()
	_, ok = j.state.NamedProducer("a")
	require.True(t, ok, "a partition knows it")
	_, ok = j.state.NamedProducer("b")
	require.True(t, ok, "it was asked for")

	j.now += 23 * hour
	j.commit()
	_, ok = j.state.NamedProducer("a")
	require.False(t, ok, "the partition forgot it in the same round")
	_, ok = j.state.NamedProducer("b")
	require.False(t, ok)
	require.Greater(t, j.one(&NameProducer{Name: "a"}).Value, b, "an id is never given twice")
}
