package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/integration/wire"
)

// An idempotent producer's answers are lost again and again while it has five
// requests in flight: every record is there once, where it was acknowledged.
func TestScenario01_RetriesAfterLostAnswersAreNoDuplicates(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		createTopic(t, b, "retries", 2)
		lossy := &lossyDialer{key: int16(kmsg.Produce)}
		lossy.lose.Store(12)
		cl := newClient(t, b,
			kgo.Dialer(lossy.dial),
			kgo.RecordPartitioner(kgo.ManualPartitioner()),
			kgo.ProducerBatchMaxBytes(2_000), // many batches
			kgo.ProducerLinger(0),
		)
		promised := newLedger()
		for i, v := range numbered("a-", 3_000) {
			promised.produce(t, cl, "retries", int32(i%2), v)
		}
		require.NoError(t, cl.Flush(guarded(t)))
		require.Equal(t, 3_000, promised.acknowledged())
		require.LessOrEqual(t, lossy.lose.Load(), int32(0), "no answer was lost")
		promised.verify(t, b, "retries")
	})
}

// The same with every byte in the test's hand: five batches are stored, the
// connection is gone, and all five are sent again.
func TestScenario01_RetryGetsTheOriginalOffset(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		createTopic(t, b, "retry", 1)
		c := dial(t, b)
		id, epoch, err := c.ProducerID()
		require.NoError(t, err)
		var batches [][]byte
		for i := range 5 {
			batches = append(batches, wire.Sequenced(id, epoch, int32(2*i), numbered("x", 2)...).Bytes())
		}
		for range 3 { // the first time, and two retries, the last after a restart
			pipeline := dial(t, b)
			for _, batch := range batches {
				require.NoError(t, pipeline.Send(wire.ProduceRequest("retry", 0, 60_000, batch)))
			}
			for i := range batches {
				got, err := pipeline.Produced()
				require.NoError(t, err)
				require.Equal(t, wire.Produced{Base: int64(2 * i)}, got)
			}
			end, err := dial(t, b).EndOffset("retry", 0)
			require.NoError(t, err)
			require.EqualValues(t, 10, end)
			b.Kill()
			require.NoError(t, b.ForgetMetadata())
			require.NoError(t, b.Start())
		}
		got, err := dial(t, b).Produce("retry", 0, wire.Sequenced(id, epoch, 10, "next").Bytes())
		require.NoError(t, err)
		require.Equal(t, wire.Produced{Base: 10}, got)
	})
}
