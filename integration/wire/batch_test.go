package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestBatchIsRead checks the builder against a client that knows the format.
func TestBatchIsRead(t *testing.T) {
	encoded := Plain(1000,
		Record{Key: nil, Value: []byte{}},
		Record{TimestampDelta: 7, Key: []byte("k"), Headers: []kmsg.Header{{Key: "h", Value: []byte{0xff}}, {Key: "h"}}},
	).Bytes()
	p := kmsg.NewFetchResponseTopicPartition()
	p.HighWatermark, p.RecordBatches = 2, append(encoded, Sequenced(9, 1, 5, "third").Bytes()...)
	batches, err := Split(p.RecordBatches)
	require.NoError(t, err)
	require.Len(t, batches, 2)
	require.True(t, SameButPlace(batches[0], encoded[:len(batches[0])]))
	batches[1][7] = 2 // its place in the log
	require.EqualValues(t, 2, BaseOffset(batches[1]))

	got, _ := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Topic: "t"}, &p, kgo.DefaultDecompressor(), nil)
	require.NoError(t, got.Err)
	require.Len(t, got.Records, 3)
	require.Nil(t, got.Records[0].Key)
	require.NotNil(t, got.Records[0].Value)
	require.EqualValues(t, 1007, got.Records[1].Timestamp.UnixMilli())
	require.Equal(t, []kgo.RecordHeader{{Key: "h", Value: []byte{0xff}}, {Key: "h"}}, got.Records[1].Headers)
	require.Equal(t, "third", string(got.Records[2].Value))
	require.EqualValues(t, 9, got.Records[2].ProducerID)
}
