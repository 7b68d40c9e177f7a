package oracle

import (
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The cases of this file are the groups of KIP-848 and after, which the broker assigns by itself. When it
// does so is up to Kafka: the assignments are left out.

func consumerHeartbeatCase(s *script) {
	s.hide["Assignment"], s.hide["MemberID"] = true, true
	topic := s.topic("t", 2)
	g := s.name("g")
	const me = "QUFBQUFBQUFBQUFBQUFBQQ"
	beat := func(step, group, member string, epoch int32, edit func(*kmsg.ConsumerGroupHeartbeatRequest)) *kmsg.ConsumerGroupHeartbeatResponse {
		req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
		req.Group, req.MemberID, req.MemberEpoch = group, member, epoch
		req.RebalanceTimeoutMillis = -1
		if epoch == 0 {
			req.RebalanceTimeoutMillis, req.SubscribedTopicNames, req.Topics = sessionMillis, []string{topic}, []kmsg.ConsumerGroupHeartbeatRequestTopic{}
		}
		if edit != nil {
			edit(req)
		}
		resp, _ := s.ask(step, req).(*kmsg.ConsumerGroupHeartbeatResponse)
		return resp
	}
	beat("no group's name", "", me, 0, nil)
	beat("no subscription", g, me, 0, func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.SubscribedTopicNames = nil })
	beat("no partitions of its own", g, me, 0, func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.Topics = nil })
	beat("an assignor that is not there", g, me, 0, func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.ServerAssignor = kmsg.StringPtr("nonsense") })
	beat("a member that nobody knows", g, "somebody", 3, nil)
	joined := beat("joins", g, me, 0, nil)
	var epoch int32
	if joined != nil {
		epoch = joined.MemberEpoch
	}
	beat("goes on", g, me, epoch, nil)
	beat("an epoch to come", g, me, epoch+9, nil)
	beat("epoch -5", g, me, -5, nil)
	describe := kmsg.NewPtrConsumerGroupDescribeRequest()
	describe.Groups = []string{g}
	s.fold["Members"] = true
	s.ask("described", describe)
	s.ask("described as a classic group", describeGroups(g))
	s.ask("a classic member joins", joinGroup(g, "", "range"))
	beat("leaves", g, me, -1, nil)
	beat("after it has left", g, me, epoch, nil)
	classic := s.name("classic")
	s.member(classic, nil)
	beat("a classic group whose subscriptions cannot be read", classic, me, 0, nil)
}

func shareHeartbeatCase(s *script) {
	s.hide["Assignment"] = true
	topic := s.topic("t", 1)
	beat := func(step, group, member string, epoch int32) {
		req := kmsg.NewPtrShareGroupHeartbeatRequest()
		req.GroupID, req.MemberID, req.MemberEpoch = group, member, epoch
		if epoch == 0 {
			req.SubscribedTopicNames = []string{topic}
		}
		s.ask(step, req)
	}
	g := s.name("g")
	const me = "QUFBQUFBQUFBQUFBQUFBQQ"
	beat("no group's name", "", me, 0)
	beat("no member's name", g, "", 0)
	beat("a member that nobody knows", g, "somebody", 3)
	beat("joins", g, me, 0)
	beat("leaves", g, me, -1)
	classic := s.name("classic")
	s.member(classic, nil)
	beat("a classic group", classic, me, 0)
}

func shareDescribeCase(s *script) {
	classic := s.name("classic")
	s.member(classic, nil)
	req := kmsg.NewPtrShareGroupDescribeRequest()
	req.GroupIDs = []string{s.name("nobody"), classic, ""}
	s.ask("none that is one", req)
}

func shareFetchCase(s *script) {
	topic := s.topic("t", 1)
	id, _ := s.idOf(topic)
	ask := func(step string, group, member *string, epoch int32, topicID [16]byte) {
		req := kmsg.NewPtrShareFetchRequest()
		req.GroupID, req.MemberID, req.ShareSessionEpoch, req.MaxBytes = group, member, epoch, 1<<20
		rt := kmsg.NewShareFetchRequestTopic()
		rt.TopicID, rt.Partitions = topicID, []kmsg.ShareFetchRequestTopicPartition{kmsg.NewShareFetchRequestTopicPartition()}
		req.Topics = append(req.Topics, rt)
		s.ask(step, req)
	}
	g, me := s.name("g"), "QUFBQUFBQUFBQUFBQUFBQQ"
	ask("no such topic", &g, &me, 0, unknownID)
	ask("a session that nobody knows", &g, &me, 5, id)
	ask("no group", nil, &me, 0, id)
	ask("no member", &g, nil, 0, id)
	classic := s.name("classic")
	s.member(classic, nil)
	ask("a classic group", &classic, &me, 5, id)
}

func shareAcknowledgeCase(s *script) {
	g, me := s.name("g"), "QUFBQUFBQUFBQUFBQUFBQQ"
	req := kmsg.NewPtrShareAcknowledgeRequest()
	req.GroupID, req.MemberID, req.ShareSessionEpoch = &g, &me, 5
	s.ask("a session that nobody knows", req)
}

func shareOffsetsCase(s *script) {
	topic := s.topic("t", 1)
	of := func(group string, topics ...string) *kmsg.DescribeShareGroupOffsetsRequest {
		g := kmsg.NewDescribeShareGroupOffsetsRequestGroup()
		g.GroupID = group
		for _, name := range topics {
			t := kmsg.NewDescribeShareGroupOffsetsRequestGroupTopic()
			t.Topic, t.Partitions = name, []int32{0}
			g.Topics = append(g.Topics, t)
		}
		req := kmsg.NewPtrDescribeShareGroupOffsetsRequest()
		req.Groups = append(req.Groups, g)
		return req
	}
	s.ask("no such group", of(s.name("nobody"), topic))
	s.ask("no such group, all topics", of(s.name("nobody")))
	s.ask("none", kmsg.NewPtrDescribeShareGroupOffsetsRequest())
}

func streamsDescribeCase(s *script) {
	classic := s.name("classic")
	s.member(classic, nil)
	req := kmsg.NewPtrStreamsGroupDescribeRequest()
	req.Groups = []string{s.name("nobody"), classic, ""}
	s.ask("none that is one", req)
}
