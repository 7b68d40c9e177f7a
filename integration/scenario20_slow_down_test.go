package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/integration/faultproxy"
)

// The store throttles in normal work: first half of the requests, then all of
// them for a while. The broker backs off, stays, and loses nothing.
func TestScenario20_SlowDownStormInWork(t *testing.T) {
	t.Parallel()
	s := s3Store(t)
	b := startBroker(t, s)
	createTopic(t, b, "storm", 3)
	load := startLoad(t, "storm", 3, kgo.SeedBrokers(b.Kafka))

	s.proxy.SetFault(some(seeded(t), 0.5, faultproxy.SlowDown))
	load.awaitAcknowledged(200)
	s.proxy.Reset()
	s.proxy.SetFault(everything(faultproxy.SlowDown))
	const storm = 3 * time.Second
	time.Sleep(storm) // the storm itself: what is counted is how often the broker asks meanwhile
	puts := s.proxy.Counts()[faultproxy.Put]
	s.proxy.SetFault(nil)
	require.Less(t, puts, 150, "it backs off: so many PUTs in %v", storm)
	require.Positive(t, puts, "it goes on trying")
	load.awaitAcknowledged(load.promised.acknowledged() + 100)
	load.stop()
	load.promised.verify(t, b, "storm")
}

// The store throttles while the broker recovers from the bucket: it waits and
// does not give up.
func TestScenario20_SlowDownStormInRecovery(t *testing.T) {
	t.Parallel()
	s := s3Store(t)
	b := startBroker(t, s)
	createTopic(t, b, "storm", 1)
	for _, v := range numbered("value-", 20) { // a flush each
		produce(t, b, "storm", 0, v)
	}
	b.Kill()
	require.NoError(t, b.ForgetMetadata())
	require.NoError(t, b.ForgetCache())

	s.proxy.Reset()
	s.proxy.SetFault(everything(faultproxy.SlowDown))
	require.NoError(t, b.Launch())
	select {
	case <-b.Done():
		t.Fatal("it gave up")
	case <-time.After(3 * time.Second): // the storm
	}
	s.proxy.SetFault(some(seeded(t), 0.5, faultproxy.SlowDown))
	require.NoError(t, b.AwaitReady())
	s.proxy.SetFault(nil)
	require.Equal(t, numbered("value-", 20), readValues(t, b, "storm", 0))
}
