package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestElectLeaders(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		req := kmsg.NewPtrElectLeadersRequest()
		req.Version = 2
		all := ask[*kmsg.ElectLeadersResponse](c, req)
		requireCode(t, nil, all.ErrorCode)
		require.Equal(t, "t", all.Topics[0].Topic)
		require.Empty(t, all.Topics[0].Partitions, "nothing changed")

		req.Topics = []kmsg.ElectLeadersRequestTopic{{Topic: "t", Partitions: []int32{0, 1, 0}}, {Topic: "none", Partitions: []int32{0, 1}}}
		some := ask[*kmsg.ElectLeadersResponse](c, req).Topics
		require.Len(t, some[0].Partitions, 2)
		requireCode(t, kerr.ElectionNotNeeded, some[0].Partitions[0].ErrorCode)
		requireCode(t, kerr.UnknownTopicOrPartition, some[0].Partitions[1].ErrorCode)
		for i, p := range some[1].Partitions {
			requireCode(t, kerr.UnknownTopicOrPartition, p.ErrorCode)
			require.Equal(t, i == 0, p.ErrorMessage != nil, "the topic's error is told once")
		}
	})
}
