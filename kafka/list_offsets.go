package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// Timestamps of ListOffsets that mean a place.
const (
	latestOffset        = -1
	earliestOffset      = -2
	maxTimestampOffset  = -3 // KIP-734
	earliestLocalOffset = -4 // KIP-405: no tier of its own here, so the earliest
	latestTieredOffset  = -5 // KIP-1005: nothing is tiered away
)

// listOffsets answers ListOffsets: the ends of a partition, or its first record at or after a time.
// A place that does not exist has offset -1. Version 0, which asked for segment boundaries, is not
// taken: Kafka 4 has dropped it as well.
func (s *Server) listOffsets(ctx context.Context, _ *client, req *kmsg.ListOffsetsRequest) *kmsg.ListOffsetsResponse {
	resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
	for _, rt := range req.Topics {
		t := kmsg.NewListOffsetsResponseTopic()
		t.Topic = rt.Topic
		id, code := s.topicID(false, rt.Topic, [16]byte{})
		for _, rp := range rt.Partitions {
			p := kmsg.NewListOffsetsResponseTopicPartition()
			p.Partition, p.ErrorCode = rp.Partition, code
			p.Offset, p.Timestamp, p.LeaderEpoch = -1, -1, -1
			if code == 0 {
				s.listOffset(ctx, log.PartitionID{Topic: id, Index: rp.Partition}, &rp, &p)
			}
			t.Partitions = append(t.Partitions, p)
		}
		resp.Topics = append(resp.Topics, t)
	}
	return resp
}

func (s *Server) listOffset(ctx context.Context, id log.PartitionID, in *kmsg.ListOffsetsRequestTopicPartition, out *kmsg.ListOffsetsResponseTopicPartition) {
	bounds, err := s.log.Bounds(id)
	if err == nil {
		err = checkEpoch(in.CurrentLeaderEpoch, bounds.LeaderEpoch)
	}
	var at log.OffsetAt
	if err == nil {
		at, err = s.locate(ctx, id, bounds, in.Timestamp)
	}
	if err != nil {
		out.ErrorCode = codeOf(err)
		return
	}
	out.Offset, out.Timestamp, out.LeaderEpoch = at.Offset, at.Timestamp, at.LeaderEpoch
}

func (s *Server) locate(ctx context.Context, id log.PartitionID, b log.Bounds, timestamp int64) (log.OffsetAt, error) {
	switch timestamp {
	case latestOffset:
		return log.OffsetAt{Offset: b.LastStable, Timestamp: -1, LeaderEpoch: b.LeaderEpoch}, nil
	case earliestOffset, earliestLocalOffset:
		return log.OffsetAt{Offset: b.LogStart, Timestamp: -1, LeaderEpoch: b.LeaderEpoch}, nil
	case latestTieredOffset:
		return log.OffsetAt{Offset: -1, Timestamp: -1, LeaderEpoch: -1}, nil
	case maxTimestampOffset:
		return s.log.OffsetForMaxTime(ctx, id)
	}
	return s.log.OffsetForTime(ctx, id, timestamp)
}

// checkEpoch compares the leader epoch that a client believes in (-1: none) with the broker's (KIP-320).
func checkEpoch(client, broker int32) error {
	switch {
	case client >= 0 && client < broker:
		return log.ErrFencedLeaderEpoch
	case client > broker:
		return log.ErrUnknownLeaderEpoch
	}
	return nil
}
