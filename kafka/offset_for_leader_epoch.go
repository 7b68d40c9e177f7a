package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// offsetForLeaderEpoch answers OffsetForLeaderEpoch: where a leader epoch ended (KIP-101, KIP-320). A
// consumer asks it after the leader has changed, to see whether its position is still in the log.
//
//   - An epoch that is newer than all has -1 and -1; one from before the oldest record ended where the log begins, and
//     so does -2, as in Kafka: -1 alone is none.
//   - From version 1 on the answer names the epoch, from 2 on the client's epoch is checked.
func (s *Server) offsetForLeaderEpoch(_ context.Context, _ *client, req *kmsg.OffsetForLeaderEpochRequest) *kmsg.OffsetForLeaderEpochResponse {
	resp := req.ResponseKind().(*kmsg.OffsetForLeaderEpochResponse)
	req.Topics, _ = distinctPartitions(req.Topics, func(t *kmsg.OffsetForLeaderEpochRequestTopic) (topicKey, *[]kmsg.OffsetForLeaderEpochRequestTopicPartition) {
		return topicKey{name: t.Topic}, &t.Partitions
	}, func(p *kmsg.OffsetForLeaderEpochRequestTopicPartition) int32 { return p.Partition })
	resp.Topics = make([]kmsg.OffsetForLeaderEpochResponseTopic, len(req.Topics))
	for i := range req.Topics {
		rt, t := &req.Topics[i], &resp.Topics[i]
		t.Topic = rt.Topic
		topic, err := s.topicID(false, rt.Topic, log.TopicID{})
		t.Partitions = make([]kmsg.OffsetForLeaderEpochResponseTopicPartition, len(rt.Partitions))
		for j := range rt.Partitions {
			in, out := &rt.Partitions[j], &t.Partitions[j]
			out.Default()
			out.Partition, out.LeaderEpoch, out.EndOffset = in.Partition, -1, -1
			e := err
			if e == nil {
				e = s.epochEnd(log.PartitionID{Topic: topic, Index: in.Partition}, in, out)
			}
			out.ErrorCode = codeOf(e)
		}
	}
	return resp
}

func (s *Server) epochEnd(id log.PartitionID, in *kmsg.OffsetForLeaderEpochRequestTopicPartition, out *kmsg.OffsetForLeaderEpochResponseTopicPartition) error {
	bounds, err := s.log.Bounds(id)
	if err != nil {
		return err
	}
	if err := checkEpoch(in.CurrentLeaderEpoch, bounds.LeaderEpoch); err != nil {
		return err
	}
	epoch, end, err := s.log.EpochEnd(id, in.LeaderEpoch)
	if err != nil {
		return err
	}
	if epoch < 0 && in.LeaderEpoch != -1 && in.LeaderEpoch < bounds.LeaderEpoch {
		epoch, end = in.LeaderEpoch, bounds.LogStart
	}
	out.LeaderEpoch, out.EndOffset = epoch, end
	return nil
}
