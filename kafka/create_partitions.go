package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// createPartitions answers CreatePartitions: topics get more partitions, never fewer. Assignments to brokers are refused.
func (s *Server) createPartitions(_ context.Context, _ *client, req *kmsg.CreatePartitionsRequest) func() *kmsg.CreatePartitionsResponse {
	resp := req.ResponseKind().(*kmsg.CreatePartitionsResponse)
	resp.Topics = make([]kmsg.CreatePartitionsResponseTopic, len(req.Topics))
	var specs []log.PartitionsSpec
	var answers []*kmsg.CreatePartitionsResponseTopic
	for i, t := range req.Topics {
		out := &resp.Topics[i]
		out.Default()
		out.Topic = t.Topic
		if len(t.Assignment) > 0 {
			out.ErrorCode = kerr.InvalidReplicaAssignment.Code
			continue
		}
		specs, answers = append(specs, log.PartitionsSpec{Topic: t.Topic, Count: t.Count}), append(answers, out)
	}
	pending := s.log.CreatePartitions(specs, req.ValidateOnly)
	return func() *kmsg.CreatePartitionsResponse {
		errs, err := waitAdmin(pending, req.TimeoutMillis)
		for i, out := range answers {
			out.ErrorCode, out.ErrorMessage = changeOutcome(errs, i, err)
		}
		return resp
	}
}
