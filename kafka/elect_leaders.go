package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Types of elections (KIP-460).
const (
	electPreferred = 0
	electUnclean   = 1
)

// electLeaders answers ElectLeaders: this broker leads every partition and is its preferred leader, so that an election is not needed.
//
//   - No list of topics means all of them, and of all only those partitions are told that get another leader: none.
//   - Before version 1 an election is of preferred leaders. An unknown type is INVALID_REQUEST, for each partition, too.
//   - The error of a topic has its text once.
func (s *Server) electLeaders(_ context.Context, _ *client, req *kmsg.ElectLeadersRequest) *kmsg.ElectLeadersResponse {
	resp := req.ResponseKind().(*kmsg.ElectLeadersResponse)
	var invalid error
	if req.ElectionType != electPreferred && req.ElectionType != electUnclean {
		invalid = fmt.Errorf("%w: election type %d", kerr.InvalidRequest, req.ElectionType)
		resp.ErrorCode = codeOf(invalid)
	}
	if req.Topics == nil && invalid == nil {
		for _, t := range s.log.Topics() {
			resp.Topics = append(resp.Topics, kmsg.ElectLeadersResponseTopic{Topic: t.Name})
		}
	}
	req.Topics, _ = distinctPartitions(req.Topics, func(t *kmsg.ElectLeadersRequestTopic) (topicKey, *[]int32) {
		return topicKey{name: t.Topic}, &t.Partitions
	}, number)
	for _, rt := range req.Topics {
		topic, err := s.log.Topic(rt.Topic)
		if invalid != nil {
			err = invalid
		}
		out := kmsg.ElectLeadersResponseTopic{Topic: rt.Topic, Partitions: make([]kmsg.ElectLeadersResponseTopicPartition, len(rt.Partitions))}
		for i, index := range rt.Partitions {
			p := &out.Partitions[i]
			p.Partition = index
			if err != nil {
				tellOnce(errorSlot{&p.ErrorCode, &p.ErrorMessage}, err, i)
				continue
			}
			outcome := checkPartition(topic, index)
			if outcome == nil {
				outcome = errElected
			}
			errorSlot{&p.ErrorCode, &p.ErrorMessage}.set(outcome)
		}
		resp.Topics = append(resp.Topics, out)
	}
	return resp
}

var errElected = fmt.Errorf("%w: broker %d leads the partition", kerr.ElectionNotNeeded, nodeID)
