package integration

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The same broker is started twice, all its settings the same but for the
// ports: both want one metadata file. The second must not harm the first.
func TestScenario25_SameMetadataFileTwice(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		first := startBroker(t, s)
		createTopic(t, first, "twice", 1)
		second := newBroker(t, s, "STREAMHOUSE_METADATA="+first.MetadataPath())
		require.NoError(t, second.Launch())
		code, err := second.Wait()
		require.NoError(t, err)
		require.NotZero(t, code)
		require.Contains(t, second.Output(), first.MetadataPath(), "it says which file is in use")
		require.LessOrEqual(t, strings.Count(strings.TrimSpace(second.Output()), "\n"), 5, "a clear message, not a trace")

		produce(t, first, "twice", 0, "unharmed")
		require.Equal(t, []string{"unharmed"}, readValues(t, first, "twice", 0))
	})
}

// An idle broker is fenced too: it stops although nobody writes through it.
func TestScenario25_IdleBrokerNoticesItsSuccessor(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		idle := startBroker(t, s)
		startBroker(t, s)
		requireFenced(t, idle)
	})
}
