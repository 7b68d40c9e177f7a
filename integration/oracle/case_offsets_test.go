package oracle

import (
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// offsetCommit stores one position.
func (s *script) offsetCommit(group, member string, generation int32, topic string, partition int32, offset int64) *kmsg.OffsetCommitRequest {
	p := kmsg.NewOffsetCommitRequestTopicPartition()
	p.Partition, p.Offset, p.Metadata = partition, offset, kmsg.StringPtr("m")
	t := kmsg.NewOffsetCommitRequestTopic()
	t.Topic, t.Partitions = topic, []kmsg.OffsetCommitRequestTopicPartition{p}
	t.TopicID, _ = s.idOf(topic)
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.MemberID, req.Generation, req.Topics = group, member, generation, []kmsg.OffsetCommitRequestTopic{t}
	return req
}

// offsetFetch asks for partitions of one topic.
func (s *script) offsetFetch(group, topic string, partitions ...int32) *kmsg.OffsetFetchRequest {
	id, _ := s.idOf(topic)
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Group, req.Topics = group, []kmsg.OffsetFetchRequestTopic{{Topic: topic, Partitions: partitions}}
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group, g.Topics = group, []kmsg.OffsetFetchRequestGroupTopic{{Topic: topic, TopicID: id, Partitions: partitions}}
	req.Groups = append(req.Groups, g)
	return req
}

func offsetCommitCase(s *script) {
	t := s.topic("t", 2)
	s.fill(t, 0)
	g, free := s.name("g"), s.name("free")
	id, generation := s.member(g, nil)
	s.ask("of a member", s.offsetCommit(g, id, generation, t, 0, 3))
	s.ask("an old generation", s.offsetCommit(g, id, generation-1, t, 0, 3))
	s.ask("a generation to come", s.offsetCommit(g, id, generation+1, t, 0, 3))
	s.ask("generation -1 of a member", s.offsetCommit(g, id, -1, t, 0, 3))
	s.ask("a member that nobody knows", s.offsetCommit(g, "somebody", generation, t, 0, 3))
	s.ask("no member, in a group that has some", s.offsetCommit(g, "", -1, t, 0, 3))
	if s.version >= 7 {
		who := s.offsetCommit(g, id, generation, t, 0, 3)
		who.InstanceID = kmsg.StringPtr("i")
		s.ask("an instance that nobody knows", who)
	}
	s.ask("without a group's members", s.offsetCommit(free, "", -1, t, 0, 3))
	s.ask("a generation without members", s.offsetCommit(free, "", 5, t, 0, 3))
	s.ask("a member without members", s.offsetCommit(free, "somebody", 1, t, 0, 3))
	s.ask("a generation in no group", s.offsetCommit(s.name("none"), "somebody", 1, t, 0, 3))
	s.ask("no group's name", s.offsetCommit("", "", -1, t, 0, 3))
	s.ask("a long group's name", s.offsetCommit(strings.Repeat("g", 300), "", -1, t, 0, 3))
	for _, at := range []int64{0, 6, 7, 1 << 62, -1, -2} {
		s.ask("offset "+itoa(at), s.offsetCommit(free, "", -1, t, 0, at))
	}
	s.ask("no such partition", s.offsetCommit(free, "", -1, t, 2, 3))
	s.ask("partition -1", s.offsetCommit(free, "", -1, t, -1, 3))
	s.ask("no such topic", s.offsetCommit(free, "", -1, s.name("nobody"), 0, 3))
	both := s.offsetCommit(free, "", -1, t, 1, 3)
	both.Topics = append(both.Topics, s.offsetCommit(free, "", -1, s.name("nobody"), 0, 3).Topics...)
	s.ask("one topic of two exists", both)
	none := s.offsetCommit(free, "", -1, t, 0, 3)
	none.Topics = nil
	s.ask("no topics", none)
	none = s.offsetCommit(free, "", -1, t, 0, 3)
	none.Topics[0].Partitions = nil
	s.ask("no partitions", none)
	again := s.offsetCommit(free, "", -1, t, 0, 3)
	again.Topics = append(again.Topics, s.offsetCommit(free, "", -1, t, 1, 4).Topics...)
	s.ask("a topic twice", again)
	twice := s.offsetCommit(free, "", -1, t, 0, 3)
	twice.Topics[0].Partitions = append(twice.Topics[0].Partitions, s.offsetCommit(free, "", -1, t, 0, 4).Topics[0].Partitions...)
	s.ask("a partition twice", twice)
	for _, n := range []int{4096, 4097} {
		long := s.offsetCommit(free, "", -1, t, 1, 3)
		long.Topics[0].Partitions[0].Metadata = kmsg.StringPtr(strings.Repeat("m", n))
		s.ask(itoa(int64(n))+" bytes of metadata", long)
	}
	null := s.offsetCommit(free, "", -1, t, 1, 4)
	null.Topics[0].Partitions[0].Metadata = nil
	s.ask("null metadata", null)
	epoch := s.offsetCommit(free, "", -1, t, 0, 5)
	epoch.Topics[0].Partitions[0].LeaderEpoch = 7
	s.ask("an epoch to come", epoch)
	if s.version >= 10 {
		unknown := s.offsetCommit(free, "", -1, t, 0, 5)
		unknown.Topics[0].TopicID = [16]byte{}
		s.ask("no id", unknown)
	}
	s.ask("what is stored", s.offsetFetch(free, t, 0, 1))
	s.ask("what the group has", s.offsetFetch(g, t, 0, 1))
}

func offsetFetchCase(s *script) {
	t, u := s.topic("t", 3), s.topic("u", 1)
	g, live := s.name("g"), s.name("live")
	s.commit(g, t)
	s.commit(g, u)
	member, generation := s.member(live, nil)
	s.do(s.offsetCommit(live, member, generation, t, 0, 9))
	s.ask("some", s.offsetFetch(g, t, 0, 1))
	s.ask("of a group with members", s.offsetFetch(live, t, 0))
	s.ask("no such partition", s.offsetFetch(g, t, 3))
	s.ask("partition -1", s.offsetFetch(g, t, -1))
	s.ask("no such topic", s.offsetFetch(g, s.name("nobody"), 0))
	s.ask("no such group", s.offsetFetch(s.name("none"), t, 0))
	s.ask("no group's name", s.offsetFetch("", t, 0))
	s.ask("a partition twice", s.offsetFetch(g, t, 0, 0))
	s.ask("no partitions", s.offsetFetch(g, t))
	all := s.offsetFetch(g, t)
	all.Topics, all.Groups[0].Topics = nil, nil
	s.ask("all", all)
	all = s.offsetFetch(s.name("none"), t)
	all.Topics, all.Groups[0].Topics = nil, nil
	s.ask("all of no group", all)
	empty := s.offsetFetch(g, t)
	empty.Topics, empty.Groups[0].Topics = []kmsg.OffsetFetchRequestTopic{}, []kmsg.OffsetFetchRequestGroupTopic{}
	s.ask("an empty list", empty)
	stable := s.offsetFetch(g, t, 0)
	stable.RequireStable = true
	s.ask("stable only", stable)
	if s.version < 8 {
		return
	}
	two := s.offsetFetch(g, t, 0)
	two.Groups = append(two.Groups, s.offsetFetch(s.name("none"), t, 0).Groups...)
	s.ask("two groups", two)
	twice := s.offsetFetch(g, t, 0)
	twice.Groups = append(twice.Groups, twice.Groups[0])
	s.ask("a group twice", twice)
	none := s.offsetFetch(g, t)
	none.Groups = nil
	s.ask("no groups", none)
	if s.version < 9 {
		return
	}
	as := func(name, group, member string, epoch int32) {
		req := s.offsetFetch(group, t, 0)
		req.Groups[0].MemberID, req.Groups[0].MemberEpoch = &member, epoch
		s.ask(name, req)
	}
	as("as a member of no members", g, "somebody", 1)
	as("as a member that nobody knows", live, "somebody", 1)
	as("as a member", live, member, generation)
	as("as a member of an old generation", live, member, generation-1)
}

func offsetDeleteCase(s *script) {
	t, u := s.topic("t", 2), s.topic("u", 1)
	g, live := s.name("g"), s.name("live")
	s.commit(g, t)
	s.commit(g, u)
	s.member(live, nil)
	remove := func(group string, topic string, partitions ...int32) *kmsg.OffsetDeleteRequest {
		rt := kmsg.NewOffsetDeleteRequestTopic()
		rt.Topic = topic
		for _, p := range partitions {
			rt.Partitions = append(rt.Partitions, kmsg.OffsetDeleteRequestTopicPartition{Partition: p})
		}
		req := kmsg.NewPtrOffsetDeleteRequest()
		req.Group, req.Topics = group, []kmsg.OffsetDeleteRequestTopic{rt}
		return req
	}
	s.ask("one", remove(g, t, 0))
	s.ask("again", remove(g, t, 0))
	s.ask("never committed", remove(g, t, 1))
	s.ask("no such partition", remove(g, t, 2))
	s.ask("partition -1", remove(g, t, -1))
	s.ask("no such topic", remove(g, s.name("nobody"), 0))
	s.ask("no partitions", remove(g, t))
	none := remove(g, t)
	none.Topics = nil
	s.ask("no topics", none)
	s.ask("a partition twice", remove(g, u, 0, 0))
	s.ask("of a group that has nothing left", remove(g, u, 0))
	s.ask("no such group", remove(s.name("none"), t, 0))
	s.ask("no group's name", remove("", t, 0))
	s.ask("of a group with a member", remove(live, t, 0))
}
