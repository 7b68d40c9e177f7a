package log

import (
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
)

// Sizes and producers are the same after a restart, with the metadata file and without.
func TestSizesAndProducersAfterRestarts(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 2)[0]
	var size int64
	for i := range int32(3) {
		batch := testBatch(t, &record.Sequence{ProducerID: 9, Base: 2 * i}, "a", "b")
		size += int64(len(batch))
		require.NoError(t, e.append(p, batch).Err)
	}
	e.everAfter(func(when string) {
		sizes, err := e.PartitionSizes(p.Topic)
		require.NoError(t, err, when)
		require.Equal(t, []int64{size, 0}, sizes, when)
		producers, err := e.ActiveProducers(p)
		require.NoError(t, err, when)
		require.Len(t, producers, 1, when)
		require.EqualValues(t, 9, producers[0].ID, when)
		require.EqualValues(t, 5, producers[0].LastSequence, when)
	})
	_, err := e.PartitionSizes(TopicID{1})
	require.ErrorIs(t, err, ErrTopicNotFound)
	_, err = e.ActiveProducers(PartitionID{Topic: p.Topic, Index: 2})
	require.ErrorIs(t, err, ErrPartitionNotFound)
}
