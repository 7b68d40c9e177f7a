package kafka

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/log/record"
)

func listOffsetsRequest(version int16, topic string, timestamps ...int64) *kmsg.ListOffsetsRequest {
	req := kmsg.NewPtrListOffsetsRequest()
	req.Version = version
	rt := kmsg.NewListOffsetsRequestTopic()
	rt.Topic = topic
	for i, ts := range timestamps {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp, p.CurrentLeaderEpoch, p.MaxNumOffsets = int32(i), ts, -1, 10
		rt.Partitions = append(rt.Partitions, p)
	}
	req.Topics = append(req.Topics, rt)
	return req
}

func (c *wireClient) listed(req *kmsg.ListOffsetsRequest) kmsg.ListOffsetsResponseTopicPartition {
	c.Helper()
	return ask[*kmsg.ListOffsetsResponse](c, req).Topics[0].Partitions[0]
}

// inListOffsets runs a test against a topic that has records at the seconds 10, 30 and 20 of a day, the first of them deleted.
func inListOffsets(t *testing.T, test func(d *door, c *wireClient, base int64)) {
	inDoor(t, nil, func(d *door) {
		id := d.topic("t", 1)
		base := time.Now().UnixMilli()
		c := d.dial()
		for _, at := range []int64{0, 10_000, 30_000, 20_000} {
			b, err := record.AppendBatch(nil, []record.Record{{Timestamp: base + at}}, nil)
			require.NoError(t, err)
			requireCode(t, nil, c.produced(produceRequest("t", b)).ErrorCode)
		}
		_, err := d.log.DeleteRecords([]log.DeleteSpec{{Partition: log.PartitionID{Topic: id}, Offset: 1}}).Wait(d.Context())
		require.NoError(t, err)
		test(d, c, base)
	})
}

func TestListOffsetsIsolationLevels(t *testing.T) {
	inListOffsets(t, func(_ *door, c *wireClient, _ int64) {
		for level, want := range map[int8]*kerr.Error{0: nil, 1: nil, 2: kerr.InvalidRequest, -1: kerr.InvalidRequest} {
			req := listOffsetsRequest(11, "t", -1)
			req.IsolationLevel = level
			requireCode(t, want, c.listed(req).ErrorCode, "level %d", level)
		}
	})
}

func TestListOffsetsPlaces(t *testing.T) {
	inListOffsets(t, func(d *door, c *wireClient, base int64) {
		for version := int16(1); version <= 11; version++ {
			for what, w := range map[string]struct{ timestamp, offset, at int64 }{
				"latest":                  {-1, 4, -1},
				"earliest":                {-2, 1, -1},
				"by time, exact":          {base + 10_000, 1, base + 10_000},
				"by time, between":        {base + 10_001, 2, base + 30_000},
				"by time, out of order":   {base + 15_000, 2, base + 30_000},
				"by time, before all":     {0, 1, base + 10_000},
				"by time, behind the end": {base + 30_001, -1, -1},
			} {
				p := c.listed(listOffsetsRequest(version, "t", w.timestamp))
				requireCode(t, nil, p.ErrorCode, what)
				require.Equal(t, w.offset, p.Offset, "%s, version %d", what, version)
				require.Equal(t, w.at, p.Timestamp, what)
				if version >= 4 && w.at >= 0 {
					require.Equal(t, d.log.LeaderEpoch(), p.LeaderEpoch, what)
				}
			}
		}
	})
}

func TestListOffsetsSpecialTimestampsAndTheirVersions(t *testing.T) {
	inListOffsets(t, func(d *door, c *wireClient, base int64) {
		for _, w := range []struct {
			timestamp int64
			since     int16
			offset    int64
		}{
			{-3, 7, 2}, // largest timestamp
			{-4, 8, 1}, // earliest local
			{-5, 9, -1},
			{-6, 11, -1},
			{-7, 99, 0},
		} {
			for version := int16(1); version <= 11; version++ {
				p := c.listed(listOffsetsRequest(version, "t", w.timestamp))
				if version < w.since {
					requireCode(t, kerr.UnsupportedVersion, p.ErrorCode, w)
					continue
				}
				requireCode(t, nil, p.ErrorCode, w)
				require.Equal(t, w.offset, p.Offset, "%v", w)
			}
		}
	})
}

func TestListOffsetsVersion0(t *testing.T) {
	inListOffsets(t, func(d *door, c *wireClient, base int64) {
		require.Equal(t, []int64{4, 1}, c.listed(listOffsetsRequest(0, "t", -1)).OldStyleOffsets, "latest first")
		require.Equal(t, []int64{1}, c.listed(listOffsetsRequest(0, "t", -2)).OldStyleOffsets)
		one := listOffsetsRequest(0, "t", -1)
		one.Topics[0].Partitions[0].MaxNumOffsets = 1
		require.Equal(t, []int64{4}, c.listed(one).OldStyleOffsets)
	})
}

func TestListOffsetsErrors(t *testing.T) {
	inListOffsets(t, func(d *door, c *wireClient, _ int64) {
		requireCode(t, kerr.UnknownTopicOrPartition, c.listed(listOffsetsRequest(5, "unknown", -1)).ErrorCode)
		req := listOffsetsRequest(5, "t", -1, -1)
		resp := ask[*kmsg.ListOffsetsResponse](c, req)
		requireCode(t, nil, resp.Topics[0].Partitions[0].ErrorCode)
		requireCode(t, kerr.UnknownTopicOrPartition, resp.Topics[0].Partitions[1].ErrorCode)
		req.Topics[0].Partitions[1].Partition = 0
		requireCode(t, kerr.InvalidRequest, c.listed(req).ErrorCode, "twice")
		req = listOffsetsRequest(5, "t", -1)
		req.Topics[0].Partitions[0].CurrentLeaderEpoch = d.log.LeaderEpoch() - 1
		requireCode(t, kerr.FencedLeaderEpoch, c.listed(req).ErrorCode)
	})
}
