package grpcapi

import (
	"context"
	"math"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"streamhouse/grpcapi/pb"
	"streamhouse/log"
)

// CommitOffset stores a group's position in one partition, which is durable when it returns. It may be
// behind the last one: a reader may go back.
func (s *service) CommitOffset(ctx context.Context, req *pb.CommitOffsetRequest) (*pb.CommitOffsetResponse, error) {
	if err := checkGroup(req.GetConsumerGroup()); err != nil {
		return nil, err
	}
	p, err := s.partition(req)
	if err != nil {
		return nil, err
	}
	if req.GetOffset() > math.MaxInt64 {
		return nil, refuse("Invalid offset: %d is above %d", req.GetOffset(), int64(math.MaxInt64))
	}
	// No leader epoch: the interface has none, and a reader without one is checked by its offset alone (KIP-320).
	commit := log.OffsetCommit{Partition: p, Offset: int64(req.GetOffset()), LeaderEpoch: -1, Metadata: req.GetMetadata()}
	errs, err := s.log.CommitOffsets(req.GetConsumerGroup(), []log.OffsetCommit{commit}).Wait(ctx)
	if err == nil {
		err = errs[0]
	}
	if err != nil {
		return nil, failed(err, req)
	}
	return &pb.CommitOffsetResponse{Success: true}, nil
}

// GetOffset returns a group's position in one partition: what was durable when it was asked. Without one it is
// NOT_FOUND, as is a topic that does not exist.
func (s *service) GetOffset(_ context.Context, req *pb.GetOffsetRequest) (*pb.GetOffsetResponse, error) {
	if err := checkGroup(req.GetConsumerGroup()); err != nil {
		return nil, err
	}
	p, err := s.partition(req)
	if err != nil {
		return nil, err
	}
	committed, ok := s.log.CommittedOffset(req.GetConsumerGroup(), p)
	if !ok {
		text := "Nothing committed: group " + req.GetConsumerGroup() + ", partition " + place(req)
		return nil, status.Error(codes.NotFound, statusText(text))
	}
	resp := &pb.GetOffsetResponse{Offset: unsigned(committed.Offset)}
	if committed.Metadata != "" {
		resp.Metadata = &committed.Metadata
	}
	return resp, nil
}

// checkGroup returns a status that refuses a group's name, or nil. The name need not be UTF-8 for the log, but
// is for gRPC.
func checkGroup(name string) error {
	if name == "" || len(name) > log.MaxGroupName {
		return refuse("Invalid consumer group: its name must have 1 to %d bytes, not %d", log.MaxGroupName, len(name))
	}
	return nil
}
