package kafka

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// offsetCommit answers OffsetCommit once the offsets are durable. Commits take
// effect in the order of the requests. A member's commit must name its generation; while a group has
// no members, anybody may commit without one.
//
//   - Version 0 has no generation, so it is for groups without members. The retention that
//     versions 1 to 4 ask for is ignored: offsets stay until they, their group or their topic are deleted.
//   - From version 6 on a commit names the leader epoch, from 7 on a member may be static.
//   - From version 10 on topics go by id: an unknown one is UNKNOWN_TOPIC_ID.
//   - An offset may lie beyond the log's end. A negative one is INVALID_REQUEST.
func (s *Server) offsetCommit(ctx context.Context, _ *client, req *kmsg.OffsetCommitRequest) func() *kmsg.OffsetCommitResponse {
	c := s.checkCommit(req)
	pending, code := s.startCommit(req, c.offsets)
	return func() *kmsg.OffsetCommitResponse {
		switch {
		case code != 0:
			c.fail(code)
		case pending != nil:
			ctx, cancel := s.groups.patience(ctx)
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

// startCommit starts a commit where the committer may. It holds the group still
// meanwhile: a commit that was allowed comes before whatever a later generation commits.
func (s *Server) startCommit(req *kmsg.OffsetCommitRequest, offsets []log.OffsetCommit) (*log.Pending[[]error], int16) {
	if code := checkGroupName(req.Group, false); code != 0 {
		return nil, code
	}
	g, code := s.groups.enter(req.Group)
	switch {
	case code != 0:
		return nil, code
	case g != nil:
		defer g.exit()
		code = g.mayCommit(req)
	case req.Generation >= 0:
		code = kerr.IllegalGeneration.Code
	}
	if code != 0 || len(offsets) == 0 {
		return nil, code
	}
	return s.log.CommitOffsets(req.Group, offsets), 0
}

func (c *commit) fail(code int16) {
	for _, p := range c.codes {
		*p = code
	}
}

func (c *commit) finish(errs []error, err error) {
	if err != nil {
		c.fail(groupCode(err))
		return
	}
	for i, err := range errs { // none where all went well
		*c.codes[i] = groupCode(err)
	}
}

// groupCode is codeOf for the requests of groups: their clients take an engine in
// trouble for a coordinator in trouble, which they look for again and retry, and most other
// errors as final.
func groupCode(err error) int16 {
	switch {
	case errors.Is(err, log.ErrUnavailable), errors.Is(err, log.ErrTimeout):
		return kerr.CoordinatorNotAvailable.Code
	case errors.Is(err, log.ErrFenced), errors.Is(err, log.ErrClosed):
		return kerr.NotCoordinator.Code
	case errors.Is(err, log.ErrGroupNotFound):
		return kerr.GroupIDNotFound.Code
	}
	return codeOf(err)
}
