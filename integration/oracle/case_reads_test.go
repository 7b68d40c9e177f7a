package oracle

import (
	"strconv"

	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/integration/wire"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// fetchOf reads one partition of a topic.
func fetchOf(s *script, topic string, partition int32, offset int64) *kmsg.FetchRequest {
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = partition, offset, 8<<20
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.Partitions = topic, []kmsg.FetchRequestTopicPartition{p}
	t.TopicID, _ = s.idOf(topic)
	req := kmsg.NewPtrFetchRequest()
	req.MaxBytes, req.Topics = 8<<20, []kmsg.FetchRequestTopic{t}
	req.SessionEpoch = -1 // no session
	return req
}

// fill writes three batches of two records, at ascending times.
func (s *script) fill(topic string, partition int32) {
	s.Helper()
	for i, texts := range [][]string{{"a", "b"}, {"c", "d"}, {"e", "f"}} {
		b := wire.Plain(aTime+1000*int64(i), values(texts...)...)
		b.Records[1].TimestampDelta = 10
		s.do(s.produceTo(topic, part(partition, b.Bytes())))
	}
}

// deleteRecords moves the start of a partition.
func deleteRecords(topic string, partition int32, offset int64) *kmsg.DeleteRecordsRequest {
	p := kmsg.NewDeleteRecordsRequestTopicPartition()
	p.Partition, p.Offset = partition, offset
	t := kmsg.NewDeleteRecordsRequestTopic()
	t.Topic, t.Partitions = topic, []kmsg.DeleteRecordsRequestTopicPartition{p}
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.TimeoutMillis, req.Topics = adminMillis, []kmsg.DeleteRecordsRequestTopic{t}
	return req
}

func fetchCase(s *script) {
	t := s.topic("t", 3)
	s.fill(t, 0)
	s.fill(t, 1)
	s.do(deleteRecords(t, 1, 3))
	for _, at := range []int64{0, 1, 2, 5, 6, 7, -1, -2, 1 << 62} {
		s.ask("at "+itoa(at), fetchOf(s, t, 0, at))
	}
	for _, at := range []int64{0, 2, 3, 4} {
		s.ask("after a delete, at "+itoa(at), fetchOf(s, t, 1, at))
	}
	s.ask("an empty partition", fetchOf(s, t, 2, 0))
	s.ask("no such partition", fetchOf(s, t, 3, 0))
	s.ask("partition -1", fetchOf(s, t, -1, 0))
	s.ask("no such topic", fetchOf(s, s.name("nobody"), 0, 0))
	with := func(name string, edit func(*kmsg.FetchRequest, *kmsg.FetchRequestTopicPartition)) {
		req := fetchOf(s, t, 0, 0)
		edit(req, &req.Topics[0].Partitions[0])
		s.ask(name, req)
	}
	with("no topics", func(r *kmsg.FetchRequest, _ *kmsg.FetchRequestTopicPartition) { r.Topics = nil })
	with("no partitions", func(r *kmsg.FetchRequest, _ *kmsg.FetchRequestTopicPartition) { r.Topics[0].Partitions = nil })
	with("a partition twice", func(r *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) {
		again := *p
		again.FetchOffset = 4
		r.Topics[0].Partitions = append(r.Topics[0].Partitions, again)
	})
	with("several partitions", func(r *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) {
		for i := range int32(3) {
			other := *p
			other.Partition, other.FetchOffset = i+1, 3
			r.Topics[0].Partitions = append(r.Topics[0].Partitions, other)
		}
	})
	with("1 byte of the partition", func(_ *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) { p.PartitionMaxBytes = 1 })
	with("0 bytes of the partition", func(_ *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) { p.PartitionMaxBytes = 0 })
	with("-1 bytes of the partition", func(_ *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) { p.PartitionMaxBytes = -1 })
	with("two batches' bytes", func(_ *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) { p.PartitionMaxBytes = 160 })
	with("a batch and a half", func(_ *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) { p.PartitionMaxBytes = 120 })
	with("1 byte in all", func(r *kmsg.FetchRequest, _ *kmsg.FetchRequestTopicPartition) { r.MaxBytes = 1 })
	with("0 bytes in all", func(r *kmsg.FetchRequest, _ *kmsg.FetchRequestTopicPartition) { r.MaxBytes = 0 })
	with("-1 bytes in all", func(r *kmsg.FetchRequest, _ *kmsg.FetchRequestTopicPartition) { r.MaxBytes = -1 })
	with("read committed", func(r *kmsg.FetchRequest, _ *kmsg.FetchRequestTopicPartition) { r.IsolationLevel = 1 })
	with("read committed, beyond the end", func(r *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) {
		r.IsolationLevel, p.FetchOffset = 1, 9
	})
	with("read committed, an epoch to come", func(r *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) {
		r.IsolationLevel, p.CurrentLeaderEpoch = 1, s.target.epoch+1
	})
	with("isolation level -1", func(r *kmsg.FetchRequest, _ *kmsg.FetchRequestTopicPartition) { r.IsolationLevel = -1 })
	with("isolation level 2, no such partition", func(r *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) {
		r.IsolationLevel, p.Partition = 2, 9
	})
	with("-1 bytes in all, no such partition", func(r *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) {
		r.MaxBytes, p.Partition = -1, 9
	})
	with("a topic without partitions beside it", func(r *kmsg.FetchRequest, _ *kmsg.FetchRequestTopicPartition) {
		r.Topics = append(r.Topics, kmsg.FetchRequestTopic{Topic: s.name("nobody"), TopicID: unknownID})
	})
	with("as a follower, no such partition", func(r *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) {
		r.ReplicaID, p.Partition = 5, 9
		if s.version >= 15 {
			r.ReplicaState.ID = 5
		}
	})
	with("isolation level 2", func(r *kmsg.FetchRequest, _ *kmsg.FetchRequestTopicPartition) { r.IsolationLevel = 2 })
	with("more than there is, with a short wait", func(r *kmsg.FetchRequest, _ *kmsg.FetchRequestTopicPartition) {
		r.MinBytes, r.MaxWaitMillis = 1<<20, 10
	})
	with("the leader's epoch", func(_ *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) { p.CurrentLeaderEpoch = s.target.epoch })
	with("an epoch to come", func(_ *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) {
		p.CurrentLeaderEpoch = s.target.epoch + 1
	})
	with("epoch -2", func(_ *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) { p.CurrentLeaderEpoch = -2 })
	with("last fetched in this epoch", func(_ *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) {
		p.FetchOffset, p.LastFetchedEpoch = 2, s.target.epoch
	})
	with("a rack", func(r *kmsg.FetchRequest, _ *kmsg.FetchRequestTopicPartition) { r.Rack = "r" })
	with("as a follower", func(r *kmsg.FetchRequest, _ *kmsg.FetchRequestTopicPartition) {
		r.ReplicaID = 5
		if s.version >= 15 {
			r.ReplicaState.ID = 5
		}
	})
	with("as a debugging replica", func(r *kmsg.FetchRequest, _ *kmsg.FetchRequestTopicPartition) {
		r.ReplicaID = -2
		if s.version >= 15 {
			r.ReplicaState.ID = -2
		}
	})
	if s.version >= 13 {
		with("no topic has the id", func(r *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) { r.Topics[0].TopicID = unknownID })
		with("no id", func(r *kmsg.FetchRequest, p *kmsg.FetchRequestTopicPartition) { r.Topics[0].TopicID = [16]byte{} })
	}
	if s.version >= 7 {
		fetchSessions(s, t)
	}
}

func fetchSessions(s *script, t string) {
	ask := func(name string, id, epoch int32, edit func(*kmsg.FetchRequest)) *kmsg.FetchResponse {
		req := fetchOf(s, t, 0, 4)
		req.SessionID, req.SessionEpoch = id, epoch
		if edit != nil {
			edit(req)
		}
		resp, _ := s.ask(name, req).(*kmsg.FetchResponse)
		return resp
	}
	first := ask("a new session", 0, 0, nil)
	id := int32(0)
	if first != nil {
		id = first.SessionID
	}
	ask("the session goes on", id, 1, func(r *kmsg.FetchRequest) { r.Topics = nil })
	ask("the session at a wrong epoch", id, 7, func(r *kmsg.FetchRequest) { r.Topics = nil })
	ask("the session is closed", id, -1, nil)
	ask("a session that nobody knows", 12345, 1, nil)
	ask("a session that nobody knows is closed", 12345, -1, nil)
	ask("session 0 at epoch 1", 0, 1, nil)
	ask("session epoch -2", 0, -2, nil)
}

func listOffsetsCase(s *script) {
	t := s.topic("t", 4)
	s.fill(t, 0)
	s.fill(t, 1)
	s.do(deleteRecords(t, 1, 3))
	back := wire.Plain(aTime-5000, values("late")...)
	s.do(s.produceTo(t, part(2, plain("a").Bytes())))
	s.do(s.produceTo(t, part(2, back.Bytes())))
	ask := func(name, topic string, partition int32, time int64, edit func(*kmsg.ListOffsetsRequest)) {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp, p.MaxNumOffsets = partition, time, 10
		lt := kmsg.NewListOffsetsRequestTopic()
		lt.Topic, lt.Partitions = topic, []kmsg.ListOffsetsRequestTopicPartition{p}
		req := kmsg.NewPtrListOffsetsRequest()
		req.ReplicaID, req.TimeoutMillis, req.Topics = -1, 30_000, []kmsg.ListOffsetsRequestTopic{lt}
		if edit != nil {
			edit(req)
		}
		s.ask(name, req)
	}
	for place := int64(-1); place >= -7; place-- {
		ask("place "+itoa(place), t, 0, place, nil)
		ask("place "+itoa(place)+" after a delete", t, 1, place, nil)
		ask("place "+itoa(place)+" of nothing", t, 3, place, nil)
	}
	for _, at := range []int64{0, -aTime, 5, 10, 11, 1000, 1005, 2010, 2011, 1 << 60} {
		ask("time "+itoa(at), t, 0, aTime+at, nil)
		ask("time "+itoa(at)+" after a delete", t, 1, aTime+at, nil)
	}
	ask("a time in no order", t, 2, aTime-5000, nil)
	ask("the latest of no order", t, 2, -3, nil)
	ask("a time, of nothing", t, 3, aTime, nil)
	ask("lowest time", t, 0, -1<<63, nil)
	ask("no such partition", t, 4, -1, nil)
	ask("partition -1", t, -1, -1, nil)
	ask("no such topic", s.name("nobody"), 0, -1, nil)
	ask("no topics", t, 0, -1, func(r *kmsg.ListOffsetsRequest) { r.Topics = nil })
	ask("no partitions", t, 0, -1, func(r *kmsg.ListOffsetsRequest) { r.Topics[0].Partitions = nil })
	ask("a partition twice", t, 0, -1, func(r *kmsg.ListOffsetsRequest) {
		r.Topics[0].Partitions = append(r.Topics[0].Partitions, r.Topics[0].Partitions...)
	})
	ask("a topic twice", t, 0, -1, func(r *kmsg.ListOffsetsRequest) {
		other := r.Topics[0]
		other.Partitions = []kmsg.ListOffsetsRequestTopicPartition{{Partition: 1, CurrentLeaderEpoch: -1, Timestamp: -2}}
		r.Topics = append(r.Topics, other)
	})
	ask("read committed", t, 0, -1, func(r *kmsg.ListOffsetsRequest) { r.IsolationLevel = 1 })
	ask("isolation level 2", t, 0, -1, func(r *kmsg.ListOffsetsRequest) { r.IsolationLevel = 2 })
	ask("a topic without partitions beside it", t, 0, -1, func(r *kmsg.ListOffsetsRequest) {
		r.Topics = append(r.Topics, kmsg.ListOffsetsRequestTopic{Topic: s.name("nobody")})
	})
	ask("the leader's epoch", t, 0, -1, func(r *kmsg.ListOffsetsRequest) { r.Topics[0].Partitions[0].CurrentLeaderEpoch = s.target.epoch })
	ask("an epoch to come", t, 0, -1, func(r *kmsg.ListOffsetsRequest) { r.Topics[0].Partitions[0].CurrentLeaderEpoch = s.target.epoch + 1 })
	ask("as a follower", t, 0, -1, func(r *kmsg.ListOffsetsRequest) { r.ReplicaID = 5 })
	ask("as a debugging replica", t, 0, -1, func(r *kmsg.ListOffsetsRequest) { r.ReplicaID = -2 })
}

func deleteRecordsCase(s *script) {
	t := s.topic("t", 3)
	for i := range int32(2) {
		s.fill(t, i)
	}
	for _, at := range []int64{2, 1, 0, 3, 7, -2, 1 << 62, 6, -1} {
		s.ask("before "+itoa(at), deleteRecords(t, 0, at))
	}
	s.ask("all", deleteRecords(t, 1, -1))
	s.ask("all, again", deleteRecords(t, 1, -1))
	s.ask("of nothing, before 0", deleteRecords(t, 2, 0))
	s.ask("of nothing, all", deleteRecords(t, 2, -1))
	s.ask("of nothing, before 1", deleteRecords(t, 2, 1))
	s.ask("no such partition", deleteRecords(t, 3, 0))
	s.ask("partition -1", deleteRecords(t, -1, 0))
	s.ask("no such topic", deleteRecords(s.name("nobody"), 0, 0))
	s.ask("a name that cannot be", deleteRecords(s.name("x/y"), 0, 0))
	none := deleteRecords(t, 0, 0)
	none.Topics = nil
	s.ask("no topics", none)
	none = deleteRecords(t, 0, 0)
	none.Topics[0].Partitions = nil
	s.ask("no partitions", none)
	twice := deleteRecords(t, 0, 6)
	twice.Topics[0].Partitions = append(twice.Topics[0].Partitions, kmsg.DeleteRecordsRequestTopicPartition{Partition: 0, Offset: 5})
	s.ask("a partition twice", twice)
	now := deleteRecords(t, 0, 6)
	now.TimeoutMillis = 0
	s.ask("no time for it", now)
	kept := s.name("kept")
	s.do(createTopics(newTopic(kept, 1, "cleanup.policy", "compact")))
	s.ask("of a compacted topic", deleteRecords(kept, 0, 0))
}

func epochsCase(s *script) {
	t := s.topic("t", 2)
	s.fill(t, 0)
	ask := func(name, topic string, partition, epoch, current int32) {
		p := kmsg.NewOffsetForLeaderEpochRequestTopicPartition()
		p.Partition, p.LeaderEpoch, p.CurrentLeaderEpoch = partition, epoch, current
		et := kmsg.NewOffsetForLeaderEpochRequestTopic()
		et.Topic, et.Partitions = topic, []kmsg.OffsetForLeaderEpochRequestTopicPartition{p}
		req := kmsg.NewPtrOffsetForLeaderEpochRequest()
		req.ReplicaID, req.Topics = -1, []kmsg.OffsetForLeaderEpochRequestTopic{et}
		s.ask(name, req)
	}
	now := s.target.epoch
	ask("this epoch", t, 0, now, -1)
	ask("this epoch, of nothing", t, 1, now, -1)
	ask("the next epoch", t, 0, now+1, -1)
	ask("epoch -1", t, 0, -1, -1)
	ask("epoch -2", t, 0, -2, -1)
	ask("believing in this epoch", t, 0, now, now)
	ask("believing in the next epoch", t, 0, now, now+1)
	ask("no such partition", t, 2, now, -1)
	ask("partition -1", t, -1, now, -1)
	ask("no such topic", s.name("nobody"), 0, now, -1)
	none := kmsg.NewPtrOffsetForLeaderEpochRequest()
	none.ReplicaID = -1
	s.ask("no topics", none)
	none = kmsg.NewPtrOffsetForLeaderEpochRequest()
	none.ReplicaID, none.Topics = -1, []kmsg.OffsetForLeaderEpochRequestTopic{{Topic: t}}
	s.ask("no partitions", none)
	ask("epoch -2, of nothing", t, 1, -2, -1)
	ask("a name that cannot be", "x/y", 0, now, -1)
	if s.version >= 3 {
		for _, replica := range []int32{-2, 1, 5} {
			p := kmsg.NewOffsetForLeaderEpochRequestTopicPartition()
			p.LeaderEpoch, p.CurrentLeaderEpoch = now, -1
			as := kmsg.NewPtrOffsetForLeaderEpochRequest()
			as.ReplicaID, as.Topics = replica, []kmsg.OffsetForLeaderEpochRequestTopic{{Topic: t, Partitions: []kmsg.OffsetForLeaderEpochRequestTopicPartition{p}}}
			s.ask("as replica "+itoa(int64(replica)), as)
		}
	}
}
