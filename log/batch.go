package log

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// batch is a view over the bytes of one record batch, magic 2: the engine's
// unit of data. The engine never decodes the records inside.
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
type batch []byte

const (
	batchHeaderLen  = 61
	batchLengthBase = 12 // bytes that the batch length field does not count
	// batchPatchLen is how many leading bytes hold all that the engine changes
	// in a batch: base offset and leader epoch, with the length between them.
	batchPatchLen = 16

	attrCodec         = 0x07
	attrLogAppendTime = 0x08
	attrTransactional = 0x10
	attrControl       = 0x20

	maxCodec = 4 // zstd
	maxMagic = 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (b batch) length() int64        { return int64(int32(binary.BigEndian.Uint32(b[8:]))) + batchLengthBase }
func (b batch) magic() int8          { return int8(b[16]) }
func (b batch) crc() uint32          { return binary.BigEndian.Uint32(b[17:]) }
func (b batch) attributes() int16    { return int16(binary.BigEndian.Uint16(b[21:])) }
func (b batch) lastDelta() int32     { return int32(binary.BigEndian.Uint32(b[23:])) }
func (b batch) baseTimestamp() int64 { return int64(binary.BigEndian.Uint64(b[27:])) }
func (b batch) maxTimestamp() int64  { return int64(binary.BigEndian.Uint64(b[35:])) }
func (b batch) producerID() int64    { return int64(binary.BigEndian.Uint64(b[43:])) }
func (b batch) producerEpoch() int16 { return int16(binary.BigEndian.Uint16(b[51:])) }
func (b batch) baseSequence() int32  { return int32(binary.BigEndian.Uint32(b[53:])) }
func (b batch) records() int32       { return int32(binary.BigEndian.Uint32(b[57:])) }
func (b batch) codec() int16         { return b.attributes() & attrCodec }
func (b batch) offsets() int64       { return int64(b.lastDelta()) + 1 }

// place writes what the state assigned into the batch, outside its checksum.
func (b batch) place(base int64, leaderEpoch int32) {
	binary.BigEndian.PutUint64(b, uint64(base))
	binary.BigEndian.PutUint32(b[12:], uint32(leaderEpoch))
}

// setAppendTime gives all records of the batch one timestamp, as a topic with
// message.timestamp.type=LogAppendTime asks, and renews the checksum.
func (b batch) setAppendTime(ms int64) {
	binary.BigEndian.PutUint16(b[21:], uint16(b.attributes()|attrLogAppendTime))
	binary.BigEndian.PutUint64(b[35:], uint64(ms))
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], castagnoli))
}

// nextBatch cuts the first batch off src by its length field. It checks the
// framing only.
func nextBatch(src []byte) (b batch, rest []byte, err error) {
	if len(src) < batchHeaderLen {
		// The magic byte stands at the same place in all versions, so an old
		// message set, whose header is shorter, is still told apart.
		if len(src) > 16 && int8(src[16]) < maxMagic {
			return nil, nil, oldMagic(src)
		}
		return nil, nil, fmt.Errorf("%w: %d bytes where a header of %d must stand", ErrCorruptBatch, len(src), batchHeaderLen)
	}
	if batch(src).magic() < maxMagic {
		return nil, nil, oldMagic(src)
	}
	n := batch(src).length()
	if n < batchHeaderLen || n > int64(len(src)) {
		return nil, nil, fmt.Errorf("%w: says it has %d bytes, of %d", ErrCorruptBatch, n, len(src))
	}
	return batch(src[:n:n]), src[n:], nil
}

func oldMagic(src []byte) error {
	return fmt.Errorf("%w: magic %d, only record batches of magic 2 are taken (Kafka 0.11 and newer)", ErrUnsupportedBatch, int8(src[16]))
}

// verify checks a batch that a producer sent. It does not look at the records
// themselves: they are the consumer's.
func (b batch) verify() error {
	if b.magic() != maxMagic {
		return fmt.Errorf("%w: magic %d", ErrUnsupportedBatch, b.magic())
	}
	if sum := crc32.Checksum(b[21:], castagnoli); sum != b.crc() {
		return fmt.Errorf("%w: CRC-32C is %08x, the header says %08x", ErrCorruptBatch, sum, b.crc())
	}
	switch {
	case b.records() < 1:
		return fmt.Errorf("%w: %d records", ErrInvalidRecord, b.records())
	case b.lastDelta() != b.records()-1:
		return fmt.Errorf("%w: %d records with a last offset delta of %d", ErrInvalidRecord, b.records(), b.lastDelta())
	case b.codec() > maxCodec:
		return fmt.Errorf("%w: unknown compression codec %d", ErrInvalidRecord, b.codec())
	case b.attributes()&attrControl != 0:
		return fmt.Errorf("%w: control batches are the broker's to write", ErrInvalidRecord)
	case b.attributes()&attrTransactional != 0:
		return ErrTransactional
	case b.producerID() < -1:
		return fmt.Errorf("%w: producer id %d", ErrInvalidRecord, b.producerID())
	case b.producerID() >= 0 && (b.producerEpoch() < 0 || b.baseSequence() < 0):
		return fmt.Errorf("%w: producer %d with epoch %d and sequence %d", ErrInvalidRecord, b.producerID(), b.producerEpoch(), b.baseSequence())
	}
	return nil
}
