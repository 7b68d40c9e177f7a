package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// deleteTopics answers DeleteTopics once the topics are gone for good.
//
//   - From version 6 on a topic is given by its name or by its id, not both; an unknown id is UNKNOWN_TOPIC_ID.
//   - From version 5 on an error has a message.
func (s *Server) deleteTopics(ctx context.Context, _ *client, req *kmsg.DeleteTopicsRequest) *kmsg.DeleteTopicsResponse {
	resp := req.ResponseKind().(*kmsg.DeleteTopicsResponse)
	asked := req.Topics
	for i := range req.TopicNames {
		asked = append(asked, kmsg.DeleteTopicsRequestTopic{Topic: &req.TopicNames[i]})
	}
	resp.Topics = make([]kmsg.DeleteTopicsResponseTopic, len(asked))
	var ids []log.TopicID
	var slots []errorSlot
	for i, t := range asked {
		out := &resp.Topics[i]
		out.Default()
		out.Topic, out.TopicID = t.Topic, t.TopicID
		slot := errorSlot{&out.ErrorCode, &out.ErrorMessage}
		topic, err := s.topicToDelete(t)
		if err != nil {
			slot.set(err)
			continue
		}
		out.Topic, out.TopicID = &topic.Name, topic.ID
		ids, slots = append(ids, topic.ID), append(slots, slot)
	}
	errs, err := awaitChange(ctx, s.log.DeleteTopics(ids), req.TimeoutMillis)
	fillErrors(slots, errs, err)
	return resp
}

func (s *Server) topicToDelete(t kmsg.DeleteTopicsRequestTopic) (log.Topic, error) {
	byID := t.TopicID != log.TopicID{}
	if byID == (t.Topic != nil) {
		return log.Topic{}, fmt.Errorf("%w: a topic is given by its name or by its id", kerr.InvalidRequest)
	}
	if byID {
		return s.findTopic(true, "", t.TopicID)
	}
	return s.log.Topic(*t.Topic)
}
