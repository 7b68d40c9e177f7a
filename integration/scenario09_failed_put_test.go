package integration

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"

	"streamhouse/integration/faultproxy"
	"streamhouse/integration/wire"
)

// Two producers share a flush whose PUT fails: neither is told that its records
// are safe, and both hear of an error that they may retry.
func TestScenario09_SharedFlushFailsForBoth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		fate faultproxy.Fate
	}{{"throttled", faultproxy.SlowDown}, {"refused", faultproxy.Deny}, {"hanging", faultproxy.Hang}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := s3Store(t).with("STREAMHOUSE_FLUSH_INTERVAL=200ms") // both in one flush
			b := startBroker(t, s)
			createTopic(t, b, "shared", 2)

			s.proxy.SetFault(all(faultproxy.Put, c.fate))
			one, two := dial(t, b), dial(t, b)
			for partition, conn := range []*wire.Conn{one, two} {
				batch := wire.Plain(1, wire.Record{Value: []byte("first")}).Bytes()
				require.NoError(t, conn.Send(wire.ProduceRequest("shared", int32(partition), 1_500, batch)))
			}
			for _, conn := range []*wire.Conn{one, two} {
				got, err := conn.Produced()
				require.NoError(t, err)
				requireRetriable(t, got.Err)
			}
			s.proxy.SetFault(nil)
			for partition, conn := range []*wire.Conn{one, two} {
				got, err := conn.Produce("shared", int32(partition), wire.Plain(1, wire.Record{Value: []byte("second")}).Bytes())
				require.NoError(t, err)
				require.NoError(t, got.Err)
				values := readValues(t, b, "shared", int32(partition))
				require.Equal(t, "second", values[got.Base], "where the broker said")
				require.Len(t, values, int(got.Base)+1)
			}
		})
	}
}

func requireRetriable(t *testing.T, err error) {
	t.Helper()
	var code *kerr.Error
	require.True(t, errors.As(err, &code), "an error of the protocol, not %v", err)
	require.True(t, code.Retriable, "%v is not to be retried", code)
}
