package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// deleteRecords answers DeleteRecords: partitions begin later. Offset -1 means the high watermark.
func (s *Server) deleteRecords(_ context.Context, _ *client, req *kmsg.DeleteRecordsRequest) func() *kmsg.DeleteRecordsResponse {
	resp := req.ResponseKind().(*kmsg.DeleteRecordsResponse)
	resp.Topics = make([]kmsg.DeleteRecordsResponseTopic, len(req.Topics))
	var specs []log.DeleteSpec
	var answers []*kmsg.DeleteRecordsResponseTopicPartition
	for i, rt := range req.Topics {
		t := &resp.Topics[i]
		t.Topic = rt.Topic
		id, code := s.topicID(false, rt.Topic, [16]byte{})
		t.Partitions = make([]kmsg.DeleteRecordsResponseTopicPartition, len(rt.Partitions))
		for j, rp := range rt.Partitions {
			out := &t.Partitions[j]
			out.Default()
			out.Partition, out.LowWatermark, out.ErrorCode = rp.Partition, -1, code
			if code == 0 {
				specs = append(specs, log.DeleteSpec{Partition: log.PartitionID{Topic: id, Index: rp.Partition}, Offset: rp.Offset})
				answers = append(answers, out)
			}
		}
	}
	pending := s.log.DeleteRecords(specs)
	return func() *kmsg.DeleteRecordsResponse {
		results, err := waitAdmin(pending, req.TimeoutMillis)
		for i, out := range answers {
			if err != nil {
				out.ErrorCode = codeOf(err)
			} else if out.ErrorCode = codeOf(results[i].Err); results[i].Err == nil {
				out.LowWatermark = results[i].LogStart
			}
		}
		return resp
	}
}
