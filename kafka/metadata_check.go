package kafka

import (
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// internalTopics are those in which Kafka keeps what is its own. Consumers that read all topics leave them out,
// also where a topic of that name is an ordinary one, as here.
var internalTopics = map[string]bool{"__consumer_offsets": true, "__transaction_state": true, "__share_group_state": true}

// identified returns the topics that a request asks for: those with an id where there are any. It changes the list.
func identified(req *kmsg.MetadataRequest) []kmsg.MetadataRequestTopic {
	named := func(t kmsg.MetadataRequestTopic) bool { return t.TopicID == log.TopicID{} }
	if req.Version < 12 || !slices.ContainsFunc(req.Topics, func(t kmsg.MetadataRequestTopic) bool { return !named(t) }) {
		return req.Topics
	}
	return slices.DeleteFunc(req.Topics, named)
}

// checkAsked returns why a whole request is refused, or nil. The error wraps kerr.InvalidRequest.
func checkAsked(req *kmsg.MetadataRequest) error {
	for _, t := range req.Topics {
		byID := t.TopicID != log.TopicID{}
		switch {
		case byID && req.Version < 12:
			return fmt.Errorf("%w: topics go by id from version 12 on", kerr.InvalidRequest)
		case !byID && t.Topic == nil:
			return fmt.Errorf("%w: a topic without a name and an id", kerr.InvalidRequest)
		}
	}
	return nil
}

// refuseMetadata answers with one error and nothing else. Version 13 has a field for it, too.
func refuseMetadata(req *kmsg.MetadataRequest, resp *kmsg.MetadataResponse, err error) {
	resp.ErrorCode = codeOf(err)
	for _, rt := range req.Topics {
		t := kmsg.NewMetadataResponseTopic()
		t.Topic, t.TopicID, t.ErrorCode = rt.Topic, rt.TopicID, resp.ErrorCode
		if t.Topic == nil {
			t.Topic = new(string) // null could not be sent before version 12
		}
		resp.Topics = append(resp.Topics, t)
	}
}
