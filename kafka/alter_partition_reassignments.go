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
//   - That makes the replication factor of its topic 1, if another one was kept: it is the topic's, and not the partition's (log/replicas.go).
//     A request that does not allow that is INVALID_REPLICATION_FACTOR (KIP-860).
//   - A partition without replicas has a reassignment cancelled that it does not have: NO_REASSIGNMENT_IN_PROGRESS.
//   - The error of a topic has its text once.
func (s *Server) alterPartitionReassignments(ctx context.Context, _ *client, req *kmsg.AlterPartitionAssignmentsRequest) *kmsg.AlterPartitionAssignmentsResponse {
	resp := req.ResponseKind().(*kmsg.AlterPartitionAssignmentsResponse)
	resp.AllowReplicationFactorChange = req.AllowReplicationFactorChange
	if len(req.Topics) == 0 {
		resp.ErrorMessage = new(string) // as in Kafka: null elsewhere
	}
	type partition = kmsg.AlterPartitionAssignmentsRequestTopicPartition
	req.Topics, _ = distinctPartitions(req.Topics, func(t *kmsg.AlterPartitionAssignmentsRequestTopic) (topicKey, *[]partition) {
		return topicKey{name: t.Topic}, &t.Partitions
	}, func(p *partition) int32 { return p.Partition })
	var specs []log.ReplicasSpec
	var slots [][]errorSlot // of each of them
	for _, rt := range req.Topics {
		out, topic, reduced := s.reassign(rt, req.AllowReplicationFactorChange)
		if resp.Topics = append(resp.Topics, out); len(reduced) > 0 {
			specs, slots = append(specs, log.ReplicasSpec{Topic: topic, Replicas: 1}), append(slots, reduced)
		}
	}
	if len(specs) > 0 {
		errs, err := awaitChange(ctx, s.log.AlterReplicas(specs), req.TimeoutMillis)
		for i := range slots {
			fillTopic(slots[i], errs, err, i)
		}
	}
	return resp
}

// reassign answers for a topic, but for those partitions that reduce its replication factor: they are returned.
func (s *Server) reassign(rt kmsg.AlterPartitionAssignmentsRequestTopic, otherFactor bool) (out kmsg.AlterPartitionAssignmentsResponseTopic, id log.TopicID, reduced []errorSlot) {
	topic, err := s.log.Topic(rt.Topic)
	out.Topic, out.Partitions = rt.Topic, make([]kmsg.AlterPartitionAssignmentsResponseTopicPartition, len(rt.Partitions))
	for i, in := range rt.Partitions {
		p := &out.Partitions[i]
		p.Partition = in.Partition
		slot := errorSlot{&p.ErrorCode, &p.ErrorMessage}
		if err != nil {
			tellOnce(slot, err, i)
		} else if e := checkReassignment(topic, in, otherFactor); e != nil {
			slot.set(e)
		} else if topic.Replicas != 1 {
			reduced = append(reduced, slot)
		}
	}
	return out, topic.ID, reduced
}

// fillTopic tells what became of the i-th topic's change to all partitions that asked for it.
func fillTopic(slots []errorSlot, errs []error, all error, i int) {
	if all == nil {
		all = errs[i]
	}
	for j, slot := range slots {
		tellOnce(slot, all, j)
	}
}

func checkReassignment(t log.Topic, p kmsg.AlterPartitionAssignmentsRequestTopicPartition, otherFactor bool) error {
	if err := checkPartition(t, p.Partition); err != nil {
		return err
	}
	switch {
	case p.Replicas == nil:
		return kerr.NoReassignmentInProgress
	case !slices.Equal(p.Replicas, []int32{nodeID}):
		return fmt.Errorf("%w: there is one broker: %d", kerr.InvalidReplicaAssignment, nodeID)
	case t.Replicas != 1 && !otherFactor:
		return fmt.Errorf("%w: it would be 1 instead of %d", kerr.InvalidReplicationFactor, t.Replicas)
	}
	return nil
}
