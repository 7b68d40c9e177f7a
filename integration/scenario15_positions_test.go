package integration

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"

	"streamhouse/integration/broker"
	"streamhouse/integration/wire"
)

// Fetches at every kind of position, from the tail and from the store.
func TestScenario15_FetchPositions(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		createTopic(t, b, "positions", 1)
		c := dial(t, b)
		for _, n := range []int{5, 3} { // offsets 0 to 4, and 5 to 7
			got, err := c.Produce("positions", 0, wire.Plain(1, make([]wire.Record, n)...).Bytes())
			require.NoError(t, err)
			require.NoError(t, got.Err)
		}
		requirePositions(t, b, map[int64]int64{0: 0, 2: 0, 4: 0, 5: 5, 7: 5}, -1)
		restartCold(t, b)
		requirePositions(t, b, map[int64]int64{0: 0, 2: 0, 4: 0, 5: 5, 7: 5}, -1)

		deleteRecords(t, b, "positions", 3) // inside the first batch
		requirePositions(t, b, map[int64]int64{3: 0, 4: 0, 5: 5}, 2)
		deleteRecords(t, b, "positions", 5)
		requirePositions(t, b, map[int64]int64{5: 5, 7: 5}, 4)
		restartCold(t, b)
		requirePositions(t, b, map[int64]int64{5: 5, 7: 5}, 4)
	})
}

// requirePositions checks that a fetch at each offset begins with the batch that
// it should, that the end is an empty wait, and that what lies outside is refused: 9, and tooEarly.
func requirePositions(t *testing.T, b *broker.Broker, baseAt map[int64]int64, tooEarly int64) {
	t.Helper()
	c := dial(t, b)
	for offset, base := range baseAt {
		got, err := c.Fetch("positions", patient, wire.Position{Offset: offset})
		require.NoError(t, err)
		require.NoError(t, got[0].Err, "offset %d", offset)
		batches, err := wire.Split(got[0].Records)
		require.NoError(t, err, "whole batches")
		require.NotEmpty(t, batches, "offset %d", offset)
		require.Equal(t, base, wire.BaseOffset(batches[0]), "offset %d", offset)
	}
	got, err := c.Fetch("positions", wire.FetchOptions{MinBytes: 1, MaxBytes: 1 << 20, MaxWaitMillis: 50}, wire.Position{Offset: 8})
	require.NoError(t, err)
	require.NoError(t, got[0].Err)
	require.Empty(t, got[0].Records)
	require.EqualValues(t, 8, got[0].HighWatermark)
	for _, outside := range []int64{9, 1 << 40, tooEarly} {
		got, err := c.Fetch("positions", patient, wire.Position{Offset: outside})
		require.NoError(t, err)
		require.Equal(t, kerr.OffsetOutOfRange, got[0].Err, "offset %d", outside)
	}
}

// A fetch that waits at the end is woken by the next record.
func TestScenario15_WaitAtTheEndIsWoken(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		createTopic(t, b, "visible", 1)
		answer := make(chan error, 1)
		consumer := dial(t, b)
		go func() {
			got, err := consumer.Fetch("visible", wire.FetchOptions{MinBytes: 1, MaxBytes: 1 << 20, MaxWaitMillis: 80_000}, wire.Position{})
			if err == nil && len(got[0].Records) == 0 {
				err = fmt.Errorf("nothing came: %w", got[0].Err)
			}
			answer <- err
		}()
		produced, err := dial(t, b).Produce("visible", 0, valueBatch(0))
		require.NoError(t, err)
		require.NoError(t, produced.Err)
		require.NoError(t, <-answer)
	})
}
