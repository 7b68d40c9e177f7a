package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// describeTopicPartitions answers DescribeTopicPartitions (KIP-966): Metadata in pieces, by name. No topic is created.
//
//   - An empty list of topics means all of them.
//   - An answer has as many partitions as asked for, at least one and at most maxDescribedPartitions, and where there are more
//     it says where to go on.
//   - Going on from a topic that is not in the list, or from a partition before the first, is INVALID_REQUEST for all.
func (s *Server) describeTopicPartitions(_ context.Context, _ *client, req *kmsg.DescribeTopicPartitionsRequest) *kmsg.DescribeTopicPartitionsResponse {
	resp := req.ResponseKind().(*kmsg.DescribeTopicPartitionsResponse)
	req.Topics, _ = distinct(req.Topics, func(t *kmsg.DescribeTopicPartitionsRequestTopic) string { return t.Topic })
	if err := checkCursor(req); err != nil {
		for _, t := range req.Topics {
			resp.Topics = append(resp.Topics, noPartitions(t.Topic, err))
		}
		return resp
	}
	all := len(req.Topics) == 0
	if all {
		for _, t := range s.log.Topics() {
			req.Topics = append(req.Topics, kmsg.DescribeTopicPartitionsRequestTopic{Topic: t.Name})
		}
	}
	slices.SortFunc(req.Topics, func(a, b kmsg.DescribeTopicPartitionsRequestTopic) int { return cmp.Compare(a.Topic, b.Topic) })
	left := min(max(req.ResponsePartitionLimit, 1), maxDescribedPartitions)
	for _, rt := range req.Topics {
		first := int32(0)
		if c := req.Cursor; c != nil && rt.Topic < c.Topic {
			continue
		} else if c != nil && rt.Topic == c.Topic {
			first = c.Partition
		}
		if left == 0 {
			resp.NextCursor = &kmsg.DescribeTopicPartitionsResponseNextCursor{Topic: rt.Topic}
			break
		}
		out, next, err := s.describedPartitions(rt.Topic, first, left)
		if all && errors.Is(err, log.ErrTopicNotFound) {
			continue // deleted just now
		}
		resp.Topics = append(resp.Topics, out)
		if left -= int32(len(out.Partitions)); next > 0 {
			resp.NextCursor = &kmsg.DescribeTopicPartitionsResponseNextCursor{Topic: rt.Topic, Partition: next}
			break
		}
	}
	return resp
}

func checkCursor(req *kmsg.DescribeTopicPartitionsRequest) error {
	c := req.Cursor
	switch {
	case c == nil:
		return nil
	case c.Partition < 0:
		return fmt.Errorf("%w: a cursor at partition %d", kerr.InvalidRequest, c.Partition)
	case len(req.Topics) > 0 && !slices.ContainsFunc(req.Topics, func(t kmsg.DescribeTopicPartitionsRequestTopic) bool { return t.Topic == c.Topic }):
		return fmt.Errorf("%w: a cursor at topic %q, which is not asked for", kerr.InvalidRequest, c.Topic)
	}
	return nil
}

func noPartitions(name string, err error) kmsg.DescribeTopicPartitionsResponseTopic {
	t := kmsg.NewDescribeTopicPartitionsResponseTopic()
	t.Topic, t.ErrorCode = &name, codeOf(err)
	return t
}

// describedPartitions describes a topic, as Metadata does, with as many partitions as there is room for, from one on. It returns
// which is the next then, 0 where there is none. What is wrong stands in the description, too.
func (s *Server) describedPartitions(name string, from, room int32) (t kmsg.DescribeTopicPartitionsResponseTopic, next int32, err error) {
	topic, err := s.askedTopic(kmsg.MetadataRequestTopic{Topic: &name})
	if err != nil {
		t = noPartitions(name, err)
		t.AuthorizedOperations = topicOperations
		return t, 0, err
	}
	t = kmsg.NewDescribeTopicPartitionsResponseTopic()
	t.Topic, t.TopicID, t.IsInternal, t.AuthorizedOperations = &topic.Name, topic.ID, internalTopics[topic.Name], topicOperations
	end := topic.Partitions
	if from < end && end-from > room {
		end = from + room
		next = end
	}
	epoch := s.log.LeaderEpoch()
	for i := from; i < end; i++ {
		p := kmsg.NewDescribeTopicPartitionsResponseTopicPartition()
		p.Partition, p.LeaderID, p.LeaderEpoch = i, nodeID, epoch
		p.Replicas, p.ISR = replicas(topic.Replicas), replicas(topic.InSync)
		p.EligibleLeaderReplicas, p.LastKnownELR = []int32{}, []int32{} // as in Kafka: not null
		t.Partitions = append(t.Partitions, p)
	}
	return t, next, nil
}
