package kafka

import (
	"fmt"

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

// checkReplicas accepts this broker alone, as the manual assignment of one partition.
func checkReplicas(brokers []int32) error {
	if len(brokers) != 1 || brokers[0] != nodeID {
		return fmt.Errorf("%w: brokers %v, there is one: %d", kerr.InvalidReplicaAssignment, brokers, nodeID)
	}
	return nil
}
