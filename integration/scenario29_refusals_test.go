package integration

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/integration/wire"
)

// What the broker does not take gets the code by which clients know what to do.
func TestScenario29_ProduceRefusals(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t), "STREAMHOUSE_AUTO_CREATE_TOPICS=false")
	createTopic(t, b, "small", 1, "max.message.bytes", "1000")
	c := dial(t, b)
	id, epoch, err := c.ProducerID()
	require.NoError(t, err)
	begun, err := c.Produce("small", 0, wire.Sequenced(id, epoch, 0, "begun").Bytes())
	require.NoError(t, err)
	require.Equal(t, wire.Produced{}, begun)
	value := wire.Record{Value: []byte("v")}
	good := wire.Plain(1, value)
	changed := func(change func([]byte)) []byte {
		bytes := good.Bytes()
		change(bytes)
		wire.Seal(bytes)
		return bytes
	}
	for _, c2 := range []struct {
		name      string
		topic     string
		partition int32
		records   []byte
		want      *kerr.Error
	}{
		{"too large", "small", 0, wire.Plain(1, wire.Record{Value: make([]byte, 2_000)}).Bytes(), kerr.MessageTooLarge},
		{"unknown topic", "nobody", 0, good.Bytes(), kerr.UnknownTopicOrPartition},
		{"unknown partition", "small", 7, good.Bytes(), kerr.UnknownTopicOrPartition},
		{"old magic", "small", 0, changed(func(b []byte) { b[16] = 1 }), kerr.InvalidRecord},
		{"unknown codec", "small", 0, changed(func(b []byte) { b[22] = 7 }), kerr.InvalidRecord},
		{"control batch", "small", 0, changed(func(b []byte) { b[22] = 0x20 }), kerr.InvalidRecord},
		{"more records than offsets", "small", 0, changed(func(b []byte) { b[60] = 9 }), kerr.InvalidRecord},
		{"cut short", "small", 0, good.Bytes()[:40], kerr.InvalidRecord},
		{"a gap in the sequence", "small", 0, wire.Sequenced(id, epoch, 5, "v").Bytes(), kerr.OutOfOrderSequenceNumber},
	} {
		t.Run(c2.name, func(t *testing.T) {
			got, err := c.Produce(c2.topic, c2.partition, c2.records)
			require.NoError(t, err)
			require.Equal(t, c2.want, got.Err)
			require.EqualValues(t, -1, got.Base)
		})
	}
	require.Equal(t, []string{"begun"}, readValues(t, b, "small", 0))
	got, err := c.Produce("small", 0, good.Bytes())
	require.NoError(t, err)
	require.Equal(t, wire.Produced{Base: 1}, got, "the connection goes on")
}

// Transactions are refused in a way that a client understands at once.
func TestScenario29_TransactionsAreRefusedClearly(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t))
	createTopic(t, b, "topic", 1)
	req := kmsg.NewPtrInitProducerIDRequest()
	req.Version, req.TransactionalID, req.TransactionTimeoutMillis = 4, kmsg.StringPtr("txn"), 10_000
	resp, err := req.RequestWith(guarded(t), dial(t, b))
	require.NoError(t, err)
	code := kerr.ErrorForCode(resp.ErrorCode)
	require.Error(t, code)
	require.False(t, kerr.IsRetriable(code), "%v would be tried for ever", code)

	batch := wire.Plain(1, wire.Record{Value: []byte("v")})
	batch.Attributes, batch.Producer, batch.Epoch, batch.Sequence = 0x10, 1, 0, 0
	got, err := dial(t, b).Produce("topic", 0, batch.Bytes())
	require.NoError(t, err)
	require.Error(t, got.Err)
	require.False(t, kerr.IsRetriable(got.Err))
	require.Empty(t, readAll(t, b, "topic"))
}

// Topics are named and sized within limits.
func TestScenario29_TopicRefusals(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t))
	createTopic(t, b, "there", 1)
	for _, c := range []struct {
		name       string
		topic      string
		partitions int32
		config     string
		want       *kerr.Error
	}{
		{"exists", "there", 1, "", kerr.TopicAlreadyExists},
		{"no name", "", 1, "", kerr.InvalidTopicException},
		{"a slash", "a/b", 1, "", kerr.InvalidTopicException},
		{"dots", "..", 1, "", kerr.InvalidTopicException},
		{"too long", string(bytes.Repeat([]byte("x"), 250)), 1, "", kerr.InvalidTopicException},
		{"no partitions", "zero", 0, "", kerr.InvalidPartitions},
		{"too many partitions", "many", 1 << 30, "", kerr.InvalidPartitions},
		{"unknown config", "config", 1, "no.such.config", kerr.InvalidConfig},
	} {
		topic := kmsg.NewCreateTopicsRequestTopic()
		topic.Topic, topic.NumPartitions, topic.ReplicationFactor = c.topic, c.partitions, 1
		if c.config != "" {
			config := kmsg.NewCreateTopicsRequestTopicConfig()
			config.Name, config.Value = c.config, kmsg.StringPtr("1")
			topic.Configs = append(topic.Configs, config)
		}
		req := kmsg.NewPtrCreateTopicsRequest()
		req.Version, req.TimeoutMillis, req.Topics = 5, 10_000, append(req.Topics, topic)
		resp, err := req.RequestWith(guarded(t), dial(t, b))
		require.NoError(t, err)
		require.Equal(t, c.want, kerr.ErrorForCode(resp.Topics[0].ErrorCode), c.name)
	}
}
