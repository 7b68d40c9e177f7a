package kafka

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// fetch answers Fetch: a long poll that ends when there are MinBytes, when reading a
// partition is an error, or when MaxWaitMillis is over. The limits of this package come on top.
//
//   - Topics and partitions that do not exist are told with the rest, at once only where nothing is left to
//     read, as in Kafka: a consumer of a topic that is gone does not ask again and again.
//   - Where a block is on its way from the store and nothing else is there, a wait is at least fetchStoreWait.
//   - Sessions are declined (session id 0, KIP-227): every request names all its partitions, and there is
//     nothing to forget. One that goes on with a session is told FETCH_SESSION_ID_NOT_FOUND.
//   - From version 9 on the client's leader epoch is checked (KIP-320).
//   - From version 13 on topics go by id; an unknown one is UNKNOWN_TOPIC_ID.
//   - A partition that stands twice in a request is read once, where its last mention says.
//   - The first batch comes whole, even where it is larger than what was asked for.
//   - There are no transactions: nothing is aborted, and both isolation levels read the same.
//   - Topics without partitions are left out.
//   - Racks are ignored, and no other replica is preferred. The epoch last fetched (version 12) is
//     for followers, of which there are none: who says to be one is told NOT_LEADER_OR_FOLLOWER.
func (s *Server) fetch(ctx context.Context, _ *client, req *kmsg.FetchRequest) func() *fetchResponse {
	return func() *fetchResponse {
		resp := &fetchResponse{version: req.Version, readAll: req.IsolationLevel == 0}
		if err := checkFetch(req); err != nil {
			resp.refuse(req, err)
			return resp
		}
		req.Topics = slices.DeleteFunc(req.Topics, func(t kmsg.FetchRequestTopic) bool { return len(t.Partitions) == 0 })
		f := fetching{resp: resp, unreadable: checkReader(req)}
		s.layOutFetch(&f, req)
		if len(f.reads) == 0 {
			return resp
		}
		for i, r := range s.log.Read(ctx, f.reads, fetchOptions(req)) {
			f.slots[i].fill(r)
		}
		return resp
	}
}

// fetching is a Fetch under way.
type fetching struct {
	resp  *fetchResponse
	reads []log.ReadRequest
	slots []*fetchedPartition // of each of the reads, in resp

	unreadable error // why no partition can be read
}

// layOutFetch prepares the answer, and picks what can be read. The answer has the topics and partitions of the request, in its
// order; those that cannot be read have their error by then.
func (s *Server) layOutFetch(f *fetching, req *kmsg.FetchRequest) {
	req.Topics, _ = distinctPartitions(req.Topics, func(t *kmsg.FetchRequestTopic) (topicKey, *[]kmsg.FetchRequestTopicPartition) {
		return topicKey{t.Topic, t.TopicID}, &t.Partitions
	}, func(p *kmsg.FetchRequestTopicPartition) int32 { return p.Partition })
	n := 0
	for i := range req.Topics {
		n += len(req.Topics[i].Partitions)
	}
	f.reads, f.slots = make([]log.ReadRequest, 0, n), make([]*fetchedPartition, 0, n)
	// One allocation for the partitions of all topics: a consumer may have thousands, in each of its requests.
	all := make([]fetchedPartition, n)
	f.resp.Topics = make([]fetchedTopic, len(req.Topics))
	for i := range req.Topics {
		rt, t := &req.Topics[i], &f.resp.Topics[i]
		t.name, t.id = rt.Topic, rt.TopicID
		t.Partitions, all = all[:len(rt.Partitions)], all[len(rt.Partitions):]
		topic, err := s.findTopic(req.Version >= 13, rt.Topic, rt.TopicID)
		for j := range rt.Partitions {
			f.add(&topic, err, &rt.Partitions[j], &t.Partitions[j])
		}
	}
}

// add lets a partition be read, or fills in why it is not.
func (f *fetching) add(topic *log.Topic, err error, in *kmsg.FetchRequestTopicPartition, out *fetchedPartition) {
	out.index = in.Partition
	if err == nil && (in.Partition < 0 || in.Partition >= topic.Partitions) {
		err = log.ErrPartitionNotFound
	}
	if err = cmp.Or(err, f.unreadable, checkPartitionBytes(in)); err != nil {
		out.fill(log.ReadResult{Err: err})
		return
	}
	f.reads = append(f.reads, log.ReadRequest{
		Partition:   log.PartitionID{Topic: topic.ID, Index: in.Partition},
		Offset:      in.FetchOffset,
		MaxBytes:    int(min(max(in.PartitionMaxBytes, 1), maxFetchBytes)),
		LeaderEpoch: max(in.CurrentLeaderEpoch, -1),
	})
	f.slots = append(f.slots, out)
}

// fetchOptions bounds the read: nothing that a client asks for is taken as it is. To wait for more than fits would be to
// wait to the end each time.
func fetchOptions(req *kmsg.FetchRequest) log.ReadOptions {
	o := log.ReadOptions{
		MaxBytes:  int(min(max(req.MaxBytes, 1), maxFetchBytes)),
		MaxWait:   min(time.Duration(max(req.MaxWaitMillis, 0))*time.Millisecond, maxFetchWait),
		StoreWait: fetchStoreWait,
	}
	o.MinBytes = min(int(max(req.MinBytes, 0)), o.MaxBytes)
	return o
}

// fill takes over what was read. As in Kafka, a partition with an error has no bounds.
func (p *fetchedPartition) fill(r log.ReadResult) {
	p.ReadResult = r
	if r.Err != nil {
		p.ErrorCode = codeOf(r.Err)
		p.ReadResult = log.ReadResult{HighWatermark: -1, LastStable: -1, LogStart: -1}
		p.unread = errors.Is(r.Err, log.ErrTopicNotFound) || errors.Is(r.Err, log.ErrPartitionNotFound)
	}
}
