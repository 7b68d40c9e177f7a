package grpcapi

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"streamhouse/grpcapi/pb"
	"streamhouse/log"
	"streamhouse/log/record"
)

const (
	defaultRecords = 500    // for max_records 0
	maxRecords     = 10_000 // in memory a small record's message takes ten times its bytes

	// maxAnswerBytes is what clients take by default for a message, less what
	// stands beside the records.
	maxAnswerBytes = 4<<20 - 64
	readBytes      = 1 << 20 // asked of the engine at a time

	// moreWait bounds how long an answer that has records waits for more from the store.
	moreWait = time.Second

	maxSkipped = 100 // in an answer; the next call goes on there
)

// Consume reads records: as many as were asked for, as there are, or as fit. An error after the first record
// is kept for the next call, which begins there: what was read is not lost to the client.
func (s *service) Consume(ctx context.Context, req *pb.ConsumeRequest) (*pb.ConsumeResponse, error) {
	p, err := s.partition(req)
	if err != nil {
		return nil, err
	}
	a, err := s.answer(p, req)
	if err != nil {
		return nil, failed(err, req)
	}
	for a.wants() {
		err := s.more(ctx, p, a)
		if err != nil && len(a.records) == 0 && len(a.skipped) == 0 {
			return nil, a.failed(err, req)
		}
		if err != nil || a.slow {
			break // the next call begins there
		}
	}
	return &pb.ConsumeResponse{
		Records: a.records, HighWatermark: uint64(a.end), HasMore: a.next < a.end,
		NextOffset: uint64(a.next), Skipped: a.skipped,
	}, nil
}

// answer begins the answer to a request, whose offset it checks. Errors: log.ErrTopicNotFound where the topic was
// deleted meanwhile, log.ErrOffsetOutOfRange.
func (s *service) answer(p log.PartitionID, req *pb.ConsumeRequest) (*records, error) {
	b, err := s.log.Bounds(p)
	if err != nil {
		return nil, err
	}
	if req.GetOffset() > math.MaxInt64 || int64(req.GetOffset()) < b.LogStart || int64(req.GetOffset()) > b.HighWatermark {
		return nil, fmt.Errorf("%w: %d, the log holds %d to %d", log.ErrOffsetOutOfRange, req.GetOffset(), b.LogStart, b.HighWatermark)
	}
	a := &records{next: int64(req.GetOffset()), end: b.HighWatermark, count: int(min(req.GetMaxRecords(), maxRecords)), room: maxAnswerBytes, skip: req.GetSkipUnreadable()}
	if a.count == 0 {
		a.count = defaultRecords
	}
	return a, nil
}

// more reads on where the answer ends. It waits for the store as long as the
// call may take, but once there are records not beyond moreWait. Without an error the answer has moved on, with a
// record or past batches that have none to read.
func (s *service) more(ctx context.Context, p log.PartitionID, a *records) error {
	wait := moreWait
	if deadline, ok := ctx.Deadline(); ok && len(a.records) == 0 {
		wait = time.Until(deadline)
	}
	read := []log.ReadRequest{{Partition: p, Offset: a.next, MaxBytes: readBytes, LeaderEpoch: -1}}
	result := s.log.Read(ctx, read, log.ReadOptions{MaxBytes: readBytes, MinBytes: 1, MaxWait: max(wait, 0)})[0]
	if result.Err != nil {
		return result.Err
	}
	if result.Bytes == 0 {
		a.slow = true
		if errors.Is(ctx.Err(), context.Canceled) {
			return ctx.Err()
		}
		return fmt.Errorf("the object store did not answer in time: %w", context.DeadlineExceeded)
	}
	a.end = max(a.end, result.HighWatermark)
	return a.take(result.Records)
}

// records is an answer in the making. One goroutine uses it. Keys, values and headers in it share the memory of
// the engine's batches and are only read.
type records struct {
	records []*pb.ConsumedRecord
	free    []pb.ConsumedRecord // messages to fill next
	next    int64               // the offset to go on at
	end     int64               // the high watermark
	count   int                 // how many records may still come
	room    int                 // how many bytes
	skip    bool                // what cannot be read
	skipped []*pb.Unreadable    // that were passed over, in order
	full    bool                // nothing more fits
	slow    bool                // the store did not answer in time
}

// wants reports that there is something to read, and room for it.
func (a *records) wants() bool { return !a.full && a.count > 0 && a.next < a.end }

// take adds the records of the batches, as far as they fit, and moves past them: past
// batches without a record to read too.
func (a *records) take(pieces [][]byte) error {
	end, err := record.EndOffset(pieces)
	if err != nil {
		return err
	}
	if end <= a.next {
		return fmt.Errorf("%w: asked for offset %d, got batches up to %d", log.ErrCorruptLog, a.next, end)
	}
	for a.wants() && a.next < end {
		err := record.Decode(pieces, a.next, a.add)
		// What came before it in the batch was added.
		unreadable, ok := errors.AsType[*record.DecodeError](err)
		switch {
		case ok && a.skip:
			a.pass(unreadable)
		case err != nil:
			return err
		case !a.full && a.count > 0:
			a.next = end
		}
	}
	return nil
}

// pass moves behind records that cannot be read, or behind a batch with something else behind its records. What it
// tells of them counts into the answer's bytes.
func (a *records) pass(e *record.DecodeError) {
	if a.next >= e.Next {
		return
	}
	u := a.unreadable(e)
	a.skipped = append(a.skipped, u)
	a.room -= 2 + protowire.SizeBytes(proto.Size(u)) // the field's tag takes two bytes
	a.next = e.Next
	a.full = a.room <= 0 || len(a.skipped) == maxSkipped
}

// unreadable describes what begins where the answer ends: records before it in the same batch may have been read.
func (a *records) unreadable(e *record.DecodeError) *pb.Unreadable {
	return &pb.Unreadable{Offset: uint64(a.next), NextOffset: uint64(e.Next), Reason: statusText(e.Err.Error())}
}

// failed is the answer to a call that err ended before there was a record. Of records that cannot be read it
// says where to go on, in words and as a detail, so that a program need not read the words.
func (a *records) failed(err error, req *pb.ConsumeRequest) error {
	e, ok := errors.AsType[*record.DecodeError](err)
	if !ok {
		return failed(err, req)
	}
	u := a.unreadable(e)
	st := status.Newf(codes.DataLoss, "offsets %d to %d cannot be read: %s. Go on at offset %d, or set skip_unreadable",
		u.GetOffset(), u.GetNextOffset()-1, u.GetReason(), u.GetNextOffset())
	detailed, err := st.WithDetails(u)
	if err != nil {
		return st.Err() // the text says it, too
	}
	return detailed.Err()
}

// add adds a record and says whether another may come. The first one is added
// whatever its size: a reader could not get past it otherwise.
func (a *records) add(r record.Record) bool {
	if len(a.free) == 0 {
		a.free = make([]pb.ConsumedRecord, min(a.count, 128))
	}
	m := &a.free[0]
	m.Offset, m.Timestamp, m.Key, m.Value = uint64(r.Offset), unsigned(r.Timestamp), r.Key, r.Value
	setHeaders(m, r.Headers)
	size := 1 + protowire.SizeBytes(proto.Size(m)) // the field's tag takes one byte
	if size > a.room && len(a.records) > 0 {
		a.full = true
		return false
	}
	a.free = a.free[1:]
	a.records = append(a.records, m)
	a.room -= size
	a.count--
	a.next = r.Offset + 1
	a.full = a.room <= 0
	return !a.full && a.count > 0
}
