package kafka

import (
	"context"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// deleteRecords answers DeleteRecords once it is durable that partitions begin later. Offset -1 means the high watermark.
// Of a partition that stands twice in a request the last offset counts, as in Kafka.
func (s *Server) deleteRecords(ctx context.Context, _ *client, req *kmsg.DeleteRecordsRequest) *kmsg.DeleteRecordsResponse {
	resp := req.ResponseKind().(*kmsg.DeleteRecordsResponse)
	req.Topics = slices.DeleteFunc(req.Topics, func(t kmsg.DeleteRecordsRequestTopic) bool { return len(t.Partitions) == 0 })
	req.Topics, _ = distinctPartitions(req.Topics, func(t *kmsg.DeleteRecordsRequestTopic) (topicKey, *[]kmsg.DeleteRecordsRequestTopicPartition) {
		return topicKey{name: t.Topic}, &t.Partitions
	}, func(p *kmsg.DeleteRecordsRequestTopicPartition) int32 { return p.Partition })
	resp.Topics = make([]kmsg.DeleteRecordsResponseTopic, len(req.Topics))
	var specs []log.DeleteSpec
	var slots []*kmsg.DeleteRecordsResponseTopicPartition
	for i := range req.Topics {
		rt, t := &req.Topics[i], &resp.Topics[i]
		t.Topic = rt.Topic
		topic, err := s.topicID(false, rt.Topic, log.TopicID{})
		t.Partitions = make([]kmsg.DeleteRecordsResponseTopicPartition, len(rt.Partitions))
		for j, in := range rt.Partitions {
			out := &t.Partitions[j]
			out.Default()
			out.Partition, out.LowWatermark, out.ErrorCode = in.Partition, -1, codeOf(err)
			if err == nil {
				specs = append(specs, log.DeleteSpec{Partition: log.PartitionID{Topic: topic, Index: in.Partition}, Offset: in.Offset})
				slots = append(slots, out)
			}
		}
	}
	results, err := awaitChange(ctx, s.log.DeleteRecords(specs), req.TimeoutMillis)
	for i, out := range slots {
		if err != nil {
			out.ErrorCode = codeOf(err)
		} else if out.ErrorCode = codeOf(results[i].Err); out.ErrorCode == 0 {
			out.LowWatermark = results[i].LogStart
		}
	}
	return resp
}
