package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/log/group"
)

// offsetFetch answers OffsetFetch from the state in memory: every commit that was
// acknowledged is seen. A partition without one has offset -1 and no error, whether or not it or
// its group exists.
//
//   - Version 0 calls such a partition UNKNOWN_TOPIC_OR_PARTITION.
//   - Null topics (from version 2 on) ask for all that is committed.
//   - Before version 2 an error of the group stands in each partition.
//   - From version 8 on a request has several groups, from 10 on topics go by id. A group that stands twice in it
//     is INVALID_REQUEST, and so are groups beyond [Options].MaxAnswerBytes.
//   - Stable offsets (version 7) are all there are: no transaction has any under way.
//   - Member id and epoch (version 9) are for the members of KIP-848, which is not spoken here.
func (s *Server) offsetFetch(_ context.Context, _ *client, req *kmsg.OffsetFetchRequest) *kmsg.OffsetFetchResponse {
	resp := req.ResponseKind().(*kmsg.OffsetFetchResponse)
	if req.Version < 8 {
		s.fetchOneGroup(req, resp)
		return resp
	}
	room := s.answerRoom()
	groups, twice := distinct(req.Groups, func(g *kmsg.OffsetFetchRequestGroup) string { return g.Group })
	for i, rg := range groups {
		one := kmsg.NewOffsetFetchResponseGroup()
		one.Group = rg.Group
		if i >= maxGroupNames {
			one.ErrorCode = kerr.InvalidRequest.Code
			resp.Groups = append(resp.Groups, one)
			break // the client sees that groups are missing, and why
		}
		if twice[i] || room.check() != nil {
			one.ErrorCode = kerr.InvalidRequest.Code
			resp.Groups = append(resp.Groups, one)
			continue
		}
		one.Topics, one.ErrorCode = s.fetchGroup(req.Version, rg.Group, rg.Topics)
		room.take(fetchedBytes(one.Topics))
		resp.Groups = append(resp.Groups, one)
	}
	return resp
}

// fetchedBytes is about how long the offsets of a group are.
func fetchedBytes(topics []kmsg.OffsetFetchResponseGroupTopic) (n int) {
	for i := range topics {
		n += 16 + len(topics[i].Topic)
		for j := range topics[i].Partitions {
			n += 20 + len(*topics[i].Partitions[j].Metadata)
		}
	}
	return n
}

// fetchOneGroup answers in the form that had one group for a request.
func (s *Server) fetchOneGroup(req *kmsg.OffsetFetchRequest, resp *kmsg.OffsetFetchResponse) {
	var topics []kmsg.OffsetFetchRequestGroupTopic
	if req.Topics != nil || req.Version < 2 {
		topics = make([]kmsg.OffsetFetchRequestGroupTopic, len(req.Topics))
	}
	for i, t := range req.Topics {
		topics[i].Topic, topics[i].Partitions = t.Topic, t.Partitions
	}
	found, code := s.fetchGroup(req.Version, req.Group, topics)
	if req.Version < 2 && code != 0 {
		found = failedFetch(distinctTopics(topics), code)
	}
	resp.ErrorCode = code // not written before version 2
	for _, t := range found {
		old := kmsg.NewOffsetFetchResponseTopic()
		old.Topic = t.Topic
		for _, p := range t.Partitions {
			if req.Version < 1 && p.Offset < 0 && p.ErrorCode == 0 {
				p.ErrorCode = kerr.UnknownTopicOrPartition.Code
			}
			old.Partitions = append(old.Partitions, kmsg.OffsetFetchResponseTopicPartition(p))
		}
		resp.Topics = append(resp.Topics, old)
	}
}

func (s *Server) fetchGroup(version int16, name string, topics []kmsg.OffsetFetchRequestGroupTopic) ([]kmsg.OffsetFetchResponseGroupTopic, int16) {
	code := groupCode(group.CheckName(name))
	switch {
	case s.groups.Closed():
		code = kerr.NotCoordinator.Code
	case code != 0:
	case topics == nil:
		return s.fetchAll(name), 0
	}
	if code != 0 {
		return nil, code
	}
	topics = distinctTopics(topics)
	found := make([]kmsg.OffsetFetchResponseGroupTopic, len(topics))
	for i, t := range topics {
		found[i] = s.fetchTopic(version, name, t)
	}
	return found, 0
}

func distinctTopics(topics []kmsg.OffsetFetchRequestGroupTopic) []kmsg.OffsetFetchRequestGroupTopic {
	once, _ := distinctPartitions(topics, func(t *kmsg.OffsetFetchRequestGroupTopic) (topicKey, *[]int32) {
		return topicKey{t.Topic, t.TopicID}, &t.Partitions
	}, func(p *int32) int32 { return *p })
	return once
}

func (s *Server) fetchTopic(version int16, group string, t kmsg.OffsetFetchRequestGroupTopic) kmsg.OffsetFetchResponseGroupTopic {
	topic, code := s.committedTopic(version, t.Topic, t.TopicID)
	found := kmsg.NewOffsetFetchResponseGroupTopic()
	found.Topic, found.TopicID = t.Topic, t.TopicID
	found.Partitions = make([]kmsg.OffsetFetchResponseGroupTopicPartition, len(t.Partitions))
	for i, index := range t.Partitions {
		p := &found.Partitions[i]
		*p = noOffset(index)
		switch {
		case code == 0:
			if o, ok := s.log.CommittedOffset(group, log.PartitionID{Topic: topic.ID, Index: index}); ok {
				*p = fetched(o)
			}
		case version >= 10:
			p.ErrorCode = code
		}
	}
	return found
}

// fetchAll returns all that a group has committed. The engine lists it by topic.
func (s *Server) fetchAll(group string) []kmsg.OffsetFetchResponseGroupTopic {
	var all []kmsg.OffsetFetchResponseGroupTopic
	var last log.TopicID
	for _, o := range s.log.CommittedOffsets(group) {
		if len(all) == 0 || o.Partition.Topic != last {
			topic, err := s.log.TopicByID(o.Partition.Topic)
			if err != nil {
				continue // deleted in between, and its offsets with it
			}
			last = topic.ID
			t := kmsg.NewOffsetFetchResponseGroupTopic()
			t.Topic, t.TopicID = topic.Name, topic.ID
			all = append(all, t)
		}
		t := &all[len(all)-1]
		t.Partitions = append(t.Partitions, fetched(o))
	}
	return all
}

func fetched(o log.CommittedOffset) kmsg.OffsetFetchResponseGroupTopicPartition {
	p := noOffset(o.Partition.Index)
	p.Offset, p.LeaderEpoch, p.Metadata = o.Offset, o.LeaderEpoch, &o.Metadata
	return p
}

// noOffset is the answer where nothing is committed: old clients cannot read null metadata.
func noOffset(index int32) kmsg.OffsetFetchResponseGroupTopicPartition {
	p := kmsg.NewOffsetFetchResponseGroupTopicPartition()
	p.Partition, p.Offset, p.LeaderEpoch, p.Metadata = index, -1, -1, new(string)
	return p
}

// failedFetch puts an error into each partition that was asked for.
func failedFetch(topics []kmsg.OffsetFetchRequestGroupTopic, code int16) []kmsg.OffsetFetchResponseGroupTopic {
	all := make([]kmsg.OffsetFetchResponseGroupTopic, len(topics))
	for i, t := range topics {
		all[i].Topic = t.Topic
		for _, index := range t.Partitions {
			p := noOffset(index)
			p.ErrorCode = code
			all[i].Partitions = append(all[i].Partitions, p)
		}
	}
	return all
}
