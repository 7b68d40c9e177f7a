package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// deleteTopics answers DeleteTopics once the topics are gone for good. From version 6 on a topic may be given by its id.
func (s *Server) deleteTopics(_ context.Context, _ *client, req *kmsg.DeleteTopicsRequest) func() *kmsg.DeleteTopicsResponse {
	resp := req.ResponseKind().(*kmsg.DeleteTopicsResponse)
	asked := req.Topics
	for i := range req.TopicNames {
		asked = append(asked, kmsg.DeleteTopicsRequestTopic{Topic: &req.TopicNames[i]})
	}
	resp.Topics = make([]kmsg.DeleteTopicsResponseTopic, len(asked))
	var ids []log.TopicID
	var answers []*kmsg.DeleteTopicsResponseTopic
	for i, t := range asked {
		out := &resp.Topics[i]
		out.Default()
		topic, code := s.topicToDelete(t)
		if out.Topic, out.TopicID, out.ErrorCode = t.Topic, t.TopicID, code; code != 0 {
			continue
		}
		out.Topic, out.TopicID = &topic.Name, topic.ID
		ids, answers = append(ids, topic.ID), append(answers, out)
	}
	pending := s.log.DeleteTopics(ids)
	return func() *kmsg.DeleteTopicsResponse {
		errs, err := waitAdmin(pending, req.TimeoutMillis)
		for i, out := range answers {
			out.ErrorCode, out.ErrorMessage = changeOutcome(errs, i, err)
		}
		return resp
	}
}

func (s *Server) topicToDelete(t kmsg.DeleteTopicsRequestTopic) (log.Topic, int16) {
	if t.Topic != nil {
		topic, err := s.log.Topic(*t.Topic)
		return topic, codeOf(err)
	}
	topic, err := s.log.TopicByID(t.TopicID)
	if err != nil {
		return topic, kerr.UnknownTopicID.Code
	}
	return topic, 0
}

// changeOutcome is the code and text of the i-th change of several that were waited for together.
func changeOutcome(errs []error, i int, all error) (int16, *string) {
	if all == nil {
		all = errs[i]
	}
	return codeOf(all), textOf(all)
}
