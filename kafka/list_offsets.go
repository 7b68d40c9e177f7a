package kafka

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/errgroup"

	"streamhouse/log"
)

// Timestamps of ListOffsets with a special meaning.
const (
	latestOffset        = -1
	earliestOffset      = -2
	maxTimestampOffset  = -3 // KIP-734
	earliestLocalOffset = -4 // KIP-405: there is one tier, so the earliest
	latestTieredOffset  = -5 // KIP-1005: nothing is tiered away
	pendingUploadOffset = -6 // KIP-1023: neither does anything wait for it
)

// specialSince has the version in which each of them began to have its meaning.
var specialSince = map[int64]int16{
	latestOffset: 0, earliestOffset: 0, maxTimestampOffset: 7, earliestLocalOffset: 8, latestTieredOffset: 9, pendingUploadOffset: 11,
}

// listOffsets answers ListOffsets: the ends of a partition, or its first record at or after a time.
// Where there is no such record the offset is -1. Both isolation levels see the same: there are no transactions. A third
// one is INVALID_REQUEST.
//
//   - Version 0 asks for the offsets before a time at which the log could be cut, latest first. It can be
//     cut anywhere here, so they are that of the time, or the end, and the start.
//   - From version 4 on the client's leader epoch is checked, and the epoch of the record told where it is known.
//   - A special timestamp from before its version is UNSUPPORTED_VERSION, and a partition
//     that stands twice in a request INVALID_REQUEST, as in Kafka. Topics without partitions are left out.
//   - The timeout (version 10) is for remote storage: the limit of this package holds.
func (s *Server) listOffsets(ctx context.Context, _ *client, req *kmsg.ListOffsetsRequest) *kmsg.ListOffsetsResponse {
	resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
	req.Topics = slices.DeleteFunc(req.Topics, func(t kmsg.ListOffsetsRequestTopic) bool { return len(t.Partitions) == 0 })
	ctx, cancel := context.WithTimeout(ctx, lookupWait)
	defer cancel()
	var lookups errgroup.Group
	lookups.SetLimit(lookupsAtOnce)
	var twice map[[2]int]bool
	req.Topics, twice = distinctPartitions(req.Topics, func(t *kmsg.ListOffsetsRequestTopic) (topicKey, *[]kmsg.ListOffsetsRequestTopicPartition) {
		return topicKey{name: t.Topic}, &t.Partitions
	}, func(p *kmsg.ListOffsetsRequestTopicPartition) int32 { return p.Partition })
	resp.Topics = make([]kmsg.ListOffsetsResponseTopic, len(req.Topics))
	for i := range req.Topics {
		rt, t := &req.Topics[i], &resp.Topics[i]
		t.Topic = rt.Topic
		topic, err := s.topicID(false, rt.Topic, log.TopicID{})
		t.Partitions = make([]kmsg.ListOffsetsResponseTopicPartition, len(rt.Partitions))
		for j := range rt.Partitions {
			in, out := &rt.Partitions[j], &t.Partitions[j]
			out.Default()
			out.Partition, out.Offset, out.Timestamp = in.Partition, -1, -1
			l := lookup{s.log, req.Version, log.PartitionID{Topic: topic, Index: in.Partition}, in, out}
			switch {
			case twice[[2]int{i, j}] || req.IsolationLevel != 0 && req.IsolationLevel != 1:
				out.ErrorCode = kerr.InvalidRequest.Code
			case err != nil:
				out.ErrorCode = codeOf(err)
			case in.Timestamp >= 0 || in.Timestamp == maxTimestampOffset:
				lookups.Go(func() error { l.run(ctx); return nil }) // these read records
			default:
				l.run(ctx)
			}
		}
	}
	_ = lookups.Wait() // each has its own error
	return resp
}

// lookup finds the offset of one partition. Several run side by side.
type lookup struct {
	log     *log.Log
	version int16
	id      log.PartitionID
	in      *kmsg.ListOffsetsRequestTopicPartition
	out     *kmsg.ListOffsetsResponseTopicPartition
}

func (l lookup) run(ctx context.Context) {
	bounds, err := l.log.Bounds(l.id)
	if err == nil {
		err = checkEpoch(l.in.CurrentLeaderEpoch, bounds.LeaderEpoch)
	}
	var at log.OffsetAt
	if err == nil {
		at, err = l.locate(ctx, bounds)
	}
	if err != nil {
		l.out.ErrorCode = codeOf(err)
		return
	}
	l.out.Offset, l.out.Timestamp, l.out.LeaderEpoch = at.Offset, at.Timestamp, at.LeaderEpoch
	if l.version == 0 {
		l.out.OldStyleOffsets = l.cuts(at, bounds)
	}
}

func (l lookup) locate(ctx context.Context, b log.Bounds) (log.OffsetAt, error) {
	nowhere := log.OffsetAt{Offset: -1, Timestamp: -1, LeaderEpoch: -1}
	if since, ok := specialSince[l.in.Timestamp]; l.in.Timestamp < 0 && (!ok || l.version < since) {
		return nowhere, fmt.Errorf("%w: timestamp %d in version %d", kerr.UnsupportedVersion, l.in.Timestamp, l.version)
	}
	switch l.in.Timestamp {
	case latestOffset:
		return log.OffsetAt{Offset: b.LastStable, Timestamp: -1, LeaderEpoch: b.LeaderEpoch}, nil
	case earliestOffset, earliestLocalOffset:
		// The epoch of the first record is not at hand, and the broker's would be too new: a reader
		// must not believe that it has read in an epoch above that of the records.
		return log.OffsetAt{Offset: b.LogStart, Timestamp: -1, LeaderEpoch: -1}, nil
	case latestTieredOffset, pendingUploadOffset:
		return nowhere, nil
	case maxTimestampOffset:
		return l.log.OffsetForMaxTime(ctx, l.id)
	}
	return l.log.OffsetForTime(ctx, l.id, l.in.Timestamp)
}

// cuts is the answer of version 0.
func (l lookup) cuts(at log.OffsetAt, b log.Bounds) []int64 {
	if at.Offset < 0 {
		at.Offset = b.LastStable
	}
	all := []int64{at.Offset}
	if l.in.Timestamp != earliestOffset && at.Offset > b.LogStart {
		all = append(all, b.LogStart)
	}
	return all[:min(len(all), int(max(l.in.MaxNumOffsets, 0)))]
}
