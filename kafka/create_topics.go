package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// createTopics answers CreateTopics once the topics are durable. All of a request are created in one commit.
//
//   - A number of partitions of -1 means the default (KIP-464).
//   - Any replication factor is taken and answered with 1: the object store replicates, and clients ask for
//     what they would ask of a Kafka. Assignments of replicas to brokers are refused.
//   - Configs that the engine does not honour are refused by name.
func (s *Server) createTopics(_ context.Context, _ *client, req *kmsg.CreateTopicsRequest) func() *kmsg.CreateTopicsResponse {
	resp := req.ResponseKind().(*kmsg.CreateTopicsResponse)
	resp.Topics = make([]kmsg.CreateTopicsResponseTopic, len(req.Topics))
	var specs []log.TopicSpec
	var answers []*kmsg.CreateTopicsResponseTopic
	for i := range req.Topics {
		in, out := &req.Topics[i], &resp.Topics[i]
		out.Default()
		out.Topic = in.Topic
		if code, why := refuseTopic(req, i); code != 0 {
			out.ErrorCode, out.ErrorMessage = code, &why
			continue
		}
		specs = append(specs, s.topicSpec(in))
		answers = append(answers, out)
	}
	finish := func(results []log.TopicResult, err error) *kmsg.CreateTopicsResponse {
		for i, out := range answers {
			if err != nil {
				out.ErrorCode, out.ErrorMessage = codeOf(err), textOf(err)
			} else {
				s.created(out, results[i])
			}
		}
		return resp
	}
	if req.ValidateOnly {
		return func() *kmsg.CreateTopicsResponse { return finish(s.log.ValidateTopics(specs), nil) }
	}
	pending := s.log.CreateTopics(specs)
	return func() *kmsg.CreateTopicsResponse {
		return finish(waitAdmin(pending, req.TimeoutMillis))
	}
}

// waitAdmin waits for a change as long as the client wants, within bounds.
func waitAdmin[T any](pending *log.Pending[T], millis int32) (T, error) {
	if millis <= 0 || millis > maxAdminWaitMillis {
		millis = maxAdminWaitMillis
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(millis)*time.Millisecond)
	defer cancel()
	return pending.Wait(ctx)
}

// refuseTopic returns why topic i of a request is refused before the engine sees it.
func refuseTopic(req *kmsg.CreateTopicsRequest, i int) (int16, string) {
	t := &req.Topics[i]
	for k := range req.Topics {
		if k != i && req.Topics[k].Topic == t.Topic {
			return kerr.InvalidRequest.Code, fmt.Sprintf("topic %q stands twice in the request", t.Topic)
		}
	}
	switch {
	case i >= maxTopicsAtOnce:
		return kerr.PolicyViolation.Code, fmt.Sprintf("one request creates %d topics at most", maxTopicsAtOnce)
	case len(t.ReplicaAssignment) > 0:
		return kerr.InvalidReplicaAssignment.Code, "replicas cannot be assigned to brokers: the object store replicates"
	case t.ReplicationFactor == 0 || t.ReplicationFactor < -1:
		return kerr.InvalidReplicationFactor.Code, fmt.Sprintf("replication factor %d", t.ReplicationFactor)
	}
	return 0, ""
}

func (s *Server) topicSpec(t *kmsg.CreateTopicsRequestTopic) log.TopicSpec {
	spec := log.TopicSpec{Name: t.Topic, Partitions: t.NumPartitions}
	if spec.Partitions == -1 {
		spec.Partitions = s.o.DefaultPartitions
	}
	if len(t.Configs) > 0 {
		spec.Configs = make(map[string]string, len(t.Configs))
	}
	for _, c := range t.Configs {
		if c.Value != nil { // null: the default
			spec.Configs[c.Name] = *c.Value
		}
	}
	return spec
}

func (s *Server) created(out *kmsg.CreateTopicsResponseTopic, r log.TopicResult) {
	if r.Err != nil {
		out.ErrorCode, out.ErrorMessage = codeOf(r.Err), textOf(r.Err)
		return
	}
	out.TopicID, out.NumPartitions, out.ReplicationFactor = r.Topic.ID, r.Topic.Partitions, 1
	configs, err := s.log.DescribeConfigs(r.Topic.Name)
	if err != nil {
		return // only validated, or deleted since
	}
	for _, c := range configs {
		rc := kmsg.NewCreateTopicsResponseTopicConfig()
		rc.Name, rc.Value, rc.Source = c.Name, &c.Value, int8(configSource(c))
		out.Configs = append(out.Configs, rc)
	}
}
