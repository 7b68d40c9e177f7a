package grpcapi

import (
	"context"
	"maps"
	"math"
	"strconv"

	"streamhouse/grpcapi/pb"
	"streamhouse/log"
)

// retentionConfig is Kafka's name of what the interface has as retention_ms.
const retentionConfig = "retention.ms"

// CreateTopic creates a topic, which is durable when it returns; where topics are created too fast it waits.
// Names, counts and configs are the engine's to judge.
func (s *service) CreateTopic(ctx context.Context, req *pb.CreateTopicRequest) (*pb.CreateTopicResponse, error) {
	configs, err := topicConfigs(req)
	if err != nil {
		return nil, err
	}
	if req.GetPartitionCount() > math.MaxInt32 {
		return nil, refuse("Invalid number of partitions: %d", req.GetPartitionCount())
	}
	spec := log.TopicSpec{Name: req.GetName(), Partitions: int32(req.GetPartitionCount()), Configs: configs}
	created := s.log.CreateTopicsPaced(ctx, []log.TopicSpec{spec})[0]
	if created.Err != nil {
		return nil, failure(created.Err, req.GetName())
	}
	return &pb.CreateTopicResponse{TopicId: created.Topic.Name, PartitionCount: uint32(created.Topic.Partitions)}, nil
}

// topicConfigs returns the configs that a request asks for, retention_ms among them. It is a status where the two
// contradict each other. The request is not changed.
func topicConfigs(req *pb.CreateTopicRequest) (map[string]string, error) {
	if req.RetentionMs == nil {
		return req.GetConfig(), nil
	}
	if req.GetRetentionMs() > math.MaxInt64 {
		return nil, refuse("Invalid retention_ms: %d is above %d", req.GetRetentionMs(), int64(math.MaxInt64))
	}
	wanted := strconv.FormatUint(req.GetRetentionMs(), 10)
	if set, ok := req.GetConfig()[retentionConfig]; ok {
		if n, err := strconv.ParseInt(set, 10, 64); err != nil || n != int64(req.GetRetentionMs()) {
			return nil, refuse("Invalid retention: retention_ms is %s, the config %s is %q", wanted, retentionConfig, set)
		}
	}
	configs := maps.Clone(req.GetConfig())
	if configs == nil {
		configs = make(map[string]string, 1)
	}
	configs[retentionConfig] = wanted
	return configs, nil
}

// GetTopic describes one topic.
func (s *service) GetTopic(_ context.Context, req *pb.GetTopicRequest) (*pb.GetTopicResponse, error) {
	t, err := s.log.Topic(req.GetName())
	if err != nil {
		return nil, failure(err, req.GetName())
	}
	return &pb.GetTopicResponse{Topic: describe(t)}, nil
}

// ListTopics describes all topics, by name. It has no pages: with very many the answer is larger than what clients
// take by default.
func (s *service) ListTopics(context.Context, *pb.ListTopicsRequest) (*pb.ListTopicsResponse, error) {
	topics := s.log.Topics()
	resp := &pb.ListTopicsResponse{Topics: make([]*pb.Topic, len(topics))}
	for i, t := range topics {
		resp.Topics[i] = describe(t)
	}
	return resp, nil
}

// describe is a topic as a message, which shares the configs of t.
func describe(t log.Topic) *pb.Topic {
	topic := &pb.Topic{
		Name:           t.Name,
		PartitionCount: uint32(t.Partitions),
		Config:         t.Configs,
		CreatedAt:      unsigned(t.CreatedAt.UnixMilli()),
	}
	// -1, unlimited, does not parse, and so is absent.
	if ms, err := strconv.ParseUint(t.Configs[retentionConfig], 10, 63); err == nil {
		topic.RetentionMs = &ms
	}
	return topic
}

// unsigned is a time of the log in the unsigned field of a message: 0 where it is unknown or before 1970.
func unsigned(ms int64) uint64 { return uint64(max(ms, 0)) }

// DeleteTopic deletes the topic that has the name now, for good and durably when it returns. One that gets the
// name meanwhile is not touched.
func (s *service) DeleteTopic(ctx context.Context, req *pb.DeleteTopicRequest) (*pb.DeleteTopicResponse, error) {
	t, err := s.log.Topic(req.GetName())
	if err != nil {
		return nil, failure(err, req.GetName())
	}
	if err := s.log.DeleteTopicsPaced(ctx, []log.TopicID{t.ID})[0]; err != nil {
		return nil, failure(err, req.GetName())
	}
	return &pb.DeleteTopicResponse{Success: true}, nil
}
