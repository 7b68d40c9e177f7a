package kafka

import (
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"

	"streamhouse/log"
)

// topicID resolves the topic of a request, which names it, or from some version
// on gives its id. Errors: log.ErrTopicNotFound, and with it kerr.UnknownTopicID where the request gives an id, which is then
// the code of the answer.
func (s *Server) topicID(byID bool, name string, id [16]byte) (log.TopicID, error) {
	t, err := s.findTopic(byID, name, id)
	return t.ID, err
}

// findTopic is topicID for those who need all of the topic.
func (s *Server) findTopic(byID bool, name string, id [16]byte) (log.Topic, error) {
	if !byID {
		return s.log.Topic(name)
	}
	t, err := s.log.TopicByID(id)
	if err != nil {
		return t, fmt.Errorf("%w: %w", kerr.UnknownTopicID, err)
	}
	return t, nil
}

// replicas lists the brokers that have so many replicas of a partition: this one, so many times. Every other number would be that of a broker
// that is not there, which consoles show as lost.
func replicas(n int32) []int32 { return manyTimes[:n] }

// manyTimes is this broker as often as it may have to be told. It is never changed.
var manyTimes = slices.Repeat([]int32{nodeID}, log.MaxReplicas)

// checkReplicas accepts this broker alone, as the manual assignment of one partition.
func checkReplicas(brokers []int32) error {
	if len(brokers) != 1 || brokers[0] != nodeID {
		return fmt.Errorf("%w: brokers %v, there is one: %d", kerr.InvalidReplicaAssignment, brokers, nodeID)
	}
	return nil
}
