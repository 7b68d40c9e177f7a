package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// createPartitions answers CreatePartitions once they are durable: topics get more partitions, never fewer.
//
//   - A manual assignment is taken where it names this broker alone for each new partition.
//   - Growth beyond what the settings let the broker hold is POLICY_VIOLATION, also where it is only validated.
//   - Partitions that come too fast are THROTTLING_QUOTA_EXCEEDED from version 3 on, while older versions wait.
//   - A topic that stands twice in a request is INVALID_REQUEST.
func (s *Server) createPartitions(ctx context.Context, _ *client, req *kmsg.CreatePartitionsRequest) *kmsg.CreatePartitionsResponse {
	resp := req.ResponseKind().(*kmsg.CreatePartitionsResponse)
	var twice map[int]bool
	req.Topics, twice = distinct(req.Topics, func(t *kmsg.CreatePartitionsRequestTopic) string { return t.Topic })
	resp.Topics = make([]kmsg.CreatePartitionsResponseTopic, len(req.Topics))
	var specs []log.PartitionsSpec
	var slots []errorSlot
	for i := range req.Topics {
		t, out := &req.Topics[i], &resp.Topics[i]
		out.Default()
		out.Topic = t.Topic
		slot := errorSlot{&out.ErrorCode, &out.ErrorMessage}
		err := s.checkGrowth(t)
		if twice[i] {
			err = fmt.Errorf("%w: topic %q stands twice in the request", kerr.InvalidRequest, t.Topic)
		}
		if err != nil {
			slot.set(err)
			continue
		}
		specs, slots = append(specs, log.PartitionsSpec{Topic: t.Topic, Count: t.Count}), append(slots, slot)
	}
	if req.Version < 3 && !req.ValidateOnly {
		start := func(ctx context.Context) []error { return s.log.CreatePartitionsPaced(ctx, specs) }
		fillErrors(slots, awaitPaced(ctx, start, req.TimeoutMillis), nil)
		return resp
	}
	errs, err := awaitChange(ctx, s.log.CreatePartitions(specs, req.ValidateOnly), req.TimeoutMillis)
	fillErrors(slots, errs, err)
	resp.ThrottleMillis = throttleMillis(errs...)
	return resp
}

// checkGrowth checks an assignment; null is none. All else the engine knows better.
func (s *Server) checkGrowth(t *kmsg.CreatePartitionsRequestTopic) error {
	if t.Assignment == nil {
		return nil
	}
	topic, err := s.log.Topic(t.Topic)
	if err != nil {
		return err
	}
	if grown := t.Count - topic.Partitions; int(grown) != len(t.Assignment) {
		return fmt.Errorf("%w: %d assignments for %d new partitions", kerr.InvalidReplicaAssignment, len(t.Assignment), grown)
	}
	for _, a := range t.Assignment {
		if err := checkReplicas(a.Replicas); err != nil {
			return err
		}
	}
	return nil
}
