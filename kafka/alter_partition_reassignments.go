package kafka

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// alterPartitionReassignments answers AlterPartitionReassignments (KIP-455): a partition can go where it is, and nowhere else.
//
//   - A partition without replicas has a reassignment cancelled that it does not have: NO_REASSIGNMENT_IN_PROGRESS.
//   - The error of a topic has its text once.
func (s *Server) alterPartitionReassignments(_ context.Context, _ *client, req *kmsg.AlterPartitionAssignmentsRequest) *kmsg.AlterPartitionAssignmentsResponse {
	resp := req.ResponseKind().(*kmsg.AlterPartitionAssignmentsResponse)
	if len(req.Topics) == 0 {
		resp.ErrorMessage = new(string) // as in Kafka: null elsewhere
	}
	type partition = kmsg.AlterPartitionAssignmentsRequestTopicPartition
	req.Topics, _ = distinctPartitions(req.Topics, func(t *kmsg.AlterPartitionAssignmentsRequestTopic) (topicKey, *[]partition) {
		return topicKey{name: t.Topic}, &t.Partitions
	}, func(p *partition) int32 { return p.Partition })
	for _, rt := range req.Topics {
		topic, err := s.log.Topic(rt.Topic)
		out := kmsg.AlterPartitionAssignmentsResponseTopic{Topic: rt.Topic}
		out.Partitions = make([]kmsg.AlterPartitionAssignmentsResponseTopicPartition, len(rt.Partitions))
		for i, in := range rt.Partitions {
			p := &out.Partitions[i]
			p.Partition = in.Partition
			slot := errorSlot{&p.ErrorCode, &p.ErrorMessage}
			if err != nil {
				tellOnce(slot, err, i)
			} else {
				slot.set(checkReassignment(topic, in))
			}
		}
		resp.Topics = append(resp.Topics, out)
	}
	return resp
}

func checkReassignment(t log.Topic, p kmsg.AlterPartitionAssignmentsRequestTopicPartition) error {
	if err := checkPartition(t, p.Partition); err != nil {
		return err
	}
	if p.Replicas == nil {
		return kerr.NoReassignmentInProgress
	}
	if !slices.Equal(p.Replicas, []int32{nodeID}) {
		return fmt.Errorf("%w: there is one broker: %d", kerr.InvalidReplicaAssignment, nodeID)
	}
	return nil
}
