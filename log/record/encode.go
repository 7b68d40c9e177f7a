package record

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"math/bits"
)

// AppendBatch appends one uncompressed record batch (magic 2) with the records to dst: Kafka's
// unit of data, ready to be appended to the log. seq may be nil. It refuses what a batch cannot hold: no records
// or a negative sequence ([ErrInvalid]), more than [MaxBytes] ([ErrTooLarge]).
// The records get their offsets from the log; Record.Offset is not looked at.
//
// dst grows at most once. The result shares nothing with the records.
func AppendBatch(dst []byte, records []Record, seq *Sequence) ([]byte, error) {
	if len(records) == 0 {
		return dst, fmt.Errorf("%w: no records", ErrInvalid)
	}
	none := Sequence{ProducerID: -1, ProducerEpoch: -1, Base: -1}
	if seq == nil {
		seq = &none
	} else if seq.ProducerID < 0 || seq.ProducerEpoch < 0 || seq.Base < 0 {
		return dst, fmt.Errorf("%w: producer %d with epoch %d and sequence %d", ErrInvalid, seq.ProducerID, seq.ProducerEpoch, seq.Base)
	}
	first, size := records[0].Timestamp, int64(HeaderLen)
	for i := range records {
		n := recordLen(&records[i], int64(i), first)
		if size += int64(varintLen(n)) + n; size > MaxBytes {
			return dst, fmt.Errorf("%w: %d bytes with record %d of %d, at most %d", ErrTooLarge, size, i+1, len(records), MaxBytes)
		}
	}
	if cap(dst)-len(dst) < int(size) {
		dst = append(make([]byte, 0, len(dst)+int(size)), dst...)
	}
	start := len(dst)
	dst = appendHeader(dst, records, seq, size)
	for i := range records {
		dst = appendRecord(dst, &records[i], int64(i), first)
	}
	b := Batch(dst[start:])
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], castagnoli))
	return dst, nil
}

// appendHeader appends the header of a batch of size bytes, its checksum still zero.
func appendHeader(dst []byte, records []Record, seq *Sequence, size int64) []byte {
	latest := int64(math.MinInt64)
	for i := range records {
		latest = max(latest, records[i].Timestamp)
	}
	dst = binary.BigEndian.AppendUint64(dst, 0) // base offset: the state assigns it
	dst = binary.BigEndian.AppendUint32(dst, uint32(size-lengthBase))
	dst = binary.BigEndian.AppendUint32(dst, math.MaxUint32) // leader epoch -1, likewise
	dst = append(dst, maxMagic)
	dst = binary.BigEndian.AppendUint32(dst, 0) // CRC-32C
	dst = binary.BigEndian.AppendUint16(dst, 0) // attributes: no codec, CreateTime
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(records)-1))
	dst = binary.BigEndian.AppendUint64(dst, uint64(records[0].Timestamp))
	dst = binary.BigEndian.AppendUint64(dst, uint64(latest))
	dst = binary.BigEndian.AppendUint64(dst, uint64(seq.ProducerID))
	dst = binary.BigEndian.AppendUint16(dst, uint16(seq.ProducerEpoch))
	dst = binary.BigEndian.AppendUint32(dst, uint32(seq.Base))
	return binary.BigEndian.AppendUint32(dst, uint32(len(records)))
}

// appendRecord appends a record as it stands inside a batch:
//
//	length           varint  bytes that follow
//	attributes       int8    0
//	timestamp delta  varlong to the batch's base timestamp
//	offset delta     varint
//	key, value       varint  length, -1 for null, then the bytes
//	headers          varint  count, then per header key and value as above
//
// A timestamp delta that overflows wraps around, and wraps back on reading.
func appendRecord(dst []byte, r *Record, delta, first int64) []byte {
	dst = binary.AppendVarint(dst, recordLen(r, delta, first))
	dst = append(dst, 0)
	dst = binary.AppendVarint(dst, r.Timestamp-first)
	dst = binary.AppendVarint(dst, delta)
	dst = appendNullable(dst, r.Key)
	dst = appendNullable(dst, r.Value)
	dst = binary.AppendVarint(dst, int64(len(r.Headers)))
	for i := range r.Headers {
		h := &r.Headers[i]
		dst = binary.AppendVarint(dst, int64(len(h.Key)))
		dst = append(dst, h.Key...)
		dst = appendNullable(dst, h.Value)
	}
	return dst
}

// recordLen is the length that appendRecord writes in front of a record.
func recordLen(r *Record, delta, first int64) int64 {
	n := 1 + varintLen(r.Timestamp-first) + varintLen(delta) +
		nullableLen(r.Key) + nullableLen(r.Value) + varintLen(int64(len(r.Headers)))
	for i := range r.Headers {
		h := &r.Headers[i]
		n += varintLen(int64(len(h.Key))) + len(h.Key) + nullableLen(h.Value)
	}
	return int64(n)
}

func appendNullable(dst, v []byte) []byte {
	if v == nil {
		return binary.AppendVarint(dst, -1)
	}
	return append(binary.AppendVarint(dst, int64(len(v))), v...)
}

func nullableLen(v []byte) int {
	if v == nil {
		return varintLen(-1)
	}
	return varintLen(int64(len(v))) + len(v)
}

// varintLen is how many bytes binary.AppendVarint appends: 7 bits of the zigzag form each.
func varintLen(v int64) int {
	zigzag := uint64(v)<<1 ^ uint64(v>>63)
	return (bits.Len64(zigzag|1) + 6) / 7
}
