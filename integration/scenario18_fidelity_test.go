package integration

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/integration/broker"
	"streamhouse/integration/wire"
)

// oddRecords are what brokers have been seen to change.
func oddRecords() []wire.Record {
	return []wire.Record{
		{Key: nil, Value: nil},
		{Key: []byte{}, Value: []byte{}},
		{Key: []byte{0, 0xff}, Value: bytes.Repeat([]byte("long "), 500), TimestampDelta: -5_000},
		{TimestampDelta: 1 << 33, Headers: []kmsg.Header{
			{Key: "b", Value: []byte("2")}, {Key: "a", Value: []byte("1")}, {Key: "b", Value: []byte("2")},
			{Key: "", Value: []byte{}}, {Key: "null"}, {Key: "\xff\xfe not UTF-8", Value: []byte{0x80, 0}},
		}},
	}
}

// Batches come out as they went in, byte for byte: every codec, from the tail and from the store.
func TestScenario18_BatchesAreIdentical(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		createTopic(t, b, "odd", 1)
		c := dial(t, b)
		sent := everyCodec(t)
		var next int64
		for _, batch := range sent {
			got, err := c.Produce("odd", 0, batch)
			require.NoError(t, err)
			require.Equal(t, wire.Produced{Base: next}, got)
			next += int64(len(oddRecords()))
		}
		requireIdentical(t, b, sent)
		restartCold(t, b)
		requireIdentical(t, b, sent)
	})
}

// everyCodec returns the odd records as each codec holds them, with the bytes of
// other clients too: snappy in the frame that Java's library writes.
func everyCodec(t *testing.T) [][]byte {
	t.Helper()
	plain := wire.Plain(1_700_000_000_000, oddRecords()...)
	batches := [][]byte{plain.Bytes()}
	for _, codec := range []kgo.CompressionCodec{kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()} {
		compressor, err := kgo.DefaultCompressor(codec)
		require.NoError(t, err)
		payload, kind := compressor.Compress(new(bytes.Buffer), plain.Uncompressed())
		b := plain
		b.Attributes, b.Payload = int16(kind), bytes.Clone(payload)
		batches = append(batches, b.Bytes())
		if kind == kgo.CodecSnappy {
			b.Payload = xerial(payload)
			batches = append(batches, b.Bytes())
		}
	}
	return batches
}

// xerial frames a snappy block as the Java client does.
func xerial(block []byte) []byte {
	frame := []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1}
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(block)))
	return append(frame, block...)
}

func requireIdentical(t *testing.T, b *broker.Broker, sent [][]byte) {
	t.Helper()
	c := dial(t, b)
	var got [][]byte
	for offset := int64(0); len(got) < len(sent); {
		answer, err := c.Fetch("odd", patient, wire.Position{Offset: offset})
		require.NoError(t, err)
		require.NoError(t, answer[0].Err)
		batches, err := wire.Split(answer[0].Records)
		require.NoError(t, err)
		require.NotEmpty(t, batches)
		for _, batch := range batches {
			require.Equal(t, offset, wire.BaseOffset(batch))
			offset += int64(len(oddRecords()))
		}
		got = append(got, batches...)
	}
	for i := range sent {
		require.True(t, wire.SameButPlace(sent[i], got[i]), "batch %d:\n%x\n%x", i, sent[i], got[i])
	}
	requireOddRecords(t, readAll(t, b, "odd")[0])
}

// requireOddRecords checks what a client library makes of the batches.
func requireOddRecords(t *testing.T, records []*kgo.Record) {
	t.Helper()
	want := oddRecords()
	for i, r := range records {
		w := want[i%len(want)]
		require.Equal(t, w.Key, r.Key)
		require.Equal(t, w.Value, r.Value)
		require.Equal(t, 1_700_000_000_000+w.TimestampDelta, r.Timestamp.UnixMilli())
		require.Len(t, r.Headers, len(w.Headers))
		for j, h := range w.Headers {
			require.Equal(t, kgo.RecordHeader(h), r.Headers[j])
		}
	}
}

// Bytes that were damaged on their way are refused, and a good batch for
// another partition in the same request is taken.
func TestScenario18_DamagedBatchIsRefusedAlone(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t))
	createTopic(t, b, "odd", 2)
	good := wire.Plain(1, oddRecords()...).Bytes()
	damaged := bytes.Clone(good)
	damaged[len(damaged)-1] ^= 1

	req := wire.ProduceRequest("odd", 0, 60_000, damaged)
	other := kmsg.NewProduceRequestTopicPartition()
	other.Partition, other.Records = 1, good
	req.Topics[0].Partitions = append(req.Topics[0].Partitions, other)
	resp, err := req.RequestWith(guarded(t), dial(t, b))
	require.NoError(t, err)
	byPartition := make(map[int32]kmsg.ProduceResponseTopicPartition)
	for _, p := range resp.Topics[0].Partitions {
		byPartition[p.Partition] = p
	}
	require.Equal(t, kerr.CorruptMessage.Code, byPartition[0].ErrorCode)
	require.Zero(t, byPartition[1].ErrorCode)
	require.Zero(t, byPartition[1].BaseOffset)
	require.Empty(t, readAll(t, b, "odd")[0])
}

// A topic may ask for the broker's time.
func TestScenario18_LogAppendTime(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t))
	createTopic(t, b, "odd", 1, "message.timestamp.type", "LogAppendTime")
	got, err := dial(t, b).Produce("odd", 0, wire.Plain(5, wire.Record{Value: []byte("v")}).Bytes())
	require.NoError(t, err)
	require.NoError(t, got.Err)
	r := readAll(t, b, "odd")[0][0]
	require.Equal(t, "v", string(r.Value))
	require.Greater(t, r.Timestamp.UnixMilli(), int64(1_700_000_000_000))
	require.EqualValues(t, 1, r.Attrs.TimestampType())
}
