package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

func TestFetchRefusals(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		id := d.topic("t", 2)
		c := d.dial()
		requireCode(t, nil, c.produced(produceRequest("t", batchOf(t, nil, "a"))).ErrorCode)
		follower := func(r *kmsg.FetchRequest) {
			if r.ReplicaID = 0; r.Version >= 15 {
				r.ReplicaState.ID = 0
			}
		}
		for name, w := range map[string]struct {
			edit                 func(*kmsg.FetchRequest)
			whole, first, second *kerr.Error
		}{
			"ordinary":                {func(*kmsg.FetchRequest) {}, nil, nil, nil},
			"a follower":              {follower, nil, kerr.NotLeaderForPartition, kerr.NotLeaderForPartition},
			"a debugging replica":     {func(r *kmsg.FetchRequest) { r.ReplicaID = -2 }, nil, nil, nil},
			"-1 bytes":                {func(r *kmsg.FetchRequest) { r.MaxBytes = -1 }, nil, kerr.InvalidRequest, kerr.InvalidRequest},
			"-1 bytes of a partition": {func(r *kmsg.FetchRequest) { r.Topics[0].Partitions[0].PartitionMaxBytes = -1 }, nil, kerr.InvalidRequest, nil},
			"isolation level 2":       {func(r *kmsg.FetchRequest) { r.IsolationLevel = 2 }, kerr.InvalidRequest, kerr.InvalidRequest, kerr.InvalidRequest},
			"isolation level -1":      {func(r *kmsg.FetchRequest) { r.IsolationLevel = -1 }, kerr.InvalidRequest, kerr.InvalidRequest, kerr.InvalidRequest},
			"-1 bytes, and no such topic": {func(r *kmsg.FetchRequest) {
				r.MaxBytes, r.Topics[0].Topic, r.Topics[0].TopicID = -1, "none", log.TopicID{1}
			}, nil, kerr.UnknownTopicOrPartition, kerr.UnknownTopicOrPartition},
		} {
			for version := int16(4); version <= 18; version++ {
				req := fetchRequest("t", 0)
				req.Version, req.Topics[0].TopicID, req.MinBytes = version, id, 0
				req.Topics[0].Partitions = append(req.Topics[0].Partitions, fetchPartition(1, 0))
				w.edit(req)
				resp := ask[*kmsg.FetchResponse](c, req)
				if version >= 7 {
					requireCode(t, w.whole, resp.ErrorCode, name)
				}
				if w.whole != nil && version >= 13 {
					require.Empty(t, resp.Topics, name)
					continue
				}
				for i, want := range []*kerr.Error{w.first, w.second} {
					if want == kerr.UnknownTopicOrPartition && version >= 13 {
						want = kerr.UnknownTopicID
					}
					requireCode(t, want, resp.Topics[0].Partitions[i].ErrorCode, "%s, version %d", name, version)
				}
			}
		}
	})
}

func TestFetchGoesOnWithNoSession(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		for epoch, want := range map[int32]*kerr.Error{
			0: nil, -1: nil, 1: kerr.FetchSessionIDNotFound, -2: kerr.FetchSessionIDNotFound, -1 << 31: kerr.FetchSessionIDNotFound,
		} {
			req := fetchRequest("t", 0)
			req.SessionEpoch = epoch
			resp := ask[*kmsg.FetchResponse](c, req)
			requireCode(t, want, resp.ErrorCode)
			require.Equal(t, want == nil, len(resp.Topics) == 1)
		}
	})
}

// Nothing is aborted: the list is null where nobody asked, and empty where there is no such partition.
func TestFetchAbortedTransactions(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		for _, w := range []struct {
			topic     string
			partition int32
			offset    int64
			isolation int8
			null      bool
		}{
			{"t", 0, 0, 0, true},
			{"t", 0, 0, 1, false},
			{"t", 0, 9, 0, true},
			{"t", 0, 9, 1, true},
			{"t", 1, 0, 0, false},
			{"none", 0, 0, 0, false},
		} {
			req := fetchRequest(w.topic, w.offset)
			req.Topics[0].Partitions[0].Partition, req.IsolationLevel = w.partition, w.isolation
			got := c.fetched(req)
			require.Equal(t, w.null, got.AbortedTransactions == nil, "%+v", w)
			require.Empty(t, got.AbortedTransactions)
		}
	})
}

func TestFetchLeavesOutTopicsWithoutPartitions(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		req := fetchRequest("t", 0)
		req.MinBytes = 0
		empty := kmsg.NewFetchRequestTopic()
		empty.Topic = "other"
		req.Topics = append([]kmsg.FetchRequestTopic{empty}, req.Topics...)
		resp := ask[*kmsg.FetchResponse](d.dial(), req)
		require.Len(t, resp.Topics, 1)
		require.Equal(t, "t", resp.Topics[0].Topic)
	})
}
