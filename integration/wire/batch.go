package wire

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Batch is one record batch, magic 2, to be built byte by byte. Nothing in it is checked: tests build wrong ones, too.
type Batch struct {
	Attributes    int16 // codec in the low bits: Payload must be compressed with it
	Producer      int64 // -1: not idempotent
	Epoch         int16
	Sequence      int32
	BaseTimestamp int64
	Records       []Record
	// Payload stands for Records where it is set: their bytes as a codec made them.
	Payload []byte
}

// Record is one record of a batch.
type Record struct {
	TimestampDelta int64
	Key, Value     []byte // nil is null
	Headers        []kmsg.Header
}

// Plain is a batch of records without a producer id.
func Plain(timestamp int64, records ...Record) Batch {
	return Batch{Producer: -1, Epoch: -1, Sequence: -1, BaseTimestamp: timestamp, Records: records}
}

// Sequenced is a batch of an idempotent producer with one record per value.
func Sequenced(producer int64, epoch int16, sequence int32, values ...string) Batch {
	b := Batch{Producer: producer, Epoch: epoch, Sequence: sequence, BaseTimestamp: 1_700_000_000_000}
	for _, v := range values {
		b.Records = append(b.Records, Record{Value: []byte(v)})
	}
	return b
}

// Bytes encodes the batch as a producer sends it, with base offset 0 and a checksum that is right. The header counts Records,
// also where Payload stands for them.
func (b Batch) Bytes() []byte {
	payload := b.Payload
	if payload == nil {
		payload = b.Uncompressed()
	}
	var latest int64
	for _, r := range b.Records {
		latest = max(latest, r.TimestampDelta)
	}
	encoded := (&kmsg.RecordBatch{
		Length:          int32(49 + len(payload)), // what follows the length field
		Magic:           2,
		Attributes:      b.Attributes,
		LastOffsetDelta: int32(len(b.Records) - 1),
		FirstTimestamp:  b.BaseTimestamp,
		MaxTimestamp:    b.BaseTimestamp + latest,
		ProducerID:      b.Producer,
		ProducerEpoch:   b.Epoch,
		FirstSequence:   b.Sequence,
		NumRecords:      int32(len(b.Records)),
		Records:         payload,
	}).AppendTo(nil)
	Seal(encoded)
	return encoded
}

// Seal renews the checksum of a batch whose bytes were changed: CRC-32C of what follows it, from the attributes on.
func Seal(batch []byte) {
	binary.BigEndian.PutUint32(batch[17:], crc32.Checksum(batch[21:], crc32.MakeTable(crc32.Castagnoli)))
}

// Uncompressed encodes the records as they stand in a batch without a codec.
func (b Batch) Uncompressed() []byte {
	var dst []byte
	for i, r := range b.Records {
		record := kmsg.Record{
			TimestampDelta64: r.TimestampDelta,
			OffsetDelta:      int32(i),
			Key:              r.Key,
			Value:            r.Value,
			Headers:          r.Headers,
		}
		// The length counts what follows it: with 0 it is one byte itself.
		record.Length = int32(len(record.AppendTo(nil)) - 1)
		dst = record.AppendTo(dst)
	}
	return dst
}

// Split cuts the records of a Fetch answer into batches, which are parts of it. A batch that is cut short at the end, as Kafka
// may send it, is an error: this broker sends whole ones.
func Split(records []byte) ([][]byte, error) {
	var batches [][]byte
	for len(records) > 0 {
		if len(records) < 61 {
			return nil, fmt.Errorf("%d bytes where a batch must begin", len(records))
		}
		n := int(binary.BigEndian.Uint32(records[8:])) + 12
		if n > len(records) {
			return nil, fmt.Errorf("a batch of %d bytes, of which %d are there", n, len(records))
		}
		batches = append(batches, records[:n])
		records = records[n:]
	}
	return batches, nil
}

// SameButPlace tells whether two batches are equal in all but what the broker
// assigns outside the checksum: base offset and leader epoch. Both have a whole header.
func SameButPlace(a, b []byte) bool {
	return len(a) == len(b) && string(a[8:12]) == string(b[8:12]) && string(a[16:]) == string(b[16:])
}

// BaseOffset is the offset of a batch's first record.
func BaseOffset(batch []byte) int64 { return int64(binary.BigEndian.Uint64(batch)) }
