package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

func TestDeleteTopicsByName(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		c := d.dial()
		for version := range int16(7) {
			d.topic("t", 1)
			req := kmsg.NewPtrDeleteTopicsRequest()
			req.Version, req.TopicNames = version, []string{"none", "t"}
			if version >= 6 {
				none, name := "none", "t"
				req.TopicNames, req.Topics = nil, []kmsg.DeleteTopicsRequestTopic{{Topic: &none}, {Topic: &name}}
			}
			resp := ask[*kmsg.DeleteTopicsResponse](c, req)
			requireCode(t, kerr.UnknownTopicOrPartition, resp.Topics[0].ErrorCode)
			require.Equal(t, "none", *resp.Topics[0].Topic)
			requireCode(t, nil, resp.Topics[1].ErrorCode, "version %d", version)
			require.Equal(t, "t", *resp.Topics[1].Topic)
			if version >= 5 {
				require.NotEmpty(t, *resp.Topics[0].ErrorMessage)
				require.Nil(t, resp.Topics[1].ErrorMessage)
			}
			d.requireTopics(map[string]int32{})
		}
	})
}

func TestDeleteTopicsByID(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		a, b := d.topic("a", 1), d.topic("b", 1)
		name := "b"
		req := kmsg.NewPtrDeleteTopicsRequest()
		req.Version = 6
		req.Topics = []kmsg.DeleteTopicsRequestTopic{{TopicID: a}, {TopicID: log.TopicID{1}}, {}, {Topic: &name, TopicID: b}}
		resp := ask[*kmsg.DeleteTopicsResponse](d.dial(), req)
		require.Equal(t, "a", *resp.Topics[0].Topic)
		for i, want := range []*kerr.Error{nil, kerr.UnknownTopicID, kerr.InvalidRequest, kerr.InvalidRequest} {
			requireCode(t, want, resp.Topics[i].ErrorCode, "topic %d", i)
		}
		d.requireTopics(map[string]int32{"b": 1})
	})
}

// What waits for the records of a topic that is deleted is told, and does not wait on.
func TestDeleteTopicsEndsPolls(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		id := d.topic("t", 1)
		waits := d.dial()
		waits.send(fetchRequest("t", 0))
		d.told() // it waits
		req := kmsg.NewPtrDeleteTopicsRequest()
		req.Version, req.Topics = 6, []kmsg.DeleteTopicsRequestTopic{{TopicID: id}}
		requireCode(t, nil, ask[*kmsg.DeleteTopicsResponse](d.dial(), req).Topics[0].ErrorCode)
		requireCode(t, kerr.UnknownTopicOrPartition, waits.receive().(*kmsg.FetchResponse).Topics[0].Partitions[0].ErrorCode)
	})
}
