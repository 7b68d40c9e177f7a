package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// offsetForLeaderEpoch answers OffsetForLeaderEpoch: where a leader epoch ended (KIP-101, KIP-320). A
// consumer asks it after the leader has changed, to see whether its position is still in the log.
func (s *Server) offsetForLeaderEpoch(_ context.Context, _ *client, req *kmsg.OffsetForLeaderEpochRequest) *kmsg.OffsetForLeaderEpochResponse {
	resp := req.ResponseKind().(*kmsg.OffsetForLeaderEpochResponse)
	for _, rt := range req.Topics {
		t := kmsg.NewOffsetForLeaderEpochResponseTopic()
		t.Topic = rt.Topic
		id, code := s.topicID(false, rt.Topic, [16]byte{})
		for _, rp := range rt.Partitions {
			p := kmsg.NewOffsetForLeaderEpochResponseTopicPartition()
			p.Partition, p.ErrorCode, p.LeaderEpoch, p.EndOffset = rp.Partition, code, -1, -1
			if code == 0 {
				s.epochEnd(log.PartitionID{Topic: id, Index: rp.Partition}, &rp, &p)
			}
			t.Partitions = append(t.Partitions, p)
		}
		resp.Topics = append(resp.Topics, t)
	}
	return resp
}

func (s *Server) epochEnd(id log.PartitionID, in *kmsg.OffsetForLeaderEpochRequestTopicPartition, out *kmsg.OffsetForLeaderEpochResponseTopicPartition) {
	epoch, end, err := s.log.EpochEnd(id, in.LeaderEpoch)
	if err == nil {
		err = checkEpoch(in.CurrentLeaderEpoch, s.log.LeaderEpoch())
	}
	if out.ErrorCode = codeOf(err); err == nil {
		out.LeaderEpoch, out.EndOffset = epoch, end
	}
}
