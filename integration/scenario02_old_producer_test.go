package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"streamhouse/integration/broker"
	"streamhouse/integration/wire"
)

// A producer's batches have been deleted from the log, and the broker has been
// started anew; the producer comes back with a retry and then goes on.
func TestScenario02_RetryOfABatchThatRetentionDeleted(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		createTopic(t, b, "old", 1)
		c := dial(t, b)
		id, epoch, err := c.ProducerID()
		require.NoError(t, err)
		const batches = 7
		for i := range int32(batches) {
			got, err := c.Produce("old", 0, wire.Sequenced(id, epoch, i, "v").Bytes())
			require.NoError(t, err)
			require.Equal(t, wire.Produced{Base: int64(i)}, got)
		}
		deleteRecords(t, b, "old", batches)
		b.Kill()
		require.NoError(t, b.Start())

		c = dial(t, b)
		got, err := c.Produce("old", 0, wire.Sequenced(id, epoch, batches-1, "v").Bytes())
		require.NoError(t, err)
		require.NoError(t, got.Err)
		require.EqualValues(t, batches-1, got.Base, "the original offset")

		got, err = c.Produce("old", 0, wire.Sequenced(id, epoch, 0, "v").Bytes())
		require.NoError(t, err)
		require.Equal(t, kerr.OutOfOrderSequenceNumber, got.Err, "older than the batches that are remembered: as in Kafka")

		got, err = c.Produce("old", 0, wire.Sequenced(id, epoch, batches, "next").Bytes())
		require.NoError(t, err)
		require.Equal(t, wire.Produced{Base: batches, LogStart: batches}, got)
		require.Equal(t, []string{"next"}, readValues(t, b, "old", 0))
	})
}

// deleteRecords moves the start of a topic's partition 0.
func deleteRecords(t *testing.T, b *broker.Broker, topic string, before int64) {
	t.Helper()
	offsets := make(kadm.Offsets)
	offsets.AddOffset(topic, 0, before, -1)
	deleted, err := admin(t, b).DeleteRecords(guarded(t), offsets)
	require.NoError(t, err)
	require.NoError(t, deleted.Error())
}
