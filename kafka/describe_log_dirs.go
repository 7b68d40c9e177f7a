package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// logDir is what the only place is called that replicas lie in.
const logDir = "object-store"

// describeLogDirs answers DescribeLogDirs: all partitions lie in one place, the object store, which has no size.
//
//   - No list of topics means all of them. Topics and partitions that do not exist are left out, as in Kafka.
//   - A partition has the size of its record batches as they were sent: what Kafka's files would have.
func (s *Server) describeLogDirs(_ context.Context, _ *client, req *kmsg.DescribeLogDirsRequest) *kmsg.DescribeLogDirsResponse {
	resp := req.ResponseKind().(*kmsg.DescribeLogDirsResponse)
	dir := kmsg.NewDescribeLogDirsResponseDir()
	dir.Dir = logDir
	if req.Topics == nil {
		for _, t := range s.log.Topics() {
			s.addSizes(&dir, t, nil)
		}
	}
	req.Topics, _ = distinctPartitions(req.Topics, func(t *kmsg.DescribeLogDirsRequestTopic) (topicKey, *[]int32) {
		return topicKey{name: t.Topic}, &t.Partitions
	}, number)
	for _, rt := range req.Topics {
		if t, err := s.log.Topic(rt.Topic); err == nil && len(rt.Partitions) > 0 {
			s.addSizes(&dir, t, rt.Partitions)
		}
	}
	resp.Dirs = append(resp.Dirs, dir)
	return resp
}

// addSizes adds partitions of a topic to a place; nil means all of them.
func (s *Server) addSizes(dir *kmsg.DescribeLogDirsResponseDir, t log.Topic, partitions []int32) {
	sizes, err := s.log.PartitionSizes(t.ID)
	if err != nil {
		return // deleted just now
	}
	out := kmsg.NewDescribeLogDirsResponseDirTopic()
	out.Topic = t.Name
	add := func(index int32) {
		p := kmsg.NewDescribeLogDirsResponseDirTopicPartition()
		p.Partition, p.Size = index, sizes[index]
		out.Partitions = append(out.Partitions, p)
	}
	for i := range sizes {
		if partitions == nil {
			add(int32(i))
		}
	}
	for _, index := range partitions {
		if index >= 0 && int(index) < len(sizes) {
			add(index)
		}
	}
	if len(out.Partitions) > 0 {
		dir.Topics = append(dir.Topics, out)
	}
}
