package oracle

import (
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The cases of this file make Kafka create the topic of its transactions, and stand behind those that show it without.

// A transaction is one that a producer has begun nothing in yet.
type transaction struct {
	id       string
	producer int64
	epoch    int16
}

// transaction makes one as a set-up. Kafka prepares for the first one when it is asked for the coordinator.
func (s *script) transaction(name string) transaction {
	s.Helper()
	for {
		find := kmsg.NewPtrFindCoordinatorRequest()
		find.CoordinatorType, find.CoordinatorKeys = 1, []string{s.name(name)}
		s.peek(find)
		req := kmsg.NewPtrInitProducerIDRequest()
		req.TransactionalID, req.ProducerID, req.ProducerEpoch = kmsg.StringPtr(s.name(name)), -1, -1
		req.TransactionTimeoutMillis = adminMillis
		if resp := s.peek(req).(*kmsg.InitProducerIDResponse); resp.ErrorCode == 0 {
			return transaction{s.name(name), resp.ProducerID, resp.ProducerEpoch}
		}
	}
}

// awaitTransactions waits until Kafka can have transactions. The others never will.
func (s *script) awaitTransactions() {
	s.Helper()
	if s.target.kafka {
		s.transaction("prepares")
	}
}

func transactionCoordinatorCase(s *script) {
	if s.version < 1 { // there is no type in the request
		return
	}
	s.awaitTransactions()
	find := func(step string, keys ...string) {
		req := kmsg.NewPtrFindCoordinatorRequest()
		req.CoordinatorType, req.CoordinatorKeys, req.CoordinatorKey = 1, keys, keys[0]
		s.ask(step, req)
	}
	find("a transaction", s.name("t"))
	find("no name", "")
	find("several", s.name("t"), s.name("u"))
}

func transactionalProducerCase(s *script) {
	s.awaitTransactions()
	ask := func(step, id string, millis int32, producer int64, epoch int16) {
		req := kmsg.NewPtrInitProducerIDRequest()
		req.TransactionalID, req.TransactionTimeoutMillis, req.ProducerID, req.ProducerEpoch = &id, millis, producer, epoch
		s.ask(step, req)
	}
	ask("ordinary", s.name("t"), adminMillis, -1, -1)
	ask("no time", s.name("u"), 0, -1, -1)
	ask("less than no time", s.name("u"), -1, -1, -1)
	ask("longer than may be", s.name("u"), 900_001, -1, -1)
	if s.version >= 3 {
		ask("of a producer that nobody knows", s.name("v"), adminMillis, 1<<40, 0)
	}
}

// txnPartitions adds one partition to a transaction; from version 4 on the request is for brokers, which ask for several at once.
func (s *script) txnPartitions(t transaction, topic string, partition int32) *kmsg.AddPartitionsToTxnRequest {
	req := kmsg.NewPtrAddPartitionsToTxnRequest()
	req.TransactionalID, req.ProducerID, req.ProducerEpoch = t.id, t.producer, t.epoch
	req.Topics = []kmsg.AddPartitionsToTxnRequestTopic{{Topic: topic, Partitions: []int32{partition}}}
	one := kmsg.NewAddPartitionsToTxnRequestTransaction()
	one.TransactionalID, one.ProducerID, one.ProducerEpoch = t.id, t.producer, t.epoch
	one.Topics = []kmsg.AddPartitionsToTxnRequestTransactionTopic{{Topic: topic, Partitions: []int32{partition}}}
	req.Transactions = append(req.Transactions, one)
	return req
}

func addPartitionsCase(s *script) {
	topic, t := s.topic("t", 2), s.transaction("txn")
	s.ask("one", s.txnPartitions(t, topic, 0))
	s.ask("it again", s.txnPartitions(t, topic, 0))
	s.ask("no such partition", s.txnPartitions(t, topic, 2))
	s.ask("no such topic", s.txnPartitions(t, s.name("nobody"), 0))
	s.ask("an epoch to come", s.txnPartitions(transaction{t.id, t.producer, t.epoch + 1}, topic, 0))
	s.ask("another producer", s.txnPartitions(transaction{t.id, t.producer + 1<<40, 0}, topic, 0))
	s.ask("no such transaction", s.txnPartitions(transaction{s.name("nobody"), 1 << 40, 0}, topic, 0))
	s.ask("no name", s.txnPartitions(transaction{"", t.producer, t.epoch}, topic, 0))
}

func addOffsetsCase(s *script) {
	t := s.transaction("txn")
	ask := func(step string, t transaction, group string) {
		req := kmsg.NewPtrAddOffsetsToTxnRequest()
		req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group = t.id, t.producer, t.epoch, group
		s.ask(step, req)
	}
	ask("one", t, s.name("g"))
	ask("it again", t, s.name("g"))
	ask("no group's name", t, "")
	ask("an epoch to come", transaction{t.id, t.producer, t.epoch + 1}, s.name("g"))
	ask("no such transaction", transaction{s.name("nobody"), 1 << 40, 0}, s.name("g"))
	ask("no name", transaction{"", t.producer, t.epoch}, s.name("g"))
}

func endTxnCase(s *script) {
	ask := func(step string, t transaction, commit bool) {
		req := kmsg.NewPtrEndTxnRequest()
		req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Commit = t.id, t.producer, t.epoch, commit
		s.ask(step, req)
	}
	topic := s.topic("t", 1)
	ask("nothing to commit", s.transaction("empty"), true)
	for _, commit := range []bool{true, false} {
		name := map[bool]string{true: "commit", false: "abort"}[commit]
		t := s.transaction(name)
		s.do(s.txnPartitions(t, topic, 0))
		ask("an epoch to come, "+name, transaction{t.id, t.producer, t.epoch + 1}, commit)
		ask("another producer, "+name, transaction{t.id, 1 << 40, 0}, commit)
		ask(name, t, commit)
	}
	ask("no such transaction", transaction{s.name("nobody"), 1 << 40, 0}, true)
	ask("no name", transaction{"", 1 << 40, 0}, true)
}

func txnOffsetsCase(s *script) {
	topic, t := s.topic("t", 1), s.transaction("txn")
	id, _ := s.idOf(topic)
	ask := func(step, group string, t transaction, topic string, topicID [16]byte, partition int32) {
		p := kmsg.NewTxnOffsetCommitRequestTopicPartition()
		p.Partition, p.Offset, p.Metadata = partition, 5, kmsg.StringPtr("m")
		rt := kmsg.NewTxnOffsetCommitRequestTopic()
		rt.Topic, rt.TopicID, rt.Partitions = topic, topicID, []kmsg.TxnOffsetCommitRequestTopicPartition{p}
		req := kmsg.NewPtrTxnOffsetCommitRequest()
		req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group = t.id, t.producer, t.epoch, group
		req.Topics = append(req.Topics, rt)
		s.ask(step, req)
	}
	offsets := kmsg.NewPtrAddOffsetsToTxnRequest()
	offsets.TransactionalID, offsets.ProducerID, offsets.ProducerEpoch, offsets.Group = t.id, t.producer, t.epoch, s.name("g")
	s.do(offsets)
	ask("one", s.name("g"), t, topic, id, 0)
	ask("no such partition", s.name("g"), t, topic, id, 1)
	ask("no such topic", s.name("g"), t, s.name("nobody"), unknownID, 0)
	ask("no group's name", "", t, topic, id, 0)
	s.ask("what is stored before the end", s.offsetFetch(s.name("g"), topic, 0))
	stable := s.offsetFetch(s.name("g"), topic, 0)
	stable.RequireStable = true
	s.ask("what is stable before the end", stable)
}

func txnMarkersCase(s *script) {
	topic := s.topic("t", 1)
	of := func(topic string, partition int32, producer int64) *kmsg.WriteTxnMarkersRequest {
		m := kmsg.NewWriteTxnMarkersRequestMarker()
		m.ProducerID, m.Topics = producer, []kmsg.WriteTxnMarkersRequestMarkerTopic{{Topic: topic, Partitions: []int32{partition}}}
		req := kmsg.NewPtrWriteTxnMarkersRequest()
		req.Markers = append(req.Markers, m)
		return req
	}
	s.hide["ProducerID"] = true
	s.ask("no such partition", of(topic, 1, 1<<40))
	s.ask("no such topic", of(s.name("nobody"), 0, 1<<40))
	s.ask("none", kmsg.NewPtrWriteTxnMarkersRequest())
}
