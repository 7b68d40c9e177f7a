package kafka

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"

	"streamhouse/log"
	"streamhouse/log/group"
)

// codeTable translates the errors of the engine and of the groups. The first that matches counts.
// What a client should try again has a code that its library retries.
var codeTable = []struct {
	err  error
	code *kerr.Error
}{
	{log.ErrTopicNotFound, kerr.UnknownTopicOrPartition},
	{log.ErrPartitionNotFound, kerr.UnknownTopicOrPartition},
	{log.ErrTopicExists, kerr.TopicAlreadyExists},
	{log.ErrReservedTopic, kerr.InvalidRequest},
	{log.ErrInvalidTopic, kerr.InvalidTopicException},
	{log.ErrInvalidPartitions, kerr.InvalidPartitions},
	{log.ErrInvalidReplicas, kerr.InvalidReplicationFactor},
	{log.ErrInvalidConfig, kerr.InvalidConfig},
	{log.ErrGroupNotFound, kerr.GroupIDNotFound},
	{log.ErrInvalidGroup, kerr.InvalidGroupID},
	{log.ErrInvalidOffset, kerr.InvalidRequest},
	{log.ErrInvalidProducer, kerr.InvalidRequest},
	// Final for all clients. An OffsetCommit says it with another code: see commitCode.
	{log.ErrLimit, kerr.PolicyViolation},
	{log.ErrThrottled, kerr.ThrottlingQuotaExceeded},

	{log.ErrCorruptBatch, kerr.CorruptMessage},
	{log.ErrUnsupportedBatch, kerr.InvalidRecord}, // as Kafka answers what is older than its request's version
	{log.ErrInvalidRecord, kerr.InvalidRecord},
	{log.ErrInvalidTimestamp, kerr.InvalidTimestamp},
	{log.ErrBatchTooLarge, kerr.MessageTooLarge},
	{log.ErrChangeTooLarge, kerr.InvalidRequest},
	// Final for all clients; librdkafka tries again after any other code that would fit.
	{log.ErrTransactional, kerr.TransactionalIDAuthorizationFailed},

	{log.ErrOutOfOrderSequence, kerr.OutOfOrderSequenceNumber},
	{log.ErrInvalidProducerEpoch, kerr.InvalidProducerEpoch},

	{group.ErrUnknownMember, kerr.UnknownMemberID},
	{group.ErrFencedInstanceID, kerr.FencedInstanceID},
	{group.ErrIllegalGeneration, kerr.IllegalGeneration},
	{group.ErrRebalanceInProgress, kerr.RebalanceInProgress},
	{group.ErrMemberIDRequired, kerr.MemberIDRequired},
	{group.ErrInconsistentProtocol, kerr.InconsistentGroupProtocol},
	{group.ErrInvalidSessionTimeout, kerr.InvalidSessionTimeout},
	{group.ErrInvalidInstanceID, kerr.InvalidRequest},
	{group.ErrTooLarge, kerr.InvalidRequest},
	{group.ErrUnknownGroup, kerr.GroupIDNotFound},
	{group.ErrNotEmpty, kerr.NonEmptyGroup},
	{group.ErrGroupFull, kerr.GroupMaxSizeReached},
	// These make the client look for its coordinator, and join again.
	{group.ErrOverloaded, kerr.CoordinatorNotAvailable},
	{group.ErrClosed, kerr.NotCoordinator},
	{group.ErrCanceled, kerr.NotCoordinator}, // the server drains, or nobody reads the answer

	{log.ErrOffsetOutOfRange, kerr.OffsetOutOfRange},
	{log.ErrFencedLeaderEpoch, kerr.FencedLeaderEpoch},
	{log.ErrUnknownLeaderEpoch, kerr.UnknownLeaderEpoch},

	// A broker that was fenced or closes is no leader any more: the client looks for the one that is.
	{log.ErrFenced, kerr.NotLeaderForPartition},
	{log.ErrClosed, kerr.NotLeaderForPartition},
	{log.ErrStoreShrank, kerr.NotLeaderForPartition},
	{log.ErrTimeout, kerr.RequestTimedOut},
	{log.ErrUnavailable, kerr.KafkaStorageError},
	// The Java client and librdkafka report this one to the application. With a storage error they
	// would ask again for ever and say nothing.
	{log.ErrCorruptLog, kerr.CorruptMessage},
	{log.ErrUnsafeStore, kerr.KafkaStorageError},
	{context.DeadlineExceeded, kerr.RequestTimedOut},
	{context.Canceled, kerr.RequestTimedOut},
}

// codeOf returns the Kafka error code of an error of the engine or of this
// package, 0 for nil alone: an error that nobody thought of is logged and is
// UNKNOWN_SERVER_ERROR, never success.
func codeOf(err error) int16 {
	if err == nil {
		return 0
	}
	if own, ok := errors.AsType[*kerr.Error](err); ok {
		return own.Code
	}
	for _, c := range codeTable {
		if errors.Is(err, c.err) {
			return c.code.Code
		}
	}
	slog.Error("kafka: an error that has no Kafka code", "err", err)
	return kerr.UnknownServerError.Code
}

// textOf returns an error's text for the answers that have a field for it, nil for nil. It is cut where it is too long: it
// may say what a request named.
func textOf(err error) *string {
	if err == nil {
		return nil
	}
	text := err.Error()
	if len(text) > maxErrorText {
		text = text[:maxErrorText] + "…"
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	return &text
}
