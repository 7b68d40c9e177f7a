package integration

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/integration/broker"
	"streamhouse/integration/wire"
)

// unknownRequest is a frame that no broker takes, and with it what its sender has sent behind it.
func unknownRequest(behind int) []byte {
	return append([]byte{0, 0, 0, 10, 0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff}, make([]byte, behind)...)
}

// hasty starts a broker that holds a flush back, and sends it ten records without waiting for an answer.
func hasty(t *testing.T) (*broker.Broker, *wire.Conn) {
	t.Helper()
	b := startBroker(t, localStore(t), "STREAMHOUSE_FLUSH_INTERVAL=500ms")
	createTopic(t, b, "hasty", 1)
	c := dial(t, b)
	_, err := c.Produce("hasty", 0, valueBatch(0)) // the next flush has to wait
	require.NoError(t, err)
	for i := range int64(10) {
		require.NoError(t, c.Send(wire.ProduceRequest("hasty", 0, 60_000, valueBatch(1+i))))
	}
	return b, c
}

// requireTenAnswers makes sure that each record was told of, and stored once.
func requireTenAnswers(t *testing.T, b *broker.Broker, c *wire.Conn) {
	t.Helper()
	for i := range int64(10) {
		got, err := c.Produced()
		require.NoError(t, err, "of record %d", i)
		require.Equal(t, wire.Produced{Base: 1 + i}, got)
	}
	require.NoError(t, c.Closed())
	end, err := dial(t, b).EndOffset("hasty", 0)
	require.NoError(t, err)
	require.Equal(t, int64(11), end)
}

// A request that is refused does not take the answers to those before it.
func TestScenario32_ARefusalBehindRequestsThatWereTaken(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string][]byte{
		"unknown":         unknownRequest(0),
		"much behind it":  unknownRequest(1 << 20),
		"version too new": {0, 0, 0, 10, 0, 3, 0x7f, 0xff, 0, 0, 0, 1, 0xff, 0xff},
		"no body":         {0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff},
		"too large":       {0x7f, 0xff, 0xff, 0xff},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, c := hasty(t)
			_, err := c.Write(refused)
			require.NoError(t, err)
			requireTenAnswers(t, b, c)
		})
	}
}

// Neither does a client that sends no more, also not in the middle of a request.
func TestScenario32_AClientThatStopsSending(t *testing.T) {
	t.Parallel()
	for name, last := range map[string][]byte{"between requests": nil, "in a request": {0, 0, 0, 10, 0, 3}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, c := hasty(t)
			_, err := c.Write(last)
			require.NoError(t, err)
			require.NoError(t, c.Conn.(*net.TCPConn).CloseWrite())
			requireTenAnswers(t, b, c)
		})
	}
}

// An answer that its client has yet to read is not lost with the input that the broker will not read.
func TestScenario32_ALargeAnswerBeforeARefusal(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t))
	createTopic(t, b, "large", 1)
	c := dial(t, b)
	require.NoError(t, c.Conn.(*net.TCPConn).SetReadBuffer(32<<10))
	const batches = 16
	for range batches {
		got, err := c.Produce("large", 0, wire.Plain(1, wire.Record{Value: make([]byte, 1_000_000)}).Bytes())
		require.NoError(t, err)
		require.NoError(t, got.Err)
	}
	p := kmsg.NewFetchRequestTopicPartition()
	p.PartitionMaxBytes = 50 << 20
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.Partitions = "large", []kmsg.FetchRequestTopicPartition{p}
	fetch := kmsg.NewPtrFetchRequest()
	fetch.Version, fetch.MinBytes, fetch.MaxWaitMillis, fetch.MaxBytes, fetch.Topics = 12, 1, 10_000, 50<<20, []kmsg.FetchRequestTopic{topic}
	require.NoError(t, c.Send(fetch))
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(unknownRequest(4 << 20))
		sent <- err
	}()
	resp := kmsg.NewPtrFetchResponse()
	resp.Version = fetch.Version
	require.NoError(t, c.Receive(resp))
	require.Greater(t, len(resp.Topics[0].Partitions[0].RecordBatches), batches*1_000_000)
	require.NoError(t, c.Closed())
	require.NoError(t, <-sent)
}
