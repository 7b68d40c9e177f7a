package integration

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/integration/broker"
	"streamhouse/integration/program"
)

// startBroker runs a broker on the store until the test ends.
func startBroker(t testing.TB, s *store, env ...string) *broker.Broker {
	t.Helper()
	b := newBroker(t, s, env...)
	require.NoError(t, b.Start())
	return b
}

// newBroker prepares a broker on the store, with a machine of its own: its
// metadata file and its cache are nobody else's. When the test ends it is killed, and
// where the test has failed its log is shown.
func newBroker(t testing.TB, s *store, env ...string) *broker.Broker {
	t.Helper()
	binary, err := program.Streamhouse(workDir)
	require.NoError(t, err)
	quick := []string{"STREAMHOUSE_GROUP_INITIAL_REBALANCE_DELAY=100ms"} // the default is for people
	b, err := broker.New(binary, t.TempDir(), slices.Concat(quick, s.env, env)...)
	require.NoError(t, err)
	t.Cleanup(func() {
		b.Shut()
		for _, disaster := range []string{"panic:", "fatal error:", "DATA RACE"} {
			if b.OutputHas(disaster) {
				t.Errorf("the broker's log has %q", disaster)
			}
		}
		if t.Failed() {
			t.Logf("the log of the broker on %s:\n%s", b.Kafka, lastBytes(b.Output(), 24<<10))
		}
	})
	return b
}

// stopBroker stops a broker the way an operator does, which must go well.
func stopBroker(t testing.TB, b *broker.Broker) {
	t.Helper()
	code, err := b.Terminate()
	require.NoError(t, err)
	require.Zero(t, code, "exit code after SIGTERM")
}

// restartCold stops a broker and starts it again with nothing in its cache.
func restartCold(t testing.TB, b *broker.Broker) {
	t.Helper()
	stopBroker(t, b)
	require.NoError(t, b.ForgetCache())
	require.NoError(t, b.Start())
}

func lastBytes(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}
