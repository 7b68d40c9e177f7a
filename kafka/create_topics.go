package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// createTopics answers CreateTopics once the topics are durable. All that are let in at once are created in one commit.
//
//   - A number of partitions of -1 means the default (KIP-464).
//   - A replication factor is kept and read back (log/replicas.go), up to log.MaxReplicas, whatever the number of brokers: the object
//     store replicates, and clients ask for what they would ask of a Kafka. -1 means the default, 1.
//   - A manual assignment is taken where it names this broker alone for each partition.
//   - Configs that the engine does not honour are rejected by name, and so is a null value.
//   - A topic that stands twice in a request is INVALID_REQUEST.
//   - One that goes beyond what the settings let the broker hold is POLICY_VIOLATION, also where it is only validated.
//   - Topics that come too fast are THROTTLING_QUOTA_EXCEEDED from version 6 on, while older versions wait.
//   - From version 5 on the answer has the configs in force, also of a topic that was only validated. That one has
//     an id as well, which it does not get. The configs of a topic that was refused are an empty list.
func (s *Server) createTopics(ctx context.Context, _ *client, req *kmsg.CreateTopicsRequest) *kmsg.CreateTopicsResponse {
	resp := req.ResponseKind().(*kmsg.CreateTopicsResponse)
	var twice map[int]bool
	req.Topics, twice = distinct(req.Topics, func(t *kmsg.CreateTopicsRequestTopic) string { return t.Topic })
	resp.Topics = make([]kmsg.CreateTopicsResponseTopic, len(req.Topics))
	var specs []log.TopicSpec
	var slots []*kmsg.CreateTopicsResponseTopic
	for i := range req.Topics {
		in, out := &req.Topics[i], &resp.Topics[i]
		out.Default()
		out.Topic, out.Configs = in.Topic, []kmsg.CreateTopicsResponseTopicConfig{} // null makes the Java client fail
		spec, err := s.topicSpec(in)
		if err != nil { // of a name that is wrong by itself, only that is told
			name := s.log.ValidateTopics([]log.TopicSpec{{Name: in.Topic, Partitions: 1}})[0].Err
			if name != nil && !errors.Is(name, log.ErrLimit) {
				err = name
			}
		}
		switch {
		case twice[i]:
			err = fmt.Errorf("%w: topic %q stands twice in the request", kerr.InvalidRequest, in.Topic)
		case err == nil && len(specs) == maxTopicsAtOnce:
			err = fmt.Errorf("%w: one request creates %d topics at most", kerr.PolicyViolation, maxTopicsAtOnce)
		}
		if err != nil {
			out.ErrorCode, out.ErrorMessage = codeOf(err), textOf(err)
			continue
		}
		specs, slots = append(specs, spec), append(slots, out)
	}
	results := s.startTopics(ctx, req, specs)
	errs := make([]error, len(results))
	for i, out := range slots {
		if errs[i] = results[i].Err; errs[i] != nil {
			out.ErrorCode, out.ErrorMessage = codeOf(errs[i]), textOf(errs[i])
			continue
		}
		t := &results[i].Topic
		out.TopicID, out.NumPartitions, out.ReplicationFactor = t.ID, t.Partitions, int16(t.Replicas)
		out.Configs = createdConfigs(s.log.ConfigsInForce(t.Configs))
	}
	resp.ThrottleMillis = throttleMillis(errs...)
	return resp
}

// startTopics creates or validates topics, and returns what became of each.
func (s *Server) startTopics(ctx context.Context, req *kmsg.CreateTopicsRequest, specs []log.TopicSpec) []log.TopicResult {
	if req.ValidateOnly {
		return s.log.ValidateTopics(specs)
	}
	ctx, cancel := context.WithTimeout(ctx, clientTimeout(req.TimeoutMillis, maxAdminWait))
	defer cancel()
	if req.Version < 6 {
		return s.log.CreateTopicsPaced(ctx, specs)
	}
	results, err := s.log.CreateTopics(specs).Wait(ctx)
	if err != nil {
		results = make([]log.TopicResult, len(specs))
		for i := range results {
			results[i].Err = err
		}
	}
	return results
}

// topicSpec checks what the engine does not know of, and translates the rest.
func (s *Server) topicSpec(t *kmsg.CreateTopicsRequestTopic) (log.TopicSpec, error) {
	spec := log.TopicSpec{Name: t.Topic, Partitions: t.NumPartitions, Configs: make(map[string]string, len(t.Configs))}
	switch {
	case len(t.ReplicaAssignment) > 0:
		if t.NumPartitions != -1 || t.ReplicationFactor != -1 {
			return spec, fmt.Errorf("%w: with an assignment, partitions and replication factor are -1", kerr.InvalidRequest)
		}
		if err := checkAssignment(t.ReplicaAssignment); err != nil {
			return spec, err
		}
		spec.Partitions = int32(len(t.ReplicaAssignment))
	case t.ReplicationFactor == 0 || t.ReplicationFactor < -1:
		return spec, fmt.Errorf("%w: %d, it can be 1 or more, or -1 for the default", kerr.InvalidReplicationFactor, t.ReplicationFactor)
	case t.NumPartitions == -1:
		spec.Partitions = s.o.DefaultPartitions
	}
	if t.ReplicationFactor > 0 {
		spec.Replicas = int32(t.ReplicationFactor)
	}
	for _, c := range t.Configs {
		if c.Value == nil {
			return spec, fmt.Errorf("%w: config %q without a value; leave it out for its default", kerr.InvalidConfig, c.Name)
		}
		spec.Configs[c.Name] = *c.Value
	}
	return spec, nil
}

// checkAssignment accepts partitions 0 to n-1, each on this broker.
func checkAssignment(assignment []kmsg.CreateTopicsRequestTopicReplicaAssignment) error {
	seen := make(map[int32]bool, len(assignment))
	for _, a := range assignment {
		if a.Partition < 0 || int(a.Partition) >= len(assignment) || seen[a.Partition] {
			return fmt.Errorf("%w: partitions are numbered from 0 without a gap", kerr.InvalidReplicaAssignment)
		}
		seen[a.Partition] = true
		if err := checkReplicas(a.Replicas); err != nil {
			return err
		}
	}
	return nil
}

func createdConfigs(configs []log.Config) []kmsg.CreateTopicsResponseTopicConfig {
	all := make([]kmsg.CreateTopicsResponseTopicConfig, 0, len(configs))
	for _, c := range configs {
		out := kmsg.NewCreateTopicsResponseTopicConfig()
		out.Name, out.Value, out.Source = c.Name, &c.Value, int8(configSource(c))
		all = append(all, out)
	}
	return all
}
