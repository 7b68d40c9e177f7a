package record

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// Batch is a view over the bytes of one record batch, magic 2 (KIP-98): the engine's
// unit of data, in Kafka's form, big-endian. It shares the bytes it was cut from. The methods
// that read a field need the whole header, as [Next] makes sure. They may be called
// concurrently, but not beside [Batch.Patch], [Batch.SetAppendTime] and [Batch.SetMaxTimestamp].
//
//	 0 base offset        int64   assigned by the state, outside the checksum
//	 8 batch length       int32   bytes that follow this field
//	12 leader epoch       int32   outside the checksum
//	16 magic              int8    2
//	17 CRC-32C            uint32  of all that follows
//	21 attributes         int16   codec, timestamp type, transactional, control
//	23 last offset delta  int32
//	27 base timestamp     int64
//	35 max timestamp      int64
//	43 producer id        int64
//	51 producer epoch     int16
//	53 base sequence      int32
//	57 record count       int32
//	61 records
type Batch []byte

const (
	// CodecZstd is the codec of batches that not all clients know (KIP-110).
	CodecZstd = 4
	// HeaderLen is what every batch has before its records, bytes.
	HeaderLen = 61
	// PatchLen is how many leading bytes hold all that [Batch.Patch] changes: base offset and
	// leader epoch, with the length between them.
	PatchLen = 16
	// MaxBytes bounds a batch that [AppendBatch] builds, and what a door should take at once:
	// Kafka's default of socket.request.max.bytes.
	MaxBytes = 100 << 20

	lengthBase = 12 // bytes that the batch length field does not count

	noTimestamp = -1 // of a record whose producer gave it none

	attrCodec         = 0x07
	attrLogAppendTime = 0x08
	attrTransactional = 0x10
	attrControl       = 0x20

	codecGzip   = 1
	codecSnappy = 2
	codecLZ4    = 3
	maxCodec    = CodecZstd

	maxMagic = 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (b Batch) length() int64    { return int64(int32(binary.BigEndian.Uint32(b[8:]))) + lengthBase }
func (b Batch) magic() int8      { return int8(b[16]) }
func (b Batch) crc() uint32      { return binary.BigEndian.Uint32(b[17:]) }
func (b Batch) lastDelta() int32 { return int32(binary.BigEndian.Uint32(b[23:])) }

// BaseOffset is the offset of the first record. In what a producer sends it is 0.
func (b Batch) BaseOffset() int64 { return int64(binary.BigEndian.Uint64(b)) }

// Attributes are the flags of the batch: codec, timestamp type, transactional, control.
func (b Batch) Attributes() int16 { return int16(binary.BigEndian.Uint16(b[21:])) }

// Codec is how the records are compressed: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
func (b Batch) Codec() int16 { return b.Attributes() & attrCodec }

// Offsets is how many offsets the batch covers: as many as it has records, unless it was compacted.
func (b Batch) Offsets() int64 { return int64(b.lastDelta()) + 1 }

// Count is how many records the batch has.
func (b Batch) Count() int32 { return int32(binary.BigEndian.Uint32(b[57:])) }

// BaseTimestamp is what the records' timestamps count from: that of the first one, milliseconds since 1970.
func (b Batch) BaseTimestamp() int64 { return int64(binary.BigEndian.Uint64(b[27:])) }

// MaxTimestamp is the largest timestamp of the records as the header has it, milliseconds since 1970.
func (b Batch) MaxTimestamp() int64 { return int64(binary.BigEndian.Uint64(b[35:])) }

// ProducerID is the idempotent producer that sent the batch (KIP-98), -1 for any other.
func (b Batch) ProducerID() int64 { return int64(binary.BigEndian.Uint64(b[43:])) }

// Idempotent says whether the batch has a place in the sequence of an idempotent producer: id and epoch are both given.
func (b Batch) Idempotent() bool { return b.ProducerID() >= 0 && b.ProducerEpoch() >= 0 }

// ProducerEpoch is the epoch of that producer.
func (b Batch) ProducerEpoch() int16 { return int16(binary.BigEndian.Uint16(b[51:])) }

// BaseSequence is the sequence number of the first record.
func (b Batch) BaseSequence() int32 { return int32(binary.BigEndian.Uint32(b[53:])) }

// Patch writes what the log assigned, base offset and leader epoch, into the batch. Its checksum does not cover them.
func (b Batch) Patch(base int64, leaderEpoch int32) {
	binary.BigEndian.PutUint64(b, uint64(base))
	binary.BigEndian.PutUint32(b[12:], uint32(leaderEpoch))
}

// SetAppendTime gives all records of the batch one timestamp, as a topic with
// message.timestamp.type=LogAppendTime asks, and renews the checksum.
func (b Batch) SetAppendTime(ms int64) { b.setTime(b.Attributes()|attrLogAppendTime, ms) }

// SetMaxTimestamp writes the largest timestamp of the records into the header, and that they are the
// producer's. The checksum is renewed where that changes anything.
func (b Batch) SetMaxTimestamp(ms int64) { b.setTime(b.Attributes()&^attrLogAppendTime, ms) }

func (b Batch) setTime(attributes int16, maxTimestamp int64) {
	if attributes == b.Attributes() && maxTimestamp == b.MaxTimestamp() {
		return
	}
	binary.BigEndian.PutUint16(b[21:], uint16(attributes))
	binary.BigEndian.PutUint64(b[35:], uint64(maxTimestamp))
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], castagnoli))
}

// Next cuts the first batch off src by its length field. It checks the framing only, not the
// checksum: [ErrCorrupt] where no whole batch stands there, [ErrUnsupported] for an older magic. b and rest
// share src's memory.
func Next(src []byte) (b Batch, rest []byte, err error) {
	if len(src) < HeaderLen {
		// The magic byte stands at the same position in all versions, so an old
		// message set, whose header is shorter, is still told apart.
		if len(src) > 16 && int8(src[16]) < maxMagic {
			return nil, nil, oldMagic(src)
		}
		return nil, nil, fmt.Errorf("%w: %d bytes where a header of %d must stand", ErrCorrupt, len(src), HeaderLen)
	}
	if Batch(src).magic() < maxMagic {
		return nil, nil, oldMagic(src)
	}
	n := Batch(src).length()
	if n < HeaderLen || n > int64(len(src)) {
		return nil, nil, fmt.Errorf("%w: says it has %d bytes, of %d", ErrCorrupt, n, len(src))
	}
	return Batch(src[:n:n]), src[n:], nil
}

func oldMagic(src []byte) error {
	return fmt.Errorf("%w: magic %d, only record batches of magic 2 are taken (Kafka 0.11 and newer)", ErrUnsupported, int8(src[16]))
}
