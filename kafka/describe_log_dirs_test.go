package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// sizesOf asks for the sizes of partitions, by topic and number. No topics means all.
func (c *wireClient) sizesOf(topics []kmsg.DescribeLogDirsRequestTopic) map[string]map[int32]int64 {
	c.Helper()
	req := kmsg.NewPtrDescribeLogDirsRequest()
	req.Version, req.Topics = 5, topics
	dirs := ask[*kmsg.DescribeLogDirsResponse](c, req).Dirs
	require.Len(c, dirs, 1)
	requireCode(c, nil, dirs[0].ErrorCode)
	require.EqualValues(c, -1, dirs[0].TotalBytes, "it has no end")
	sizes := make(map[string]map[int32]int64)
	for _, t := range dirs[0].Topics {
		sizes[t.Topic] = make(map[int32]int64)
		for _, p := range t.Partitions {
			sizes[t.Topic][p.Partition] = p.Size
		}
	}
	return sizes
}

func TestDescribeLogDirs(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("a", 2)
		d.topic("b", 1)
		c := d.dial()
		first, second := batchOf(t, nil, "one", "two"), batchOf(t, nil, "three")
		for _, batch := range [][]byte{first, second} {
			requireCode(t, nil, c.produced(produceRequest("a", batch)).ErrorCode)
		}
		both := int64(len(first) + len(second))
		require.Equal(t, map[string]map[int32]int64{"a": {0: both, 1: 0}, "b": {0: 0}}, c.sizesOf(nil))
		some := []kmsg.DescribeLogDirsRequestTopic{
			{Topic: "a", Partitions: []int32{0, 0, 7, -1}}, {Topic: "none", Partitions: []int32{0}}, {Topic: "b"}, {Topic: "a", Partitions: []int32{0}},
		}
		require.Equal(t, map[string]map[int32]int64{"a": {0: both}}, c.sizesOf(some), "what is not there is left out, and what stands twice is there once")

		c.deleted(deleteRecordsRequest(2, "a", 0, 1))
		require.Equal(t, both, c.sizesOf(nil)["a"][0], "a batch is whole until its last record is deleted")
		c.deleted(deleteRecordsRequest(2, "a", 0, -1))
		require.Zero(t, c.sizesOf(nil)["a"][0])
	})
}

func TestAlterReplicaLogDirs(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("a", 2)
		req := kmsg.NewPtrAlterReplicaLogDirsRequest()
		req.Version = 2
		dir := func(dir, topic string, partitions ...int32) kmsg.AlterReplicaLogDirsRequestDir {
			return kmsg.AlterReplicaLogDirsRequestDir{Dir: dir, Topics: []kmsg.AlterReplicaLogDirsRequestDirTopic{{Topic: topic, Partitions: partitions}}}
		}
		req.Dirs = []kmsg.AlterReplicaLogDirsRequestDir{dir("/else", "a", 0, 1), dir(logDir, "a", 1, 2), dir(logDir, "none", 0)}
		got := make(map[string]string)
		for _, topic := range ask[*kmsg.AlterReplicaLogDirsResponse](d.dial(), req).Topics {
			for _, p := range topic.Partitions {
				got[topic.Topic] += codeName(p.ErrorCode) + " "
			}
		}
		require.Equal(t, map[string]string{"a": "LOG_DIR_NOT_FOUND NONE UNKNOWN_TOPIC_OR_PARTITION ", "none": "UNKNOWN_TOPIC_OR_PARTITION "}, got)
	})
}
