package kafka

import (
	"context"
	"errors"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/log/group"
)

// offsetCommit answers OffsetCommit once the offsets are durable. Commits take
// effect in the order of the requests. A member's commit must name its generation; while a group has
// no members, anybody may commit without one.
//
//   - Version 0 has no generation, so it is for groups without members. The retention that
//     versions 1 to 4 ask for is ignored: offsets stay until they, their group or their topic are deleted.
//   - From version 6 on a commit names the leader epoch, from 7 on a member may be static.
//   - From version 10 on topics go by id: an unknown one is UNKNOWN_TOPIC_ID.
//   - Of a partition that stands twice in a request the last offset counts.
//   - A position that the group has not yet, beyond what the settings let the broker hold, is
//     INVALID_COMMIT_OFFSET_SIZE. Those that it has it can move on.
//   - An offset may lie beyond the log's end. A negative one is INVALID_REQUEST.
func (s *Server) offsetCommit(ctx context.Context, _ *client, req *kmsg.OffsetCommitRequest) func() *kmsg.OffsetCommitResponse {
	c := s.checkCommit(req)
	pending, code := s.startCommit(req, c.offsets)
	return func() *kmsg.OffsetCommitResponse {
		switch {
		case code != 0:
			c.fail(code)
		case pending != nil:
			ctx, cancel := s.untilDurable(ctx)
			defer cancel()
			c.finish(pending.Wait(ctx))
		}
		return c.resp
	}
}

// commit is an OffsetCommit under way.
type commit struct {
	resp    *kmsg.OffsetCommitResponse
	offsets []log.OffsetCommit
	codes   []*int16 // in resp, of each of the offsets
}

// checkCommit lays out the answer, and picks the offsets that can be committed.
func (s *Server) checkCommit(req *kmsg.OffsetCommitRequest) *commit {
	c := &commit{resp: req.ResponseKind().(*kmsg.OffsetCommitResponse)}
	req.Topics = slices.DeleteFunc(req.Topics, func(t kmsg.OffsetCommitRequestTopic) bool { return len(t.Partitions) == 0 })
	req.Topics, _ = distinctPartitions(req.Topics, func(t *kmsg.OffsetCommitRequestTopic) (topicKey, *[]kmsg.OffsetCommitRequestTopicPartition) {
		return topicKey{t.Topic, t.TopicID}, &t.Partitions
	}, func(p *kmsg.OffsetCommitRequestTopicPartition) int32 { return p.Partition })
	c.resp.Topics = make([]kmsg.OffsetCommitResponseTopic, len(req.Topics))
	for i, rt := range req.Topics {
		topic, code := s.committedTopic(req.Version, rt.Topic, rt.TopicID)
		t := &c.resp.Topics[i]
		t.Topic, t.TopicID = rt.Topic, rt.TopicID
		t.Partitions = make([]kmsg.OffsetCommitResponseTopicPartition, len(rt.Partitions))
		for j := range rt.Partitions {
			rp, p := &rt.Partitions[j], &t.Partitions[j]
			p.Partition = rp.Partition
			if p.ErrorCode = code; code == 0 {
				p.ErrorCode = checkOffset(&topic, rp)
			}
			if p.ErrorCode == 0 {
				c.offsets = append(c.offsets, offsetOf(topic.ID, rp))
				c.codes = append(c.codes, &p.ErrorCode)
			}
		}
	}
	return c
}

// committedTopic finds a topic by its name, or from version 10 of the offset requests on by its id.
func (s *Server) committedTopic(version int16, name string, id [16]byte) (log.Topic, int16) {
	if version >= 10 {
		topic, err := s.log.TopicByID(id)
		if err != nil {
			return topic, kerr.UnknownTopicID.Code
		}
		return topic, 0
	}
	topic, err := s.log.Topic(name)
	return topic, codeOf(err)
}

func checkOffset(topic *log.Topic, p *kmsg.OffsetCommitRequestTopicPartition) int16 {
	switch {
	case p.Partition < 0 || p.Partition >= topic.Partitions:
		return kerr.UnknownTopicOrPartition.Code
	case p.Metadata != nil && len(*p.Metadata) > log.MaxOffsetMetadata:
		return kerr.OffsetMetadataTooLarge.Code
	case p.Offset < 0:
		return kerr.InvalidRequest.Code
	}
	return 0
}

func offsetOf(topic log.TopicID, p *kmsg.OffsetCommitRequestTopicPartition) log.OffsetCommit {
	o := log.OffsetCommit{
		Partition:   log.PartitionID{Topic: topic, Index: p.Partition},
		Offset:      p.Offset,
		LeaderEpoch: max(p.LeaderEpoch, -1), // below is unknown too
	}
	if p.Metadata != nil {
		o.Metadata = *p.Metadata
	}
	return o
}

// startCommit starts a commit where the committer may.
func (s *Server) startCommit(req *kmsg.OffsetCommitRequest, offsets []log.OffsetCommit) (pending *log.Pending[[]error], code int16) {
	who := group.Identity{MemberID: req.MemberID, InstanceID: req.InstanceID, Generation: req.Generation}
	err := s.groups.Commit(req.Group, who, func() {
		if len(offsets) > 0 {
			pending = s.log.CommitOffsets(req.Group, offsets)
		}
	})
	return pending, groupCode(err)
}

func (c *commit) fail(code int16) {
	for _, p := range c.codes {
		*p = code
	}
}

func (c *commit) finish(errs []error, err error) {
	if err != nil {
		c.fail(commitCode(err))
		return
	}
	for i, err := range errs { // none where all went well
		*c.codes[i] = commitCode(err)
	}
}

// commitCode is groupCode for commits. Beyond a limit they get a code that Kafka gives for commits that its log cannot
// take: of all that fit, the Java client and librdkafka know only this one as final, and tell the application.
func commitCode(err error) int16 {
	if errors.Is(err, log.ErrLimit) {
		return kerr.InvalidCommitOffsetSize.Code
	}
	return groupCode(err)
}
