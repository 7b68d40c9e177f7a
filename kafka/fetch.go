package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// fetch answers Fetch: a long poll that ends when there are MinBytes, when a
// partition has an error, or when MaxWaitMillis is over.
//
//   - Sessions are declined (session id 0, KIP-227), so every request names all its partitions; one
//     that goes on with a session that this broker never gave is told FETCH_SESSION_ID_NOT_FOUND.
//   - From version 9 on the client's leader epoch is checked, from 12 on the epoch that it last fetched, too (KIP-595).
//   - From version 13 on topics go by id.
//   - The first batch comes whole, even where it is larger than what was asked for.
//   - There are no transactions, so nothing is aborted and both isolation levels read the same.
func (s *Server) fetch(ctx context.Context, _ *client, req *kmsg.FetchRequest) func() *kmsg.FetchResponse {
	return func() *kmsg.FetchResponse {
		resp := req.ResponseKind().(*kmsg.FetchResponse)
		if req.SessionEpoch > 0 {
			resp.ErrorCode = kerr.FetchSessionIDNotFound.Code
			return resp
		}
		f := s.layOut(req, resp)
		options := log.ReadOptions{
			MaxBytes: int(min(max(req.MaxBytes, 0), maxFetchBytes)),
			MinBytes: int(max(req.MinBytes, 0)),
			MaxWait:  time.Duration(min(max(req.MaxWaitMillis, 0), maxFetchWaitMillis)) * time.Millisecond,
		}
		if f.failed {
			options.MinBytes, options.MaxWait = 0, 0 // an error is told at once
		}
		for i, r := range s.log.Read(ctx, f.reads, options) {
			f.answers[i].fill(r, s)
		}
		return resp
	}
}

// fetching is a Fetch under way.
type fetching struct {
	reads   []log.ReadRequest
	answers []fetchAnswer
	failed  bool
}

type fetchAnswer struct {
	*kmsg.FetchResponseTopicPartition
}

// layOut prepares the answer, and picks what can be read.
func (s *Server) layOut(req *kmsg.FetchRequest, resp *kmsg.FetchResponse) *fetching {
	f := &fetching{}
	resp.Topics = make([]kmsg.FetchResponseTopic, len(req.Topics))
	for i := range req.Topics {
		rt, t := &req.Topics[i], &resp.Topics[i]
		t.Topic, t.TopicID = rt.Topic, rt.TopicID
		id, code := s.topicID(req.Version >= 13, rt.Topic, rt.TopicID)
		t.Partitions = make([]kmsg.FetchResponseTopicPartition, len(rt.Partitions))
		for j := range rt.Partitions {
			s.layOutPartition(f, id, code, &rt.Partitions[j], &t.Partitions[j])
		}
	}
	return f
}

func (s *Server) layOutPartition(f *fetching, topic log.TopicID, code int16, in *kmsg.FetchRequestTopicPartition, out *kmsg.FetchResponseTopicPartition) {
	out.Default()
	out.Partition, out.ErrorCode = in.Partition, code
	out.HighWatermark, out.LastStableOffset, out.LogStartOffset = -1, -1, -1
	if code != 0 {
		f.failed = true
		return
	}
	id := log.PartitionID{Topic: topic, Index: in.Partition}
	if s.diverges(id, in, out) {
		f.failed = true
		return
	}
	f.reads = append(f.reads, log.ReadRequest{Partition: id, Offset: in.FetchOffset, MaxBytes: int(max(in.PartitionMaxBytes, 0)), LeaderEpoch: in.CurrentLeaderEpoch})
	f.answers = append(f.answers, fetchAnswer{out})
}

// diverges tells a client whose last record was of an epoch that ended before
// its position where that epoch ended, so that it truncates (KIP-595). The log
// itself never loses an acknowledged record: such a client comes from another cluster.
func (s *Server) diverges(id log.PartitionID, in *kmsg.FetchRequestTopicPartition, out *kmsg.FetchResponseTopicPartition) bool {
	if in.LastFetchedEpoch < 0 {
		return false
	}
	epoch, end, err := s.log.EpochEnd(id, in.LastFetchedEpoch)
	if err != nil || epoch < 0 || epoch == in.LastFetchedEpoch && end >= in.FetchOffset {
		return false
	}
	if epoch != in.LastFetchedEpoch && end >= in.FetchOffset {
		return false
	}
	out.DivergingEpoch.Epoch, out.DivergingEpoch.EndOffset = epoch, end
	return true
}

// fill copies what was read into the answer.
func (a fetchAnswer) fill(r log.ReadResult, s *Server) {
	if r.Err != nil {
		a.ErrorCode = codeOf(r.Err)
		if a.ErrorCode == kerr.UnknownServerError.Code {
			s.logger.Error("kafka: fetch failed", "partition", a.Partition, "err", r.Err)
		}
	}
	a.HighWatermark, a.LastStableOffset, a.LogStartOffset = r.HighWatermark, r.LastStable, r.LogStart
	// Empty and not null: older clients fail on a null.
	a.RecordBatches = make([]byte, 0, r.Bytes)
	for _, piece := range r.Records {
		a.RecordBatches = append(a.RecordBatches, piece...)
	}
}
