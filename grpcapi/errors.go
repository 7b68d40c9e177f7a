package grpcapi

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"streamhouse/log"
)

// table gives each engine error its gRPC code; the first row that matches
// counts. A row with a text answers "text: subject" instead of the error's own.
//
// The store's errors stand before the context's: a store that gave up may wrap
// a deadline of its own, which is not the client's.
var table = []struct {
	err  error
	code codes.Code
	text string
}{
	{log.ErrTopicNotFound, codes.NotFound, "Topic not found"},
	{log.ErrTopicExists, codes.AlreadyExists, "Topic already exists"},
	{log.ErrReservedTopic, codes.InvalidArgument, ""},
	{log.ErrInvalidTopic, codes.InvalidArgument, ""},
	{log.ErrPartitionNotFound, codes.InvalidArgument, "Invalid partition"},
	{log.ErrInvalidPartitions, codes.InvalidArgument, ""},
	{log.ErrInvalidReplicas, codes.InvalidArgument, ""},
	{log.ErrInvalidConfig, codes.InvalidArgument, ""},
	{log.ErrGroupNotFound, codes.NotFound, ""},
	{log.ErrInvalidGroup, codes.InvalidArgument, ""},
	{log.ErrInvalidProducer, codes.InvalidArgument, ""},
	{log.ErrInvalidOffset, codes.InvalidArgument, ""},
	{log.ErrLimit, codes.ResourceExhausted, ""},
	{log.ErrThrottled, codes.ResourceExhausted, ""},

	{log.ErrBatchTooLarge, codes.ResourceExhausted, ""},
	{log.ErrChangeTooLarge, codes.ResourceExhausted, ""},
	{log.ErrInvalidTimestamp, codes.InvalidArgument, ""},
	{log.ErrInvalidRecord, codes.InvalidArgument, ""},
	{log.ErrTransactional, codes.Unimplemented, ""},
	{log.ErrCorruptBatch, codes.DataLoss, ""},
	{log.ErrUnsupportedBatch, codes.DataLoss, ""},
	{log.ErrCorruptLog, codes.DataLoss, ""},

	{log.ErrOutOfOrderSequence, codes.FailedPrecondition, ""},
	{log.ErrInvalidProducerEpoch, codes.FailedPrecondition, ""},

	{log.ErrOffsetOutOfRange, codes.OutOfRange, ""},
	{log.ErrFencedLeaderEpoch, codes.FailedPrecondition, ""},
	{log.ErrUnknownLeaderEpoch, codes.Unavailable, ""},

	{log.ErrUnavailable, codes.Unavailable, ""},
	{log.ErrFenced, codes.Unavailable, ""},
	{log.ErrClosed, codes.Unavailable, ""},
	{log.ErrStoreShrank, codes.Unavailable, ""},
	{log.ErrUnsafeStore, codes.Internal, ""},
	{context.Canceled, codes.Canceled, ""},
	{log.ErrTimeout, codes.DeadlineExceeded, ""},
	{context.DeadlineExceeded, codes.DeadlineExceeded, ""},
}

// failure is the answer to a call that err ended. The subject is what the call
// was about: a topic's name, a partition. An error that has no row is INTERNAL: that is a row that is missing.
func failure(err error, subject string) error {
	for _, row := range table {
		if !errors.Is(err, row.err) {
			continue
		}
		if row.text != "" {
			return status.Error(row.code, statusText(row.text+": "+subject))
		}
		return status.Error(row.code, statusText(err.Error()))
	}
	return status.Error(codes.Internal, statusText(err.Error()))
}

// refuse is the answer to a request that is wrong in itself. Its text says what to do instead, where that is not plain.
func refuse(format string, args ...any) error {
	return status.Error(codes.InvalidArgument, statusText(fmt.Sprintf(format, args...)))
}

// maxStatusText bounds a status text: it goes in the trailers, which clients
// bound, and it may name what the client sent, megabytes of it.
const maxStatusText = 1 << 10

// statusText makes a text that can be sent: short, and UTF-8, which a cut or a client's name may not be.
func statusText(s string) string {
	if len(s) > maxStatusText {
		s = s[:maxStatusText] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
