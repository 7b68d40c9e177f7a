package kafka

import (
	"github.com/twmb/franz-go/pkg/kerr"

	"streamhouse/log"
)

// topicID resolves the topic of a request, which names it, or from some version
// on gives its id.
func (s *Server) topicID(byID bool, name string, id [16]byte) (log.TopicID, int16) {
	if byID {
		if _, err := s.log.TopicByID(id); err != nil {
			return id, kerr.UnknownTopicID.Code
		}
		return id, 0
	}
	t, err := s.log.Topic(name)
	return t.ID, codeOf(err)
}
