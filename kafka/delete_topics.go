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
//   - Topics that go too fast are THROTTLING_QUOTA_EXCEEDED from version 5 on, while older versions wait.
//   - From version 5 on an error has a message.
//   - A topic that stands twice in a request, also once by its name and once by its id, is INVALID_REQUEST.
func (s *Server) deleteTopics(ctx context.Context, _ *client, req *kmsg.DeleteTopicsRequest) *kmsg.DeleteTopicsResponse {
	resp := req.ResponseKind().(*kmsg.DeleteTopicsResponse)
	asked := req.Topics
	for i := range req.TopicNames {
		asked = append(asked, kmsg.DeleteTopicsRequestTopic{Topic: &req.TopicNames[i]})
	}
	targets := make([]deletion, len(asked))
	for i, t := range asked {
		targets[i] = s.topicToDelete(t)
	}
	targets, twice := distinct(targets, (*deletion).key)
	resp.Topics = make([]kmsg.DeleteTopicsResponseTopic, len(targets))
	var ids []log.TopicID
	var slots []errorSlot
	for i := range targets {
		out, d := &resp.Topics[i], &targets[i]
		out.Default()
		out.Topic, out.TopicID = d.topic, d.id
		slot := errorSlot{&out.ErrorCode, &out.ErrorMessage}
		switch {
		case twice[i]:
			slot.set(fmt.Errorf("%w: the topic stands twice in the request", kerr.InvalidRequest))
		case d.err != nil:
			slot.set(d.err)
		default:
			ids, slots = append(ids, d.id), append(slots, slot)
		}
	}
	if req.Version < 5 {
		start := func(ctx context.Context) []error { return s.log.DeleteTopicsPaced(ctx, ids) }
		fillErrors(slots, awaitPaced(ctx, start, req.TimeoutMillis), nil)
		return resp
	}
	errs, err := awaitChange(ctx, s.log.DeleteTopics(ids), req.TimeoutMillis)
	fillErrors(slots, errs, err)
	resp.ThrottleMillis = throttleMillis(errs...)
	return resp
}

// deletion is a topic that is to go: both its name and its id where it exists, else what the request says.
type deletion struct {
	topic *string
	id    log.TopicID
	err   error
}

func (d *deletion) key() topicKey {
	if d.topic == nil || d.err == nil {
		return topicKey{id: d.id}
	}
	return topicKey{*d.topic, d.id}
}

func (s *Server) topicToDelete(t kmsg.DeleteTopicsRequestTopic) deletion {
	topic, err := s.namedTopic(t)
	if err != nil {
		return deletion{t.Topic, t.TopicID, err}
	}
	return deletion{&topic.Name, topic.ID, nil}
}

func (s *Server) namedTopic(t kmsg.DeleteTopicsRequestTopic) (log.Topic, error) {
	byID := t.TopicID != log.TopicID{}
	if byID == (t.Topic != nil) {
		return log.Topic{}, fmt.Errorf("%w: a topic is given by its name or by its id", kerr.InvalidRequest)
	}
	if byID {
		return s.findTopic(true, "", t.TopicID)
	}
	return s.log.Topic(*t.Topic)
}
