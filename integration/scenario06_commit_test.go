package integration

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/integration/broker"
	"streamhouse/integration/faultproxy"
	"streamhouse/integration/wire"
)

// A commit has succeeded and its client has not heard of it: whoever asks next,
// on another connection or after a crash, sees it.
func TestScenario06_CommitWhoseAnswerIsLostIsNotStale(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		createTopic(t, b, "topic", 1)
		for offset := range int64(20) {
			commitAndHangUp(t, b, offset)
			if offset%8 == 7 {
				b.Kill()
				require.NoError(t, b.Start())
			}
			requireCommitted(t, b, offset)
		}
	})
}

// commitAndHangUp waits for the first byte of the answer only: then the commit is done.
func commitAndHangUp(t *testing.T, b *broker.Broker, offset int64) {
	t.Helper()
	c := dial(t, b)
	require.NoError(t, c.Send(wire.CommitRequest("group", "topic", 0, offset)))
	_, err := io.ReadFull(c, make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, c.Close())
}

func requireCommitted(t *testing.T, b *broker.Broker, want int64) {
	t.Helper()
	got, err := dial(t, b).Committed("group", "topic", 0)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// The store has carried out the PUT of a commit and answers with an error, or
// not at all.
func TestScenario06_CommitWhosePutFailsAfterItHappened(t *testing.T) {
	t.Parallel()
	s := s3Store(t)
	b := startBroker(t, s)
	createTopic(t, b, "topic", 1)
	for i, fate := range []faultproxy.Fate{faultproxy.FailAfter, faultproxy.CutAfter} {
		s.proxy.SetFault(first(faultproxy.Put, fate))
		require.NoError(t, dial(t, b).Commit("group", "topic", 0, int64(i)))
		requireCommitted(t, b, int64(i))
		b.Kill()
		require.NoError(t, b.ForgetMetadata())
		require.NoError(t, b.Start())
		requireCommitted(t, b, int64(i))
	}
}
