package kafka

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
)

func deleteRecordsRequest(version int16, topic string, partition int32, offset int64) *kmsg.DeleteRecordsRequest {
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.Version, req.TimeoutMillis = version, 4000
	p := kmsg.DeleteRecordsRequestTopicPartition{Partition: partition, Offset: offset}
	req.Topics = []kmsg.DeleteRecordsRequestTopic{{Topic: topic, Partitions: []kmsg.DeleteRecordsRequestTopicPartition{p}}}
	return req
}

func (c *wireClient) deleted(req *kmsg.DeleteRecordsRequest) kmsg.DeleteRecordsResponseTopicPartition {
	c.Helper()
	return ask[*kmsg.DeleteRecordsResponse](c, req).Topics[0].Partitions[0]
}

func TestDeleteRecords(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		for range 5 {
			requireCode(t, nil, c.produced(produceRequest("t", batchOf(t, nil, "a", "b"))).ErrorCode)
		}
		for _, w := range []struct {
			topic             string
			partition         int32
			offset, watermark int64
			want              *kerr.Error
		}{
			{"t", 0, 0, 0, nil},
			{"t", 0, 3, 3, nil}, // in the middle of a batch
			{"t", 0, 2, 3, nil}, // never back
			{"t", 0, 11, -1, kerr.OffsetOutOfRange},
			{"t", 0, -2, -1, kerr.OffsetOutOfRange},
			{"t", 1, 0, -1, kerr.UnknownTopicOrPartition},
			{"t", -1, 0, -1, kerr.UnknownTopicOrPartition},
			{"none", 0, 0, -1, kerr.UnknownTopicOrPartition},
		} {
			p := c.deleted(deleteRecordsRequest(2, w.topic, w.partition, w.offset))
			requireCode(t, w.want, p.ErrorCode, "%+v", w)
			require.Equal(t, w.watermark, p.LowWatermark, "%+v", w)
		}
		requireCode(t, kerr.OffsetOutOfRange, c.fetched(fetchRequest("t", 2)).ErrorCode)
		rest := c.fetched(fetchRequest("t", 3))
		require.Equal(t, []string{"b", "a", "b", "a", "b", "a", "b"}, valuesOf(t, rest.RecordBatches, 3))
		require.EqualValues(t, 3, rest.LogStartOffset)
		for version := range int16(3) {
			require.EqualValues(t, 10, c.deleted(deleteRecordsRequest(version, "t", 0, -1)).LowWatermark, "-1 is all")
		}
		require.EqualValues(t, 10, c.produced(produceRequest("t", batchOf(t, nil, "c"))).BaseOffset, "offsets are never given twice")
	})
}

func TestDeleteRecordsWhileTheStoreIsAway(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		d.store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		c, began := d.dial(), time.Now()
		p := c.deleted(deleteRecordsRequest(2, "t", 0, -1))
		requireCode(t, kerr.RequestTimedOut, p.ErrorCode)
		require.EqualValues(t, -1, p.LowWatermark)
		require.Equal(t, 4*time.Second, time.Since(began))
	})
}
