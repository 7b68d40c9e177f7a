package oracle

import (
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The cases of this file are requests of tools, short ones: of most of them one node has little to say.

func logDirsCase(s *script) {
	t := s.topic("t", 2)
	s.fill(t, 0)
	of := func(topics ...kmsg.DescribeLogDirsRequestTopic) *kmsg.DescribeLogDirsRequest {
		req := kmsg.NewPtrDescribeLogDirsRequest()
		req.Topics = topics
		return req
	}
	s.ask("a topic", of(kmsg.DescribeLogDirsRequestTopic{Topic: t, Partitions: []int32{0, 1}}))
	s.ask("no such partition", of(kmsg.DescribeLogDirsRequestTopic{Topic: t, Partitions: []int32{2}}))
	s.ask("no partitions", of(kmsg.DescribeLogDirsRequestTopic{Topic: t}))
	s.ask("no such topic", of(kmsg.DescribeLogDirsRequestTopic{Topic: s.name("nobody"), Partitions: []int32{0}}))
	s.ask("an empty list", of([]kmsg.DescribeLogDirsRequestTopic{}...))
	one := kmsg.DescribeLogDirsRequestTopic{Topic: t, Partitions: []int32{0, 0}}
	s.ask("one twice", of(one, one))
}

func topicPartitionsCase(s *script) {
	a, b := s.topic("a", 3), s.topic("b", 1)
	of := func(limit int32, cursor *kmsg.DescribeTopicPartitionsRequestCursor, topics ...string) *kmsg.DescribeTopicPartitionsRequest {
		req := kmsg.NewPtrDescribeTopicPartitionsRequest()
		req.ResponsePartitionLimit, req.Cursor = limit, cursor
		for _, t := range topics {
			req.Topics = append(req.Topics, kmsg.DescribeTopicPartitionsRequestTopic{Topic: t})
		}
		return req
	}
	s.ask("two topics", of(100, nil, a, b))
	s.ask("two partitions", of(2, nil, a, b))
	s.ask("from a cursor on", of(100, &kmsg.DescribeTopicPartitionsRequestCursor{Topic: a, Partition: 2}, a, b))
	s.ask("from a cursor that is gone on", of(100, &kmsg.DescribeTopicPartitionsRequestCursor{Topic: s.name("aa"), Partition: 0}, a, b))
	s.ask("a cursor at -1", of(100, &kmsg.DescribeTopicPartitionsRequestCursor{Topic: a, Partition: -1}, a))
	s.ask("limit 0", of(0, nil, a))
	s.ask("limit -1", of(-1, nil, a))
	s.ask("one twice", of(100, nil, b, b))
	s.ask("no such topic", of(100, nil, s.name("nobody")))
	s.ask("a name that cannot be", of(100, nil, "x/y"))
}

func describeProducersCase(s *script) {
	t := s.topic("t", 2)
	id := s.producerID()
	batch := plain("a", "b")
	batch.Producer, batch.Epoch, batch.Sequence = id, 0, 0
	s.do(s.produceTo(t, part(0, batch.Bytes())))
	of := func(topic string, partitions ...int32) *kmsg.DescribeProducersRequest {
		req := kmsg.NewPtrDescribeProducersRequest()
		req.Topics = []kmsg.DescribeProducersRequestTopic{{Topic: topic, Partitions: partitions}}
		return req
	}
	s.ask("one", of(t, 0))
	s.ask("none", of(t, 1))
	s.ask("no such partition", of(t, 2))
	s.ask("no partitions", of(t))
	s.ask("no such topic", of(s.name("nobody"), 0))
	s.ask("a name that cannot be", of("x/y", 0))
	s.ask("partition -1", of(t, -1))
}

func electLeadersCase(s *script) {
	t := s.topic("t", 2)
	of := func(kind int8, topic string, partitions ...int32) *kmsg.ElectLeadersRequest {
		req := kmsg.NewPtrElectLeadersRequest()
		req.ElectionType, req.TimeoutMillis = kind, adminMillis
		req.Topics = []kmsg.ElectLeadersRequestTopic{{Topic: topic, Partitions: partitions}}
		return req
	}
	s.ask("preferred", of(0, t, 0, 1))
	if s.version >= 1 {
		s.ask("unclean", of(1, t, 0))
		s.ask("type 2", of(2, t, 0))
	}
	s.ask("no such partition", of(0, t, 2))
	s.ask("no partitions", of(0, t))
	s.ask("no such topic", of(0, s.name("nobody"), 0))
	all := of(0, t)
	all.Topics = nil
	s.ask("all", all)
}

func configResourcesCase(s *script) {
	t := s.topic("t", 1, "retention.ms", "5")
	_ = t // it is in the list
	of := func(kinds ...int8) *kmsg.ListConfigResourcesRequest {
		req := kmsg.NewPtrListConfigResourcesRequest()
		req.ResourceTypes = kinds
		return req
	}
	s.ask("all", of())
	s.ask("metrics", of(16))
	if s.version < 1 {
		return
	}
	s.ask("topics", of(2))
	s.ask("brokers", of(4))
	s.ask("type 0", of(0))
	s.ask("type 99", of(99))
}

func reassignmentsCase(s *script) {
	t := s.topic("t", 2)
	of := func(topic string, partitions ...int32) *kmsg.ListPartitionReassignmentsRequest {
		req := kmsg.NewPtrListPartitionReassignmentsRequest()
		req.TimeoutMillis = adminMillis
		req.Topics = []kmsg.ListPartitionReassignmentsRequestTopic{{Topic: topic, Partitions: partitions}}
		return req
	}
	s.ask("a topic", of(t, 0, 1))
	s.ask("no such partition", of(t, 2))
	s.ask("no such topic", of(s.name("nobody"), 0))
	all := kmsg.NewPtrListPartitionReassignmentsRequest()
	all.TimeoutMillis = adminMillis
	s.ask("all", all)
}

func alterReassignmentsCase(s *script) {
	t := s.topic("t", 1)
	of := func(topic string, partition int32, replicas []int32) *kmsg.AlterPartitionAssignmentsRequest {
		p := kmsg.NewAlterPartitionAssignmentsRequestTopicPartition()
		p.Partition, p.Replicas = partition, replicas
		req := kmsg.NewPtrAlterPartitionAssignmentsRequest()
		req.TimeoutMillis = adminMillis
		req.Topics = []kmsg.AlterPartitionAssignmentsRequestTopic{{Topic: topic, Partitions: []kmsg.AlterPartitionAssignmentsRequestTopicPartition{p}}}
		return req
	}
	s.ask("to where it is", of(t, 0, []int32{1}))
	s.ask("to another broker", of(t, 0, []int32{9}))
	s.ask("to nobody", of(t, 0, []int32{}))
	s.ask("twice to where it is", of(t, 0, []int32{1, 1}))
	s.ask("cancelled", of(t, 0, nil))
	s.ask("cancelled, no such partition", of(t, 2, nil))
	s.ask("no such partition", of(t, 2, []int32{1}))
	s.ask("no such topic", of(s.name("nobody"), 0, []int32{1}))
	s.ask("nothing", kmsg.NewPtrAlterPartitionAssignmentsRequest())
}

func quotasCase(s *script) {
	user := s.name("user")
	alter := func(kind string, key string, value float64) *kmsg.AlterClientQuotasRequest {
		req := kmsg.NewPtrAlterClientQuotasRequest()
		req.ValidateOnly = true
		req.Entries = []kmsg.AlterClientQuotasRequestEntry{{
			Entity: []kmsg.AlterClientQuotasRequestEntryEntity{{Type: kind, Name: &user}},
			Ops:    []kmsg.AlterClientQuotasRequestEntryOp{{Key: key, Value: value}},
		}}
		return req
	}
	s.ask("a rate", alter("user", "producer_byte_rate", 1000))
	s.ask("an unknown key", alter("user", "no_such_rate", 1000))
	s.ask("an unknown entity", alter("nobody", "producer_byte_rate", 1000))
	s.ask("a rate of 0", alter("user", "producer_byte_rate", 0))
	s.ask("nothing", kmsg.NewPtrAlterClientQuotasRequest())
}

func describeQuotasCase(s *script) {
	of := func(kind string, match int8) *kmsg.DescribeClientQuotasRequest {
		req := kmsg.NewPtrDescribeClientQuotasRequest()
		c := kmsg.NewDescribeClientQuotasRequestComponent()
		c.EntityType, c.MatchType = kind, kmsg.QuotasMatchType(match)
		req.Components = append(req.Components, c)
		return req
	}
	s.ask("all users", of("user", 2))
	s.ask("an unknown entity", of("nobody", 2))
	s.ask("match type 9", of("user", 9))
	s.ask("a user without a name", of("user", 0))
	s.ask("the default of users", of("user", 1))
	named := of("user", 2)
	named.Components[0].Match = kmsg.StringPtr("name")
	s.ask("all users, and a name", named)
	named.Components[0].MatchType = 0
	s.ask("a user", named)
	two := of("user", 2)
	two.Components = append(two.Components, of("ip", 2).Components...)
	s.ask("users and addresses", two)
	two.Components[1].EntityType = "client-id"
	s.ask("users and clients", two)
	two.Components[1].EntityType = "user"
	s.ask("users twice", two)
	s.ask("no type", of("", 2))
	s.ask("all", kmsg.NewPtrDescribeClientQuotasRequest())
}

func aclsCase(s *script) {
	any := kmsg.NewPtrDescribeACLsRequest()
	any.ResourceType, any.ResourcePatternType, any.Operation, any.PermissionType = 1, 1, 1, 1
	s.ask("any", any)
	s.ask("of unknown types", kmsg.NewPtrDescribeACLsRequest())
}

func createACLsCase(s *script) {
	req := kmsg.NewPtrCreateACLsRequest()
	s.ask("none", req)
	c := kmsg.NewCreateACLsRequestCreation()
	c.ResourceType, c.ResourceName, c.ResourcePatternType = 2, s.name("t"), 3
	c.Principal, c.Host, c.Operation, c.PermissionType = "User:somebody", "*", 3, 3
	one := kmsg.NewPtrCreateACLsRequest()
	one.Creations = append(one.Creations, c)
	s.ask("one", one)
}

func deleteACLsCase(s *script) {
	f := kmsg.NewDeleteACLsRequestFilter()
	f.ResourceType, f.ResourcePatternType, f.Operation, f.PermissionType = 1, 1, 1, 1
	req := kmsg.NewPtrDeleteACLsRequest()
	req.Filters = append(req.Filters, f)
	s.ask("any", req)
}

func scramCase(s *script) {
	s.ask("all", kmsg.NewPtrDescribeUserSCRAMCredentialsRequest())
	one := kmsg.NewPtrDescribeUserSCRAMCredentialsRequest()
	one.Users = []kmsg.DescribeUserSCRAMCredentialsRequestUser{{Name: s.name("nobody")}}
	s.ask("nobody", one)
}

func listTransactionsCase(s *script) {
	s.ask("all", kmsg.NewPtrListTransactionsRequest())
	state := kmsg.NewPtrListTransactionsRequest()
	state.StateFilters = []string{"Ongoing", "nonsense"}
	s.ask("states", state)
}

func describeTransactionsCase(s *script) {
	one := kmsg.NewPtrDescribeTransactionsRequest()
	one.TransactionalIDs = []string{s.name("nobody"), ""}
	s.ask("nobody", one)
	s.ask("none", kmsg.NewPtrDescribeTransactionsRequest())
}

func consumerGroupDescribeCase(s *script) {
	classic := s.name("classic")
	s.member(classic, nil)
	one := kmsg.NewPtrConsumerGroupDescribeRequest()
	one.Groups = []string{s.name("nobody"), classic, ""}
	s.ask("none that is one", one)
	s.ask("none", kmsg.NewPtrConsumerGroupDescribeRequest())
}

func saslCase(s *script) {
	for _, mechanism := range []string{"PLAIN", "", "nonsense"} {
		req := kmsg.NewPtrSASLHandshakeRequest()
		req.Mechanism = mechanism
		s.ask("mechanism "+mechanism, req)
	}
}

func delegationTokensCase(s *script) {
	s.ask("all", kmsg.NewPtrDescribeDelegationTokenRequest())
}

func updateFeaturesCase(s *script) {
	of := func(name string, level int16) *kmsg.UpdateFeaturesRequest {
		f := kmsg.NewUpdateFeaturesRequestFeatureUpdate()
		f.Feature, f.MaxVersionLevel, f.UpgradeType = name, level, 1
		req := kmsg.NewPtrUpdateFeaturesRequest()
		req.TimeoutMillis, req.ValidateOnly = adminMillis, true
		req.FeatureUpdates = append(req.FeatureUpdates, f)
		return req
	}
	s.ask("none", kmsg.NewPtrUpdateFeaturesRequest())
	s.ask("unknown", of("no.such.feature", 1))
}

func replicaLogDirsCase(s *script) {
	topic := s.topic("t", 1)
	of := func(dir, topic string, partition int32) *kmsg.AlterReplicaLogDirsRequest {
		req := kmsg.NewPtrAlterReplicaLogDirsRequest()
		req.Dirs = []kmsg.AlterReplicaLogDirsRequestDir{{Dir: dir, Topics: []kmsg.AlterReplicaLogDirsRequestDirTopic{{Topic: topic, Partitions: []int32{partition}}}}}
		return req
	}
	s.ask("where it is", of(s.target.dir, topic, 0))
	s.ask("no such partition", of(s.target.dir, topic, 9))
	s.ask("no topic there", of(s.target.dir, s.name("nobody"), 0))
	s.ask("no such folder", of("/nowhere", topic, 0))
	s.ask("no folder's name", of("", topic, 0))
	s.ask("no such topic", of("/nowhere", s.name("nobody"), 0))
	s.ask("none", kmsg.NewPtrAlterReplicaLogDirsRequest())
}

func saslAuthenticateCase(s *script) {
	req := kmsg.NewPtrSASLAuthenticateRequest()
	req.SASLAuthBytes = []byte("\x00user\x00password")
	s.ask("without a handshake", req)
}

func createTokenCase(s *script) {
	req := kmsg.NewPtrCreateDelegationTokenRequest()
	req.MaxLifetimeMillis = -1
	s.ask("one", req)
}

func renewTokenCase(s *script) {
	req := kmsg.NewPtrRenewDelegationTokenRequest()
	req.HMAC, req.RenewTimeMillis = []byte("nobody's"), -1
	s.ask("nobody's", req)
}

func expireTokenCase(s *script) {
	req := kmsg.NewPtrExpireDelegationTokenRequest()
	req.HMAC, req.ExpiryPeriodMillis = []byte("nobody's"), -1
	s.ask("nobody's", req)
}

func alterSCRAMCase(s *script) {
	of := func(user string, mechanism int8, iterations int32) *kmsg.AlterUserSCRAMCredentialsRequest {
		u := kmsg.NewAlterUserSCRAMCredentialsRequestUpsertion()
		u.Name, u.Mechanism, u.Iterations, u.Salt, u.SaltedPassword = user, mechanism, iterations, []byte("salt"), []byte("password")
		req := kmsg.NewPtrAlterUserSCRAMCredentialsRequest()
		req.Upsertions = append(req.Upsertions, u)
		return req
	}
	gone := kmsg.NewPtrAlterUserSCRAMCredentialsRequest()
	gone.Deletions = []kmsg.AlterUserSCRAMCredentialsRequestDeletion{{Name: s.name("nobody"), Mechanism: 1}}
	s.ask("deleting nobody", gone)
	s.ask("mechanism 9", of(s.name("user"), 9, 4096))
	s.ask("too few iterations", of(s.name("user"), 1, 1))
	s.ask("no name", of("", 1, 4096))
	s.ask("none", kmsg.NewPtrAlterUserSCRAMCredentialsRequest())
}

func quorumCase(s *script) {
	of := func(topic string, partition int32) *kmsg.DescribeQuorumRequest {
		req := kmsg.NewPtrDescribeQuorumRequest()
		req.Topics = []kmsg.DescribeQuorumRequestTopic{{Topic: topic, Partitions: []kmsg.DescribeQuorumRequestTopicPartition{{Partition: partition}}}}
		return req
	}
	for _, what := range []string{"LogEndOffset", "HighWatermark", "LastFetchTimestamp", "LastCaughtUpTimestamp", "ReplicaDirectoryID", "LeaderEpoch"} {
		s.hide[what] = true
	}
	s.fold["Listeners"] = true
	s.ask("the quorum", of("__cluster_metadata", 0))
	both := of("__cluster_metadata", 0)
	both.Topics = append(both.Topics, of(s.name("nobody"), 0).Topics...)
	s.ask("the quorum and another topic", both)
	s.ask("another topic", of(s.name("nobody"), 0))
	s.ask("another partition", of("__cluster_metadata", 1))
	s.ask("none", kmsg.NewPtrDescribeQuorumRequest())
}

func unregisterBrokerCase(s *script) {
	req := kmsg.NewPtrUnregisterBrokerRequest()
	req.BrokerID = 99
	s.ask("no such broker", req)
}
