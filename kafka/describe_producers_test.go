package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/log/record"
)

func producersRequest(topic string, partitions ...int32) *kmsg.DescribeProducersRequest {
	req := kmsg.NewPtrDescribeProducersRequest()
	req.Topics = []kmsg.DescribeProducersRequestTopic{{Topic: topic, Partitions: partitions}}
	return req
}

func TestDescribeProducers(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 2)
		c := d.dial()
		for _, seq := range []record.Sequence{{ProducerID: 7, ProducerEpoch: 1}, {ProducerID: 5}, {ProducerID: 7, ProducerEpoch: 1, Base: 2}} {
			requireCode(t, nil, c.produced(produceRequest("t", batchOf(t, &seq, "a", "b"))).ErrorCode)
		}
		parts := ask[*kmsg.DescribeProducersResponse](c, producersRequest("t", 0, 1, 2, 0)).Topics[0].Partitions
		require.Len(t, parts, 3)
		requireCode(t, kerr.UnknownTopicOrPartition, parts[2].ErrorCode)
		require.Empty(t, parts[1].ActiveProducers)
		var got [][3]int64
		for _, p := range parts[0].ActiveProducers {
			got = append(got, [3]int64{p.ProducerID, int64(p.ProducerEpoch), int64(p.LastSequence)})
			require.Positive(t, p.LastTimestamp)
			require.EqualValues(t, -1, p.CurrentTxnStartOffset)
		}
		require.Equal(t, [][3]int64{{5, 0, 1}, {7, 1, 3}}, got)

		unknown := ask[*kmsg.DescribeProducersResponse](c, producersRequest("none", 0, 1)).Topics[0].Partitions
		for i, p := range unknown {
			requireCode(t, kerr.UnknownTopicOrPartition, p.ErrorCode)
			require.Equal(t, i == 0, p.ErrorMessage != nil)
		}
	})
}

// An answer of many producers ends where there is no more room.
func TestDescribeProducersWithinTheRoom(t *testing.T) {
	inDoor(t, func(o *Options, _ *log.Options) { o.MaxAnswerBytes = 3 * producerBytes }, func(d *door) {
		d.topic("t", 2)
		c := d.dial()
		for id := range int64(4) {
			for partition := range int32(2) {
				req := produceRequest("t", batchOf(t, &record.Sequence{ProducerID: id}, "a"))
				req.Topics[0].Partitions[0].Partition = partition
				requireCode(t, nil, c.produced(req).ErrorCode)
			}
		}
		parts := ask[*kmsg.DescribeProducersResponse](c, producersRequest("t", 0, 1)).Topics[0].Partitions
		requireCode(t, nil, parts[0].ErrorCode)
		require.Len(t, parts[0].ActiveProducers, 4)
		requireCode(t, kerr.InvalidRequest, parts[1].ErrorCode)
		require.Empty(t, parts[1].ActiveProducers)
	})
}
