package oracle

import (
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func createTopicsCase(s *script) {
	n := s.name
	s.ask("one partition", createTopics(newTopic(n("one"), 1)))
	s.ask("three partitions with configs", createTopics(newTopic(n("three"), 3, "retention.ms", "1000", "cleanup.policy", "delete")))
	s.fold["Configs"] = true
	s.ask("it exists", createTopics(newTopic(n("one"), 1)))
	s.ask("it exists, and is wrong", createTopics(newTopic(n("one"), 0, "no.such.config", "1")))
	both := newTopic(n("one"), 1)
	both.ReplicationFactor = 0
	s.ask("it exists, and has 0 replicas", createTopics(both))
	s.ask("none", createTopics())
	s.ask("several, one of them wrong", createTopics(newTopic(n("right"), 2), newTopic(n("wrong"), 0)))
	s.ask("one twice", createTopics(newTopic(n("twice"), 1), newTopic(n("twice"), 1), newTopic(n("beside"), 1)))
	s.ask("what became of it", metadataOf(n("twice"), n("beside"), n("right"), n("wrong")))

	for _, c := range []struct {
		name       string
		partitions int32
		replicas   int16
	}{
		{"0 partitions", 0, 1}, {"the default of partitions", -1, 1}, {"-2 partitions", -2, 1}, {"10,001 partitions", 10_001, 1}, {"2,000,000,000 partitions", 2_000_000_000, 1},
		{"0 replicas", 1, 0}, {"the default of replicas", 1, -1}, {"-2 replicas", 1, -2}, {"3 replicas", 1, 3}, {"both default", -1, -1}, {"both wrong", 0, 0},
	} {
		t := newTopic(n(c.name), c.partitions)
		t.Topic = strings.NewReplacer(" ", "_", ",", "").Replace(t.Topic)
		t.ReplicationFactor = c.replicas
		req := createTopics(t)
		req.ValidateOnly = true
		s.ask(c.name, req)
	}
	validate := createTopics(newTopic(n("only-validated"), 2, "retention.ms", "5"), newTopic(n("one"), 1))
	validate.ValidateOnly = true
	s.ask("only validated", validate)
	s.ask("what was only validated", metadataOf(n("only-validated")))
	now := createTopics(newTopic(n("no-time"), 1))
	now.TimeoutMillis = 0
	s.ask("no time for it", now)
	s.ask("what became of the one that had no time", metadataOf(n("no-time")))

	for _, c := range []struct {
		name       string
		partitions int32
		replicas   int16
		assigned   []int32 // partition, broker, partition, broker; -7 is no broker
	}{
		{"assigned", -1, -1, []int32{0, 1, 1, 1}}, {"assigned, with a number", 2, -1, []int32{0, 1, 1, 1}}, {"assigned, with replicas", -1, 1, []int32{0, 1}},
		{"assigned with a gap", -1, -1, []int32{0, 1, 2, 1}}, {"assigned twice", -1, -1, []int32{0, 1, 0, 1}}, {"assigned to nobody", -1, -1, []int32{0, -7}},
		{"assigned to another", -1, -1, []int32{0, 9}}, {"assigned below 0", -1, -1, []int32{-1, 1}}, {"assigned from 1", -1, -1, []int32{1, 1}},
	} {
		t := newTopic(strings.NewReplacer(" ", "_", ",", "").Replace(n(c.name)), c.partitions)
		t.ReplicationFactor = c.replicas
		for i := 0; i < len(c.assigned); i += 2 {
			a := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
			a.Partition, a.Replicas = c.assigned[i], []int32{c.assigned[i+1]}
			if c.assigned[i+1] == -7 {
				a.Replicas = nil
			}
			t.ReplicaAssignment = append(t.ReplicaAssignment, a)
		}
		s.ask(c.name, createTopics(t))
	}
	double := newTopic(n("assigned-double"), -1)
	double.ReplicationFactor = -1
	double.ReplicaAssignment = []kmsg.CreateTopicsRequestTopicReplicaAssignment{{Partition: 0, Replicas: []int32{1, 1}}}
	s.ask("assigned to one broker twice", createTopics(double))
	null := newTopic(n("null"), 1)
	null.Configs = []kmsg.CreateTopicsRequestTopicConfig{{Name: "retention.ms"}}
	s.ask("a config without a value", createTopics(null))
	null.Topic = "x/y"
	s.ask("a name that cannot be, and a config without a value", createTopics(null))
	s.ask("an unknown config", createTopics(newTopic(n("unknown"), 1, "no.such.config", "1")))
	s.ask("a config twice", createTopics(newTopic(n("config-twice"), 1, "retention.ms", "1", "retention.ms", "2")))
	s.ask("a broker's config", createTopics(newTopic(n("brokers"), 1, "num.partitions", "1")))
	s.ask("a config without a name", createTopics(newTopic(n("nameless"), 1, "", "1")))
	s.ask("a config in capitals", createTopics(newTopic(n("capitals"), 1, "RETENTION.MS", "1")))
	s.ask("what became of them", metadataOf(n("null"), n("unknown"), n("config-twice")))
}

// topicNamesCase only validates: the answers are the same for all topics that could be there.
func topicNamesCase(s *script) {
	s.fold["Configs"] = true
	clear(s.internal)
	long := strings.Repeat("n", 249-len(s.prefix))
	for _, c := range []struct{ step, name string }{
		{"ordinary", s.name("a-b_c.D9")}, {"249 bytes", s.name(long)}, {"250 bytes", s.name(long + "n")}, {"a space", s.name("a b")}, {"a slash", s.name("a/b")},
		{"not ASCII", s.name("ä")}, {"a line's end", s.name("a\n")}, {"a colon", s.name("a:b")}, {"a null byte", s.name("a\x00")},
		{"empty", ""}, {"a dot", "."}, {"two dots", ".."}, {"three dots", "..."}, {"a dash", "-"},
		{"__consumer_offsets", "__consumer_offsets"}, {"__transaction_state", "__transaction_state"}, {"__share_group_state", "__share_group_state"},
		{"__cluster_metadata", "__cluster_metadata"}, {"two underscores", "__own"},
	} {
		req := createTopics(newTopic(c.name, 1))
		req.ValidateOnly = true
		s.ask(c.step, req)
		s.ask(c.step+", metadata", metadataOf(c.name))
	}
	s.ask("with a dot", createTopics(newTopic(s.name("like.this"), 1)))
	s.ask("with an underscore in its place", createTopics(newTopic(s.name("like_this"), 1)))
	s.ask("with an underscore in its place, metadata", metadataOf(s.name("like_this")))
	create := metadataOf(s.name("like_this"), "__cluster_metadata")
	create.AllowAutoTopicCreation = true
	s.ask("with an underscore in its place, may be created", create)
	s.ask("both in one", createTopics(newTopic(s.name("both.this"), 1), newTopic(s.name("both_this"), 1)))
}

func deleteTopicsCase(s *script) {
	byName := func(names ...string) *kmsg.DeleteTopicsRequest {
		req := kmsg.NewPtrDeleteTopicsRequest()
		req.TimeoutMillis = adminMillis
		req.TopicNames = names
		for i := range names {
			t := kmsg.NewDeleteTopicsRequestTopic()
			t.Topic = &names[i]
			req.Topics = append(req.Topics, t)
		}
		return req
	}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		s.topic(name, 1)
	}
	s.ask("one", byName(s.name("a")))
	s.ask("it again", byName(s.name("a")))
	s.ask("none", byName())
	s.ask("one that exists and one that does not", byName(s.name("b"), s.name("nobody")))
	s.ask("one twice", byName(s.name("c"), s.name("c")))
	s.ask("what became of it", metadataOf(s.name("c")))
	s.ask("no name", byName(""))
	s.ask("a name that cannot be", byName(s.name("x/y")))
	if s.version < 6 {
		return
	}
	byID := func(topics ...kmsg.DeleteTopicsRequestTopic) *kmsg.DeleteTopicsRequest {
		req := kmsg.NewPtrDeleteTopicsRequest()
		req.TimeoutMillis, req.Topics = adminMillis, topics
		return req
	}
	d := s.name("d")
	s.ask("name and id", byID(kmsg.DeleteTopicsRequestTopic{Topic: &d, TopicID: s.id(d)}))
	s.ask("neither name nor id", byID(kmsg.DeleteTopicsRequestTopic{}))
	s.ask("no topic has the id", byID(kmsg.DeleteTopicsRequestTopic{TopicID: unknownID}))
	s.ask("the same id twice", byID(kmsg.DeleteTopicsRequestTopic{TopicID: s.id(s.name("e"))}, kmsg.DeleteTopicsRequestTopic{TopicID: s.id(s.name("e"))}))
	s.ask("by name and by id", byID(kmsg.DeleteTopicsRequestTopic{Topic: &d}, kmsg.DeleteTopicsRequestTopic{TopicID: s.id(d)}))
	s.ask("by id", byID(kmsg.DeleteTopicsRequestTopic{TopicID: s.id(s.name("e"))}))
	s.ask("what is left", metadataOf(d, s.name("e")))
}

func createPartitionsCase(s *script) {
	grow := func(topics ...kmsg.CreatePartitionsRequestTopic) *kmsg.CreatePartitionsRequest {
		req := kmsg.NewPtrCreatePartitionsRequest()
		req.Topics, req.TimeoutMillis = topics, adminMillis
		return req
	}
	to := func(topic string, count int32, assignment ...[]int32) kmsg.CreatePartitionsRequestTopic {
		t := kmsg.NewCreatePartitionsRequestTopic()
		t.Topic, t.Count = topic, count
		for _, brokers := range assignment {
			t.Assignment = append(t.Assignment, kmsg.CreatePartitionsRequestTopicAssignment{Replicas: brokers})
		}
		return t
	}
	a, b := s.topic("a", 2), s.topic("b", 2)
	s.ask("more", grow(to(a, 3)))
	s.ask("as many", grow(to(a, 3)))
	s.ask("fewer", grow(to(a, 2)))
	s.ask("none", grow(to(a, 0)))
	s.ask("less than none", grow(to(a, -1)))
	s.ask("too many", grow(to(a, 10_001+3)))
	s.ask("no topics", grow())
	s.ask("no such topic", grow(to(s.name("nobody"), 3)))
	s.ask("a name that cannot be", grow(to("x/y", 3)))
	s.ask("no name", grow(to("", 3)))
	s.ask("one twice", grow(to(a, 5), to(a, 6), to(b, 4)))
	s.ask("several, one of them wrong", grow(to(a, 6), to(b, 1)))
	s.ask("assigned", grow(to(b, 5, []int32{1})))
	s.ask("assigned too little", grow(to(b, 7, []int32{1})))
	s.ask("assigned too much", grow(to(b, 6, []int32{1}, []int32{1})))
	s.ask("assigned to another", grow(to(b, 6, []int32{9})))
	s.ask("assigned to nobody", grow(to(b, 6, []int32{})))
	s.ask("assigned to one broker twice", grow(to(b, 6, []int32{1, 1})))
	empty := to(b, 6)
	empty.Assignment = []kmsg.CreatePartitionsRequestTopicAssignment{}
	s.ask("an empty assignment", grow(empty))
	only := grow(to(a, 9), to(b, 1))
	only.ValidateOnly = true
	s.ask("only validated", only)
	now := grow(to(a, 10))
	now.TimeoutMillis = 0
	s.ask("no time for it", now)
	s.ask("what became of them", metadataOf(a, b))
}

// awaitTopic waits for a topic that Metadata creates: Kafka answers first.
func (s *script) awaitTopic(topic string) {
	s.Helper()
	for s.peek(metadataOf(topic)).(*kmsg.MetadataResponse).Topics[0].ErrorCode != 0 {
	}
	s.do(metadataOf(topic))
}

func metadataCase(s *script) {
	a, b := s.topic("a", 1), s.topic("b", 2)
	all := kmsg.NewPtrMetadataRequest()
	s.ask("all", all)
	s.ask("an empty list", metadataOf())
	s.ask("by name", metadataOf(a, b))
	s.ask("one twice", metadataOf(a, a))
	s.ask("unknown", metadataOf(s.name("nobody"), a))
	if s.version < 4 { // these versions create what they are asked for
		s.awaitTopic(s.name("nobody"))
	}
	s.ask("unknown, the second time", metadataOf(s.name("nobody")))
	s.ask("invalid", metadataOf(s.name("x/y"), a, ""))
	if s.version >= 4 {
		s.ask("unknown twice", metadataOf(s.name("nobody"), s.name("nobody")))
		create := metadataOf(s.name("created"), a)
		create.AllowAutoTopicCreation = true
		s.ask("may be created", create)
		s.awaitTopic(s.name("created"))
		s.ask("was created", metadataOf(s.name("created")))
		wrong := metadataOf(s.name("x/z"), s.name("x z"))
		wrong.AllowAutoTopicCreation = true
		s.ask("may be created, but cannot", wrong)
	}
	ops := metadataOf(a, s.name("nobody"))
	ops.IncludeClusterAuthorizedOperations, ops.IncludeTopicAuthorizedOperations = true, true
	s.ask("with operations", ops)
	wrong := metadataOf(s.name("x/y"))
	wrong.IncludeTopicAuthorizedOperations = true
	s.ask("an invalid one, with operations", wrong)
	if s.version < 10 {
		return
	}
	s.ask("by id", metadataByID(s.id(a)))
	known := metadataByID(s.id(a), unknownID)
	known.IncludeTopicAuthorizedOperations = true
	s.ask("by id, with operations", known)
	s.ask("no topic has the id", metadataByID(unknownID, s.id(b)))
	s.ask("an id twice", metadataByID(s.id(a), s.id(a)))
	s.ask("no id", metadataByID([16]byte{}))
	both := metadataOf(a)
	both.Topics[0].TopicID = s.id(b)
	s.ask("name and id", both)
	other := metadataOf(a)
	other.Topics = append(other.Topics, metadataByID(s.id(b)).Topics...)
	s.ask("one by name, one by id", other)
}
