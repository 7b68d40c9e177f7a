package kafka

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/log/group"
)

// offsetDelete answers OffsetDelete once the offsets are gone for good. While a
// group has members, the offsets of topics that they read stay: GROUP_SUBSCRIBED_TO_TOPIC; and
// all of them where the members are no consumers, so that the broker cannot tell: NON_EMPTY_GROUP. Topics without partitions are left out.
func (s *Server) offsetDelete(ctx context.Context, _ *client, req *kmsg.OffsetDeleteRequest) func() *kmsg.OffsetDeleteResponse {
	d := s.startOffsetDelete(req)
	return func() *kmsg.OffsetDeleteResponse {
		if d.pending != nil {
			ctx, cancel := s.untilDurable(ctx)
			defer cancel()
			d.finish(d.pending.Wait(ctx))
		}
		return d.resp
	}
}

// offsetDeletion is an OffsetDelete under way.
type offsetDeletion struct {
	resp       *kmsg.OffsetDeleteResponse
	partitions []log.PartitionID
	codes      []*int16 // in resp, of each of the partitions
	pending    *log.Pending[[]error]
}

// startOffsetDelete holds the group still, so that nobody subscribes in between.
func (s *Server) startOffsetDelete(req *kmsg.OffsetDeleteRequest) *offsetDeletion {
	d := &offsetDeletion{resp: req.ResponseKind().(*kmsg.OffsetDeleteResponse)}
	err := s.groups.WithSubscriptions(req.Group, func(subscriptions group.Subscriptions) error {
		if subscriptions.Members == 0 && !s.hasOffsets(req.Group) {
			return fmt.Errorf("%w: %q", log.ErrGroupNotFound, req.Group)
		}
		topics := slices.DeleteFunc(req.Topics, func(t kmsg.OffsetDeleteRequestTopic) bool { return len(t.Partitions) == 0 })
		s.pickDeletable(d, topics, subscriptions)
		if len(d.partitions) > 0 {
			d.pending = s.log.DeleteOffsets(req.Group, d.partitions)
		}
		return nil
	})
	d.resp.ErrorCode = groupCode(err)
	return d
}

// pickDeletable lays out the answer, and picks the partitions whose offsets may go.
func (s *Server) pickDeletable(d *offsetDeletion, topics []kmsg.OffsetDeleteRequestTopic, subscriptions group.Subscriptions) {
	topics, _ = distinctPartitions(topics, func(t *kmsg.OffsetDeleteRequestTopic) (topicKey, *[]kmsg.OffsetDeleteRequestTopicPartition) {
		return topicKey{name: t.Topic}, &t.Partitions
	}, func(p *kmsg.OffsetDeleteRequestTopicPartition) int32 { return p.Partition })
	d.resp.Topics = make([]kmsg.OffsetDeleteResponseTopic, len(topics))
	for i, rt := range topics {
		topic, err := s.log.Topic(rt.Topic)
		t := &d.resp.Topics[i]
		t.Topic = rt.Topic
		t.Partitions = make([]kmsg.OffsetDeleteResponseTopicPartition, len(rt.Partitions))
		for j, rp := range rt.Partitions {
			p := &t.Partitions[j]
			p.Partition = rp.Partition
			switch {
			case subscriptions.Include(rt.Topic):
				p.ErrorCode = kerr.GroupSubscribedToTopic.Code
			case err != nil || rp.Partition < 0 || rp.Partition >= topic.Partitions:
				p.ErrorCode = kerr.UnknownTopicOrPartition.Code
			default:
				d.partitions = append(d.partitions, log.PartitionID{Topic: topic.ID, Index: rp.Partition})
				d.codes = append(d.codes, &p.ErrorCode)
			}
		}
	}
}

func (d *offsetDeletion) finish(errs []error, err error) {
	if err != nil {
		d.resp.ErrorCode = groupCode(err)
		return
	}
	for i, err := range errs { // none where all went well
		*d.codes[i] = groupCode(err)
	}
}
