package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestOffsetForLeaderEpoch(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		d.topic("empty", 1)
		c := d.dial()
		requireCode(t, nil, c.produced(produceRequest("t", batchOf(t, nil, "a", "b"))).ErrorCode)
		now := d.log.LeaderEpoch()
		for what, w := range map[string]struct {
			topic          string
			partition      int32
			current, asked int32
			epoch          int32
			end            int64
			want           *kerr.Error
		}{
			"the present one":               {"t", 0, now, now, now, 2, nil},
			"without a current one":         {"t", 0, -1, now, now, 2, nil},
			"from before the log":           {"t", 0, now, now - 1, now - 1, 0, nil},
			"one that is yet to come":       {"t", 0, now, now + 1, -1, -1, nil},
			"none":                          {"t", 0, now, -1, -1, -1, nil},
			"less than none":                {"t", 0, now, -2, -2, 0, nil},
			"where nothing was written":     {"empty", 0, now, now, now, 0, nil},
			"asked of an old leader":        {"t", 0, now + 1, now, -1, -1, kerr.UnknownLeaderEpoch},
			"asked by an old client":        {"t", 0, now - 1, now, -1, -1, kerr.FencedLeaderEpoch},
			"a partition that's missing":    {"t", 1, now, now, -1, -1, kerr.UnknownTopicOrPartition},
			"a topic that's missing":        {"none", 0, now, now, -1, -1, kerr.UnknownTopicOrPartition},
			"a partition that can't be one": {"t", -1, now, now, -1, -1, kerr.UnknownTopicOrPartition},
		} {
			for version := range int16(5) {
				req := kmsg.NewPtrOffsetForLeaderEpochRequest()
				req.Version = version
				p := kmsg.OffsetForLeaderEpochRequestTopicPartition{Partition: w.partition, CurrentLeaderEpoch: w.current, LeaderEpoch: w.asked}
				req.Topics = []kmsg.OffsetForLeaderEpochRequestTopic{{Topic: w.topic, Partitions: []kmsg.OffsetForLeaderEpochRequestTopicPartition{p}}}
				if version < 2 && w.current != now {
					continue // it has no current epoch
				}
				got := ask[*kmsg.OffsetForLeaderEpochResponse](c, req).Topics[0].Partitions[0]
				requireCode(t, w.want, got.ErrorCode, what)
				require.Equal(t, w.end, got.EndOffset, what)
				require.Equal(t, w.partition, got.Partition, what)
				if version >= 1 {
					require.Equal(t, w.epoch, got.LeaderEpoch, what)
				}
			}
		}
	})
}
