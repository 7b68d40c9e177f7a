package log

import (
	"errors"
	"fmt"

	"streamhouse/log/journal"
	"streamhouse/log/record"
	"streamhouse/log/segment"
	"streamhouse/meta"
)

// Errors of the engine. Test with [errors.Is]; what is returned is usually
// wrapped with the values that disagree. An error is declared where it arises, and
// re-exported here: a door translates them all with one table.
var (
	// Names and addresses.
	ErrTopicNotFound     = meta.ErrTopicNotFound
	ErrTopicExists       = meta.ErrTopicExists
	ErrInvalidTopic      = errors.New("invalid topic name")
	ErrReservedTopic     = fmt.Errorf("%w: reserved", ErrInvalidTopic)
	ErrPartitionNotFound = meta.ErrPartitionNotFound
	ErrInvalidPartitions = meta.ErrInvalidPartitions
	ErrInvalidReplicas   = errors.New("invalid replication factor") // below 0, or above MaxReplicas
	ErrInvalidConfig     = errors.New("invalid topic config")
	ErrGroupNotFound     = meta.ErrGroupNotFound
	ErrInvalidGroup      = errors.New("invalid group name")
	ErrInvalidProducer   = errors.New("invalid producer name")
	ErrInvalidOffset     = errors.New("invalid offset commit")

	// The bounds of the state, and the pace at which it changes. They come as a *LimitError and a *ThrottledError. Only the
	// latter may be tried again.
	ErrLimit     = errors.New("limit reached")
	ErrThrottled = errors.New("partitions are created and deleted too fast")

	// Record batches that cannot be taken.
	ErrCorruptBatch     = record.ErrCorrupt          // length or CRC-32C wrong
	ErrUnsupportedBatch = record.ErrUnsupported      // magic below 2
	ErrInvalidRecord    = record.ErrInvalid          // contradicts itself, or its records cannot be read
	ErrInvalidTimestamp = record.ErrInvalidTimestamp // message.timestamp.*.max.ms; comes as a *[record.RecordsError]
	ErrBatchTooLarge    = record.ErrTooLarge         // max.message.bytes
	ErrTransactional    = record.ErrTransactional

	// Idempotent producers (KIP-98).
	ErrOutOfOrderSequence   = meta.ErrOutOfOrderSequence
	ErrInvalidProducerEpoch = meta.ErrInvalidProducerEpoch

	// Positions. ErrOffsetOutOfRange comes as an *OffsetError where the range is known.
	ErrOffsetOutOfRange   = meta.ErrOffsetOutOfRange
	ErrFencedLeaderEpoch  = errors.New("leader epoch is older than this broker's") // KIP-320
	ErrUnknownLeaderEpoch = errors.New("leader epoch is newer than this broker's")

	// The store and the engine itself. All but ErrChangeTooLarge, ErrCorruptLog and ErrUnsafeStore are
	// retriable for a client: the write may yet become durable, and an
	// idempotent producer's retry finds it.
	ErrChangeTooLarge = errors.New("change of state is larger than the object store takes")
	ErrUnavailable    = errors.New("object store is not available")
	ErrTimeout        = errors.New("timed out before the write was durable")
	ErrFenced         = journal.ErrFenced // another broker has taken over the bucket
	ErrClosed         = errors.New("log is closed")
	ErrStoreShrank    = errors.New("object store takes smaller objects than before") // ends the log; a restart mends it
	ErrCorruptLog     = segment.ErrCorrupt                                           // a block or journal segment whose bytes are wrong or missing
	ErrUnsafeStore    = journal.ErrUnsafeStore                                       // it ignores create-only writes
)

// OffsetError is the [ErrOffsetOutOfRange] of a read: Offset lies outside
// [Start, End].
type OffsetError struct {
	Offset, Start, End int64
}

func (e *OffsetError) Error() string {
	return fmt.Sprintf("offset %d out of range: the log holds %d to %d", e.Offset, e.Start, e.End)
}

func (e *OffsetError) Unwrap() error { return ErrOffsetOutOfRange }
