package grpcapi

import (
	"context"
	"math"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"streamhouse/grpcapi/pb"
	"streamhouse/log"
	"streamhouse/log/record"
)

// Produce stores one record, which is durable when it returns. It has no sequence: a client that tries again
// after an error may store it twice.
func (s *service) Produce(ctx context.Context, req *pb.ProduceRequest) (*pb.ProduceResponse, error) {
	p, err := s.partition(req)
	if err != nil {
		return nil, err
	}
	headers, err := toHeaders(req.GetHeaders(), req.GetOrderedHeaders())
	if err != nil {
		return nil, err
	}
	now := s.log.Now().UnixMilli()
	records := []record.Record{{Timestamp: now, Key: req.Key, Value: req.Value, Headers: headers}}
	result, err := s.append(ctx, p, records, nil)
	if err != nil {
		return nil, failed(err, req)
	}
	if result.AppendTime >= 0 {
		now = result.AppendTime
	}
	return &pb.ProduceResponse{Offset: uint64(result.Base), Timestamp: unsigned(now)}, nil
}

// ProduceBatch stores records as one record batch, so that a producer's sequence
// covers all of them and they are stored or refused together. They are durable when it returns, also as a
// duplicate of what was stored before.
func (s *service) ProduceBatch(ctx context.Context, req *pb.ProduceBatchRequest) (*pb.ProduceBatchResponse, error) {
	p, err := s.partition(req)
	if err != nil {
		return nil, err
	}
	records, err := toRecords(req.GetRecords())
	if err != nil {
		return nil, err
	}
	seq, err := s.sequence(ctx, req)
	if err != nil {
		return nil, err
	}
	// Only now: to look up a producer may take a flush, and the engine refuses a time that its clock has jumped back behind.
	now := s.log.Now().UnixMilli()
	for i := range records {
		records[i].Timestamp = now
	}
	result, err := s.append(ctx, p, records, seq)
	if err != nil {
		return nil, failed(err, req)
	}
	return &pb.ProduceBatchResponse{
		FirstOffset:        uint64(result.Base),
		LastOffset:         uint64(result.Base) + uint64(len(records)-1),
		Count:              uint32(len(records)),
		DuplicatesFiltered: result.Duplicate,
	}, nil
}

// append stores records as one batch and waits until they are durable, or ctx ends: then they may still
// become so. The records are copied into the batch, which is the engine's.
func (s *service) append(ctx context.Context, p log.PartitionID, records []record.Record, seq *record.Sequence) (log.AppendResult, error) {
	batch, err := record.AppendBatch(nil, records, seq)
	if err != nil {
		return log.AppendResult{}, err
	}
	pending, err := s.log.Append(ctx, []log.AppendRequest{{Partition: p, Records: batch}})
	if err != nil {
		return log.AppendResult{}, err
	}
	results, err := pending.Wait(ctx)
	if err != nil {
		return log.AppendResult{}, err
	}
	return results[0], results[0].Err
}

// toRecords returns the records of a batch, still without their time. The error is a status that names the record
// by its place. Keys and values share the request's memory.
func toRecords(from []*pb.Record) ([]record.Record, error) {
	if len(from) == 0 {
		return nil, refuse("Empty batch: it has no records")
	}
	records := make([]record.Record, len(from))
	for i, r := range from {
		headers, err := toHeaders(r.GetHeaders(), r.GetOrderedHeaders())
		if err != nil {
			return nil, refuse("Invalid record %d: %s", i, status.Convert(err).Message())
		}
		records[i] = record.Record{Key: r.Key, Value: r.Value, Headers: headers}
	}
	return records, nil
}

// sequence returns the batch's place among those of its idempotent producer, or
// nil where it names none. The error is a status. A name that is new is durable when it returns, so that the same
// name has the same id after a restart.
func (s *service) sequence(ctx context.Context, req *pb.ProduceBatchRequest) (*record.Sequence, error) {
	if req.GetTransactionId() != "" {
		return nil, status.Error(codes.Unimplemented, "Transactions are not supported: leave transaction_id empty")
	}
	if req.ProducerId == nil && req.ProducerEpoch == nil && req.BaseSequence == nil {
		return nil, nil
	}
	switch {
	case req.ProducerId == nil || req.ProducerEpoch == nil || req.BaseSequence == nil:
		return nil, refuse("Incomplete producer: give all of producer_id, producer_epoch and base_sequence, or none")
	case req.GetProducerEpoch() > math.MaxInt16:
		return nil, refuse("Invalid producer_epoch: %d is not between 0 and %d", req.GetProducerEpoch(), math.MaxInt16)
	case req.GetBaseSequence() < 0 || req.GetBaseSequence() > math.MaxInt32:
		return nil, refuse("Invalid base_sequence: %d is not between 0 and %d", req.GetBaseSequence(), math.MaxInt32)
	}
	id, err := s.log.ProducerID(ctx, req.GetProducerId())
	if err != nil {
		return nil, failure(err, req.GetProducerId())
	}
	return &record.Sequence{ProducerID: id, ProducerEpoch: int16(req.GetProducerEpoch()), Base: int32(req.GetBaseSequence())}, nil
}
