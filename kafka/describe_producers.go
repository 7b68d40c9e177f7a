package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// describeProducers answers DescribeProducers (KIP-664) with the idempotent producers that partitions remember. None is in a transaction.
//
//   - Of partitions beyond [Options].MaxAnswerBytes there is an error alone.
//   - The error of a topic has its text once.
func (s *Server) describeProducers(_ context.Context, _ *client, req *kmsg.DescribeProducersRequest) *kmsg.DescribeProducersResponse {
	resp := req.ResponseKind().(*kmsg.DescribeProducersResponse)
	req.Topics, _ = distinctPartitions(req.Topics, func(t *kmsg.DescribeProducersRequestTopic) (topicKey, *[]int32) {
		return topicKey{name: t.Topic}, &t.Partitions
	}, number)
	room := s.answerRoom()
	for _, rt := range req.Topics {
		topic, err := s.askedTopic(kmsg.MetadataRequestTopic{Topic: &rt.Topic})
		out := kmsg.DescribeProducersResponseTopic{Topic: rt.Topic, Partitions: make([]kmsg.DescribeProducersResponseTopicPartition, len(rt.Partitions))}
		for i, index := range rt.Partitions {
			p := &out.Partitions[i]
			p.Partition = index
			if err != nil {
				tellOnce(errorSlot{&p.ErrorCode, &p.ErrorMessage}, err, i)
				continue
			}
			outcome := checkPartition(topic, index)
			if outcome == nil {
				outcome = room.check()
			}
			if outcome == nil {
				p.ActiveProducers, outcome = s.activeProducers(topic.ID, index)
				room.take(producerBytes * len(p.ActiveProducers))
			}
			errorSlot{&p.ErrorCode, &p.ErrorMessage}.set(outcome)
		}
		resp.Topics = append(resp.Topics, out)
	}
	return resp
}

// producerBytes is how long a described producer is.
const producerBytes = 37

func (s *Server) activeProducers(topic log.TopicID, index int32) ([]kmsg.DescribeProducersResponseTopicPartitionActiveProducer, error) {
	known, err := s.log.ActiveProducers(log.PartitionID{Topic: topic, Index: index})
	all := make([]kmsg.DescribeProducersResponseTopicPartitionActiveProducer, len(known))
	for i, p := range known {
		out := &all[i]
		out.Default()
		out.ProducerID, out.ProducerEpoch, out.LastSequence, out.LastTimestamp = p.ID, int32(p.Epoch), p.LastSequence, p.LastTimestamp
		out.CoordinatorEpoch = -1 // no coordinator of transactions has written
	}
	return all, err
}
