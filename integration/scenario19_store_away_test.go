package integration

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/integration/broker"
	"streamhouse/integration/faultproxy"
	"streamhouse/integration/wire"
)

// The store hangs: a producer hears nothing before the PUT, and a retriable
// error after its timeout. When the store is back, all goes on.
func TestScenario19_NoAnswerBeforeThePut(t *testing.T) {
	t.Parallel()
	s := s3Store(t)
	b := startBroker(t, s)
	createTopic(t, b, "hang", 1)
	s.proxy.SetFault(all(faultproxy.Put, faultproxy.Hang))

	const timeout = time.Second
	impatient, patient := dial(t, b), dial(t, b)
	began := time.Now()
	require.NoError(t, impatient.Send(wire.ProduceRequest("hang", 0, int32(timeout.Milliseconds()), wire.Plain(1, wire.Record{Value: []byte("impatient")}).Bytes())))
	require.NoError(t, patient.Send(wire.ProduceRequest("hang", 0, 80_000, wire.Plain(1, wire.Record{Value: []byte("patient")}).Bytes())))
	got, err := impatient.Produced()
	require.NoError(t, err)
	requireRetriable(t, got.Err)
	require.GreaterOrEqual(t, time.Since(began), timeout, "the client's timeout is over")
	require.Empty(t, readAll(t, b, "hang"), "nobody sees what is not in the store")

	s.proxy.SetFault(nil)
	got, err = patient.Produced()
	require.NoError(t, err)
	require.NoError(t, got.Err)
	require.Equal(t, "patient", readValues(t, b, "hang", 0)[got.Base])
}

// What is in memory is served while the store is away, and the broker says that
// it is not well.
func TestScenario19_TailIsServedWithoutTheStore(t *testing.T) {
	t.Parallel()
	s := s3Store(t)
	b := startBroker(t, s, "STREAMHOUSE_READY_GRACE=0")
	createTopic(t, b, "visible", 1)
	c := dial(t, b)
	got, err := c.Produce("visible", 0, valueBatch(0))
	require.NoError(t, err)
	require.NoError(t, got.Err)

	s.proxy.SetFault(everything(faultproxy.Deny))
	require.NoError(t, c.Send(wire.ProduceRequest("visible", 0, 1_000, valueBatch(1))))
	got, err = c.Produced()
	require.NoError(t, err)
	requireRetriable(t, got.Err)
	require.Equal(t, http.StatusServiceUnavailable, b.Status("/readyz"))
	require.Equal(t, http.StatusOK, b.Status("/healthz"), "a restart would not help")
	requireFetched(t, dial(t, b), 0, atOnce)

	s.proxy.SetFault(nil)
	got, err = c.Produce("visible", 0, valueBatch(2))
	require.NoError(t, err)
	require.NoError(t, got.Err)
	require.NoError(t, b.AwaitReady())
}

// The S3 server itself is frozen, killed and started again under load.
func TestScenario19_StoreStopsUnderLoad(t *testing.T) {
	t.Parallel()
	s := ownS3Store(t)
	b := startBroker(t, s)
	createTopic(t, b, "outage", 3)
	load := startLoad(t, "outage", 3, kgo.SeedBrokers(b.Kafka))
	random := seeded(t)
	outage := func(stop, start func() error) {
		t.Helper()
		load.awaitAcknowledged(load.promised.acknowledged() + 50)
		require.NoError(t, stop())
		time.Sleep(random.between(200*time.Millisecond, 2*time.Second)) // the outage
		require.NoError(t, start())
	}
	kill := func() error { s.server.Kill(); return nil }
	outage(s.server.Pause, s.server.Resume)
	outage(kill, s.server.Restart)
	outage(s.server.Pause, func() error { s.server.Kill(); return s.server.Restart() })
	load.stop()
	load.promised.verify(t, b, "outage")
	recoverFromBucket(t, b)
	load.promised.verify(t, b, "outage")
}

// recoverFromBucket kills the broker and starts it on another machine, so to say.
func recoverFromBucket(t *testing.T, b *broker.Broker) {
	t.Helper()
	b.Kill()
	require.NoError(t, b.ForgetMetadata())
	require.NoError(t, b.ForgetCache())
	require.NoError(t, b.Start())
}
