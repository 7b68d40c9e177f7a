package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

func growth(topic string, count int32, brokers ...[]int32) kmsg.CreatePartitionsRequestTopic {
	t := kmsg.NewCreatePartitionsRequestTopic()
	t.Topic, t.Count = topic, count
	for _, b := range brokers {
		t.Assignment = append(t.Assignment, kmsg.CreatePartitionsRequestTopicAssignment{Replicas: b})
	}
	return t
}

func TestCreatePartitions(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		for _, name := range []string{"a", "b", "c", "twice"} {
			d.topic(name, 2)
		}
		req := kmsg.NewPtrCreatePartitionsRequest()
		req.Version, req.ValidateOnly = 3, true
		ours, theirs := []int32{nodeID}, []int32{nodeID + 1}
		asked := []struct {
			kmsg.CreatePartitionsRequestTopic
			want *kerr.Error
		}{
			{growth("a", 5), nil},
			{growth("b", 4, ours, ours), nil},
			{growth("c", 2), kerr.InvalidPartitions},
			{growth("c", 1), kerr.InvalidPartitions},
			{growth("c", log.MaxPartitions+1), kerr.InvalidPartitions},
			{growth("c", 4, ours), kerr.InvalidReplicaAssignment},
			{growth("c", 4, ours, theirs), kerr.InvalidReplicaAssignment},
			{growth("none", 4), kerr.UnknownTopicOrPartition},
			{growth("none", 4, ours), kerr.UnknownTopicOrPartition},
		}
		c := d.dial()
		for _, validate := range []bool{true, false} {
			req.ValidateOnly = validate
			for _, a := range asked {
				req.Topics = []kmsg.CreatePartitionsRequestTopic{a.CreatePartitionsRequestTopic}
				out := ask[*kmsg.CreatePartitionsResponse](c, req).Topics[0]
				requireCode(t, a.want, out.ErrorCode, "%+v", a)
				require.Equal(t, a.Topic, out.Topic)
				require.Equal(t, a.want != nil, out.ErrorMessage != nil)
			}
			if validate {
				d.requireTopics(map[string]int32{"a": 2, "b": 2, "c": 2, "twice": 2})
			}
		}
		req.Topics = []kmsg.CreatePartitionsRequestTopic{growth("twice", 3), growth("c", 3), growth("twice", 4)}
		resp := ask[*kmsg.CreatePartitionsResponse](c, req)
		require.Len(t, resp.Topics, 2)
		for i, want := range []*kerr.Error{kerr.InvalidRequest, nil} {
			requireCode(t, want, resp.Topics[i].ErrorCode)
		}
		d.requireTopics(map[string]int32{"a": 5, "b": 4, "c": 3, "twice": 2})
	})
}

// A consumer that knew the topic before finds its new partitions, and they work at once.
func TestCreatePartitionsTakeRecords(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		req := kmsg.NewPtrCreatePartitionsRequest()
		req.Version, req.Topics = 3, []kmsg.CreatePartitionsRequestTopic{growth("t", 2)}
		requireCode(t, nil, ask[*kmsg.CreatePartitionsResponse](c, req).Topics[0].ErrorCode)
		write := produceRequest("t", batchOf(t, nil, "v"))
		write.Topics[0].Partitions[0].Partition = 1
		requireCode(t, nil, c.produced(write).ErrorCode)
		read := fetchRequest("t", 0)
		read.Topics[0].Partitions[0].Partition = 1
		require.Equal(t, []string{"v"}, valuesOf(t, c.fetched(read).RecordBatches, 0))
	})
}
