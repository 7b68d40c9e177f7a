package integration

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/integration/wire"
)

// atOnce asks for what is there at once; patient waits for the store.
var (
	atOnce  = wire.FetchOptions{MaxBytes: 1 << 20}
	patient = wire.FetchOptions{MinBytes: 1, MaxBytes: 1 << 20, MaxWaitMillis: 60_000}
)

// Whoever was told that a record is safe finds it at once, and later, and after
// a start without any cache.
func TestScenario14_AcknowledgedIsFetchable(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		createTopic(t, b, "visible", 1)
		producer, consumer := dial(t, b), dial(t, b)
		const n = 100
		for i := range int64(n) {
			got, err := producer.Produce("visible", 0, valueBatch(i))
			require.NoError(t, err)
			require.Equal(t, wire.Produced{Base: i}, got)
			requireFetched(t, consumer, i, atOnce)
		}
		restartCold(t, b)
		consumer = dial(t, b)
		for i := range int64(n) {
			requireFetched(t, consumer, i, patient)
		}
	})
}

func valueBatch(i int64) []byte {
	return wire.Plain(1, wire.Record{Value: fmt.Append(nil, "value ", i)}).Bytes()
}

func requireFetched(t *testing.T, c *wire.Conn, offset int64, o wire.FetchOptions) {
	t.Helper()
	got, err := c.Fetch("visible", o, wire.Position{Offset: offset})
	require.NoError(t, err)
	require.NoError(t, got[0].Err)
	require.Greater(t, got[0].HighWatermark, offset)
	batches, err := wire.Split(got[0].Records)
	require.NoError(t, err)
	require.NotEmpty(t, batches, "offset %d was acknowledged", offset)
	require.Equal(t, offset, wire.BaseOffset(batches[0]))
	require.True(t, wire.SameButPlace(valueBatch(offset), batches[0]))
}
