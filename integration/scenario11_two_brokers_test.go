package integration

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/integration/broker"
	"streamhouse/integration/wire"
)

// A second broker takes over the bucket while producers write through the
// first: the first stops and says why, the producers go on at the second, and
// nothing is lost or doubled.
func TestScenario11_SecondBrokerTakesOverUnderLoad(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		old, next := startBroker(t, s), newBroker(t, s)
		createTopic(t, old, "takeover", 3)
		load := startLoad(t, "takeover", 3, kgo.SeedBrokers(old.Kafka, next.Kafka))
		load.awaitAcknowledged(200)

		require.NoError(t, next.Start())
		requireFenced(t, old)
		load.awaitAcknowledged(load.promised.acknowledged() + 200)
		load.stop()
		load.promised.verify(t, next, "takeover")
	})
}

// Two brokers are started at once on an empty bucket, several times over: one
// of them remains, the other one stops.
func TestScenario11_TwoBrokersStartedTogether(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		for round := range 3 {
			brokers := []*broker.Broker{newBroker(t, s), newBroker(t, s)}
			for _, b := range brokers {
				require.NoError(t, b.Launch())
			}
			winner := awaitOneLeft(t, brokers)
			topic := "round" + strconv.Itoa(round)
			createTopic(t, winner, topic, 1)
			produce(t, winner, topic, 0, "it works")
			for earlier := range round + 1 {
				require.Equal(t, []string{"it works"}, readValues(t, winner, "round"+strconv.Itoa(earlier), 0))
			}
			stopBroker(t, winner)
		}
	})
}

// awaitOneLeft waits until one of two brokers has stopped because of the other
// and returns the one that is left.
func awaitOneLeft(t *testing.T, brokers []*broker.Broker) *broker.Broker {
	t.Helper()
	var winner, loser = brokers[0], brokers[1]
	select {
	case <-winner.Done():
		winner, loser = loser, winner
	case <-loser.Done():
	case <-guarded(t).Done():
		t.Fatal("both brokers go on")
	}
	requireFenced(t, loser)
	require.NoError(t, winner.AwaitReady())
	return winner
}

// requireFenced waits until the broker stops by itself and checks that it says why.
func requireFenced(t *testing.T, b *broker.Broker) {
	t.Helper()
	code, err := b.Wait()
	require.NoError(t, err)
	require.NotZero(t, code, "exit code of the broker that was fenced")
	require.True(t, b.OutputHas("another broker"), "it says why it stops")
}

// A zombie: the first broker is frozen in the middle of its work, another one
// takes over, and then the first thaws and finds requests waiting.
func TestScenario11_ZombieAcknowledgesNothing(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		zombie := startBroker(t, s)
		createTopic(t, zombie, "zombie", 1)
		produce(t, zombie, "zombie", 0, "before")
		late := dial(t, zombie)
		require.NoError(t, zombie.Pause())

		heir := startBroker(t, s)
		produce(t, heir, "zombie", 0, "after")
		require.NoError(t, late.Send(wire.ProduceRequest("zombie", 0, 60_000, wire.Plain(1, wire.Record{Value: []byte("too late")}).Bytes())))
		require.NoError(t, zombie.Resume())

		if got, err := late.Produced(); err == nil { // or it stops before it answers
			requireRetriable(t, got.Err)
		}
		requireFenced(t, zombie)
		require.Equal(t, []string{"before", "after"}, readValues(t, heir, "zombie", 0))
	})
}
