package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// metadata answers Metadata: one broker, which leads every partition.
//
//   - No list of topics means all of them; an empty list means none, except in version 0, where it means all.
//   - From version 12 on a topic may be asked for by its id. Where one is, topics that have only a name are left out.
//     Versions 10 and 11 have the field, and refuse it.
//   - A topic that is asked for by name and does not exist is created if the settings and, from
//     version 4 on, the request allow it. The answer waits for that.
//   - One that would go beyond what the settings let the broker hold stays UNKNOWN_TOPIC_OR_PARTITION.
//   - A topic that is asked for twice is answered once.
//   - Authorized operations (version 8) are all that there are, also of a name that nobody has.
func (s *Server) metadata(ctx context.Context, c *client, req *kmsg.MetadataRequest) *kmsg.MetadataResponse {
	resp := req.ResponseKind().(*kmsg.MetadataResponse)
	req.Topics = identified(req)
	if err := checkAsked(req); err != nil {
		refuseMetadata(req, resp, err)
		return resp
	}
	cluster := s.log.ClusterID()
	resp.ClusterID, resp.ControllerID = &cluster, nodeID
	if req.IncludeClusterAuthorizedOperations {
		resp.AuthorizedOperations = clusterOperations
	}
	b := kmsg.NewMetadataResponseBroker()
	b.NodeID, b.Host, b.Port = s.broker(c)
	resp.Brokers = append(resp.Brokers, b)

	if req.Topics == nil || req.Version == 0 && len(req.Topics) == 0 {
		for _, t := range s.log.Topics() {
			resp.Topics = append(resp.Topics, s.topicMetadata(t))
		}
	} else {
		req.Topics, _ = distinct(req.Topics, askedKey)
		resp.Topics = s.askedTopics(req, s.autoCreate(ctx, req))
	}
	for i := range resp.Topics {
		t := &resp.Topics[i]
		t.IsInternal = t.Topic != nil && internalTopics[*t.Topic]
		if req.IncludeTopicAuthorizedOperations && t.Topic != nil {
			t.AuthorizedOperations = topicOperations
		}
	}
	return resp
}

// askedKey is how a request names a topic. Where it has both, both count.
func askedKey(t *kmsg.MetadataRequestTopic) topicKey {
	if t.Topic == nil {
		return topicKey{id: t.TopicID}
	}
	return topicKey{*t.Topic, t.TopicID}
}

// askedTopics answers for the topics that a request names, in its order. creating says that some are on their way: then
// one that is missing is LEADER_NOT_AVAILABLE, which clients ask for again.
func (s *Server) askedTopics(req *kmsg.MetadataRequest, creating bool) []kmsg.MetadataResponseTopic {
	all := make([]kmsg.MetadataResponseTopic, 0, len(req.Topics))
	told := make(map[log.TopicID]bool) // one may be asked for by its name and by its id
	for _, rt := range req.Topics {
		topic, err := s.askedTopic(rt)
		if creating && errors.Is(err, log.ErrTopicNotFound) && !errors.Is(err, kerr.UnknownTopicID) {
			err = fmt.Errorf("%w: %w", kerr.LeaderNotAvailable, err) // the client asks again
		}
		switch {
		case err != nil:
			none := kmsg.NewMetadataResponseTopic()
			none.Topic, none.TopicID, none.ErrorCode = rt.Topic, rt.TopicID, codeOf(err)
			all = append(all, none)
		case !told[topic.ID]:
			told[topic.ID] = true
			all = append(all, s.topicMetadata(topic))
		}
	}
	return all
}

// askedTopic finds a topic as it is asked for. The error is log.ErrTopicNotFound, with kerr.UnknownTopicID where it was asked for
// by id, or says what is wrong with the name.
func (s *Server) askedTopic(t kmsg.MetadataRequestTopic) (log.Topic, error) {
	if t.TopicID != (log.TopicID{}) || t.Topic == nil {
		return s.findTopic(true, "", t.TopicID)
	}
	topic, err := s.log.Topic(*t.Topic)
	if errors.Is(err, log.ErrTopicNotFound) {
		if e := log.CheckTopicName(*t.Topic); e != nil {
			return topic, e // as Kafka, so that nobody waits for it to appear
		}
	}
	return topic, err
}

// autoCreate creates the topics of a request that do not exist, and waits for
// them, for autoCreateWait at most. It returns true where some of them may still come to be. Names that are not valid are
// told by askedTopic.
func (s *Server) autoCreate(ctx context.Context, req *kmsg.MetadataRequest) (creating bool) {
	missing, all := s.missingTopics(req)
	if len(missing) == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, autoCreateWait)
	defer cancel()
	var failed error
	for i, r := range s.log.CreateTopicsPaced(ctx, missing) {
		if r.Err == nil || errors.Is(r.Err, log.ErrTopicExists) || errors.Is(r.Err, log.ErrInvalidTopic) {
			continue
		}
		failed = fmt.Errorf("topic %q: %w", missing[i].Name, r.Err)
		if !errors.Is(r.Err, log.ErrLimit) { // beyond a limit it does not come to be however often the client asks
			creating = true
		}
	}
	if failed != nil {
		s.logger.Warn("kafka: topics that a client asked for could not be created", "err", failed)
	}
	return creating || !all
}

// missingTopics returns what is to be created, maxTopicsAtOnce at most, and whether that is all that is missing.
func (s *Server) missingTopics(req *kmsg.MetadataRequest) (missing []log.TopicSpec, all bool) {
	if !s.o.AutoCreateTopics || req.Version >= 4 && !req.AllowAutoTopicCreation {
		return nil, true
	}
	for _, t := range req.Topics {
		if t.Topic == nil || t.TopicID != (log.TopicID{}) {
			continue
		}
		if _, err := s.log.Topic(*t.Topic); !errors.Is(err, log.ErrTopicNotFound) {
			continue
		}
		if len(missing) == maxTopicsAtOnce {
			return missing, false
		}
		missing = append(missing, log.TopicSpec{Name: *t.Topic, Partitions: s.o.DefaultPartitions})
	}
	return missing, true
}

// topicMetadata describes a topic. All its partitions share the lists of replicas, which nobody changes.
func (s *Server) topicMetadata(t log.Topic) kmsg.MetadataResponseTopic {
	m := kmsg.NewMetadataResponseTopic()
	m.Topic, m.TopicID = &t.Name, t.ID
	m.Partitions = make([]kmsg.MetadataResponseTopicPartition, t.Partitions)
	epoch := s.log.LeaderEpoch()
	for i := range m.Partitions {
		p := &m.Partitions[i]
		p.Default()
		p.Partition, p.Leader, p.LeaderEpoch = int32(i), nodeID, epoch
		p.Replicas, p.ISR = replicas(t.Replicas), replicas(t.InSync)
	}
	return m
}
