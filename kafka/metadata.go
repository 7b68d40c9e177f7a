package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// metadata answers Metadata: one broker, which leads every partition.
//
//   - No list of topics means all of them; an empty list means none, except in version 0, where it means all.
//   - From version 10 on a topic may be asked for by its id.
//   - A topic that is asked for by name and does not exist is created if the settings and, from
//     version 4 on, the request allow it.
func (s *Server) metadata(ctx context.Context, c *client, req *kmsg.MetadataRequest) *kmsg.MetadataResponse {
	resp := req.ResponseKind().(*kmsg.MetadataResponse)
	cluster := s.log.ClusterID()
	resp.ClusterID, resp.ControllerID = &cluster, nodeID
	b := kmsg.NewMetadataResponseBroker()
	b.NodeID, b.Host, b.Port = s.broker(c)
	resp.Brokers = append(resp.Brokers, b)
	if req.Topics == nil || req.Version == 0 && len(req.Topics) == 0 {
		for _, t := range s.log.Topics() {
			resp.Topics = append(resp.Topics, s.describe(t))
		}
		return resp
	}
	create := s.o.AutoCreateTopics && (req.Version < 4 || req.AllowAutoTopicCreation)
	for _, t := range req.Topics {
		resp.Topics = append(resp.Topics, s.topicMetadata(ctx, t, create))
	}
	return resp
}

func (s *Server) topicMetadata(ctx context.Context, t kmsg.MetadataRequestTopic, create bool) kmsg.MetadataResponseTopic {
	none := kmsg.NewMetadataResponseTopic()
	none.Topic, none.TopicID = t.Topic, t.TopicID
	if t.Topic == nil {
		topic, err := s.log.TopicByID(t.TopicID)
		if err != nil {
			none.ErrorCode = kerr.UnknownTopicID.Code
			return none
		}
		return s.describe(topic)
	}
	topic, err := s.log.Topic(*t.Topic)
	if err != nil && create {
		topic, err = s.autoCreate(ctx, *t.Topic)
	}
	if err != nil {
		none.ErrorCode = codeOf(err)
		return none
	}
	return s.describe(topic)
}

// autoCreate creates a topic with the default number of partitions. Somebody
// else may have been quicker.
func (s *Server) autoCreate(ctx context.Context, name string) (log.Topic, error) {
	ctx, cancel := context.WithTimeout(ctx, maxAdminWaitMillis*time.Millisecond)
	defer cancel()
	results, err := s.log.CreateTopics([]log.TopicSpec{{Name: name, Partitions: s.o.DefaultPartitions}}).Wait(ctx)
	if err != nil {
		return log.Topic{}, err
	}
	if topic, err := s.log.Topic(name); err == nil {
		return topic, nil
	}
	return results[0].Topic, results[0].Err
}

func (s *Server) describe(t log.Topic) kmsg.MetadataResponseTopic {
	m := kmsg.NewMetadataResponseTopic()
	m.Topic, m.TopicID = &t.Name, t.ID
	m.Partitions = make([]kmsg.MetadataResponseTopicPartition, t.Partitions)
	alone := []int32{nodeID}
	for i := range m.Partitions {
		p := &m.Partitions[i]
		p.Default()
		p.Partition, p.Leader, p.LeaderEpoch = int32(i), nodeID, s.log.LeaderEpoch()
		p.Replicas, p.ISR = alone, alone
	}
	return m
}
