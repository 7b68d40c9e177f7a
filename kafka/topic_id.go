package kafka

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"

	"streamhouse/log"
)

// topicID resolves the topic of a request, which names it, or from some version
// on gives its id.
func (s *Server) topicID(byID bool, name string, id [16]byte) (log.TopicID, error) {
	t, err := s.findTopic(byID, name, id)
	return t.ID, err
}

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
