package record

import (
	"fmt"
	"hash/crc32"
	"math"
	"strconv"
)

// What a batch must be that a producer sends. Nothing else gets into the log, since what is there is handed out as it is: a
// reader that cannot decode a batch stands still before it, or ends. [Sent] checks the framing, [Batch.Verify] the
// header and the checksum, [Batch.CheckRecords] the records, and the engine what depends on the topic.
//
// As Kafka (4.4: ProduceRequest.validateRecords, UnifiedLog.analyzeAndValidateRecords, LogValidator,
// DefaultRecordBatch, DefaultRecord):
//
//	one batch for a partition in a request            Sent           INVALID_RECORD
//	a whole batch of magic 2                          Sent           INVALID_RECORD
//	a length and a magic that can be                  Sent           CORRUPT_MESSAGE
//	zstd from Produce version 7 on                    the Kafka door UNSUPPORTED_COMPRESSION_TYPE
//	max.message.bytes                                 the engine     MESSAGE_TOO_LARGE
//	the checksum                                      Verify         CORRUPT_MESSAGE
//	base offset 0                                     the engine     INVALID_RECORD
//	one record or more, and as many offsets           Verify         INVALID_RECORD
//	no control batch                                  Verify         INVALID_RECORD
//	a sequence number where there is a producer id    Verify         INVALID_RECORD
//	a codec that exists                               Verify         INVALID_RECORD (Kafka fails: UNKNOWN_SERVER_ERROR)
//	records that can be decompressed                  CheckRecords   INVALID_RECORD (Kafka fails: UNKNOWN_SERVER_ERROR)
//	one LZ4 frame of independent blocks               CheckRecords   INVALID_RECORD
//	as many records as the header says                CheckRecords   INVALID_RECORD
//	nothing behind the last record                    CheckRecords   INVALID_RECORD
//	lengths that fit, varints of 5 and 10 bytes       CheckRecords   INVALID_RECORD
//	header counts of 0 or more, keys that are there   CheckRecords   INVALID_RECORD
//	message.timestamp.before.max.ms and .after.max.ms CheckRecords   INVALID_TIMESTAMP, record by record; not for -1
//	timestamps are not said to be the broker's        CheckRecords   INVALID_TIMESTAMP, where Kafka does: see there
//
// Kafka's largest timestamp is that of the records as well, and not below -1, whatever the header said.
//
// Ours:
//
//	no transactions                                   Verify         there are none yet
//	offset deltas 0, 1, 2 …                           CheckRecords   Kafka takes any without compression, and numbers anew
//	                                                                 what is compressed; offsets that stand twice or are
//	                                                                 beyond the batch make readers stand still
//	lengths of -1 or more                             CheckRecords   Kafka reads less than -1 as null; others fail
//	lengths of 31 bits                                CheckRecords   Kafka ignores what is above
//	at most maxRecordHeaders headers in a record      CheckRecords   what gRPC hands out is decoded within bounds
//	at most maxPlainBytes of records in a batch       CheckRecords   the same
//	nothing behind compressed records                 CheckRecords   Kafka's readers ignore it, others fail
//
// Not looked at, as in Kafka: unknown attributes of batch and record, the leader epoch, the base timestamp, and
// who the producer is: one with an id below 0 or an epoch below 0 is none.

// Verify checks the checksum and the header of a batch that a producer sent: all that can be known without its records. Its
// errors wrap [ErrUnsupported], [ErrCorrupt], [ErrInvalid] or [ErrTransactional].
func (b Batch) Verify() error {
	if b.magic() != maxMagic {
		return fmt.Errorf("%w: magic %d", ErrUnsupported, b.magic())
	}
	if sum := crc32.Checksum(b[21:], castagnoli); sum != b.crc() {
		return fmt.Errorf("%w: CRC-32C is %08x, the header says %08x", ErrCorrupt, sum, b.crc())
	}
	switch {
	case b.Attributes()&attrControl == 0 && b.Attributes()&attrTransactional != 0:
		return ErrTransactional
	case b.Count() < 1:
		return fmt.Errorf("%w: %d records", ErrInvalid, b.Count())
	case b.lastDelta() != b.Count()-1:
		return fmt.Errorf("%w: %d records with a last offset delta of %d", ErrInvalid, b.Count(), b.lastDelta())
	case b.Codec() > maxCodec:
		return fmt.Errorf("%w: unknown compression codec %d", ErrInvalid, b.Codec())
	case b.Attributes()&attrControl != 0:
		return fmt.Errorf("%w: control batches are the broker's to write", ErrInvalid)
	case b.ProducerID() >= 0 && b.BaseSequence() < 0:
		return fmt.Errorf("%w: producer %d with sequence %d", ErrInvalid, b.ProducerID(), b.BaseSequence())
	}
	return nil
}

// TimeRange bounds the timestamps that records may have, milliseconds since 1970. Its ends belong to it, and -1, which
// stands for no timestamp, is always allowed.
type TimeRange struct {
	Oldest, Newest int64
	// OursAlone: the topic's timestamps are the broker's, so that none is looked at; but a batch must not say that it has
	// one of the broker's already.
	OursAlone bool
}

// AnyTime allows all timestamps.
var AnyTime = TimeRange{Oldest: math.MinInt64, Newest: math.MaxInt64}

// maxRecordErrors bounds what an answer says of the records of one batch.
const maxRecordErrors = 100

// CheckRecords walks over the records of a batch that passed [Batch.Verify], compressed or not, and returns their largest
// timestamp: -1 where none has one, or all are below. It looks at every length and skips keys and values; its memory does
// not depend on the batch, and where it decompresses, only few callers run at once and others wait. Errors wrap
// [ErrInvalid], or [ErrInvalidTimestamp] as a *[RecordsError].
//
// A flag that says LogAppendTime is taken from a producer where Kafka takes it: the topic keeps the producer's timestamps, and
// the header's largest timestamp, which would be that of all records, is not -1. It is to be cleared by [Batch.SetMaxTimestamp].
func (b Batch) CheckRecords(times TimeRange) (maxTimestamp int64, err error) {
	if err := b.CheckTimestampType(times); err != nil {
		return noTimestamp, err
	}
	t := stamps{TimeRange: times, first: b.BaseTimestamp(), largest: noTimestamp}
	if err := b.walk(&t); err != nil {
		return noTimestamp, err
	}
	return t.largest, t.err(b.Count())
}

// CheckTimestampType is the part of [Batch.CheckRecords] that needs the header only.
func (b Batch) CheckTimestampType(times TimeRange) error {
	if b.Attributes()&attrLogAppendTime == 0 || !times.OursAlone && b.MaxTimestamp() != noTimestamp {
		return nil
	}
	return &RecordsError{
		Err:     fmt.Errorf("%w: the timestamp type of a producer's batch is CreateTime", ErrInvalidTimestamp),
		Records: []RecordError{{Index: 0, Text: "the batch says LogAppendTime"}},
	}
}

// stamps are the timestamps of a batch's records, as they come.
type stamps struct {
	TimeRange
	first   int64 // what the deltas count from
	largest int64
	outside int // how many are outside of the range
	listed  []RecordError
}

func (t *stamps) add(index int32, delta int64) {
	at := t.first + delta // it wraps around, as readers do
	t.largest = max(t.largest, at)
	if t.OursAlone || at == noTimestamp || t.Oldest <= at && at <= t.Newest {
		return
	}
	if t.outside++; len(t.listed) < maxRecordErrors {
		text := "its timestamp " + strconv.FormatInt(at, 10) + " is not within [" +
			strconv.FormatInt(t.Oldest, 10) + ", " + strconv.FormatInt(t.Newest, 10) + "]"
		t.listed = append(t.listed, RecordError{Index: index, Text: text})
	}
}

func (t *stamps) err(count int32) error {
	if t.outside == 0 {
		return nil
	}
	return &RecordsError{Err: fmt.Errorf("%w: %d of %d records", ErrInvalidTimestamp, t.outside, count), Records: t.listed}
}
