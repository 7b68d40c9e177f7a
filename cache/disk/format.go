package disk

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A slab is one file of the disk tier. All numbers are big endian, checksums
// are CRC-32C.
//
//	header   8  "blkcache"
//	         4  version, 1
//	         4  checksum of the 12 bytes before
//	records, each a block:
//	         4  "blok"
//	         2  length of the object's name, 1 to 1024
//	         2  0
//	         8  offset of the block in the object
//	         4  length of the block
//	         4  checksum of the 20 bytes before and of the name
//	         .  name of the object
//	         .  the block as it is stored, with a checksum of its own
//	index, in a slab that was finished:
//	        24  per record: digest of the key (16), position (4), length (4)
//	trailer  8  "blkindex"
//	         4  number of records
//	         4  checksum of the index
//	         4  checksum of the 16 bytes before
//	         4  0
//
// A record is found by the digest of its key and believed only if the key
// in it is the same. A slab without a good trailer, left by a crash, is read
// record by record up to the first that is not whole.
const (
	slabMagic   = "blkcache"
	recordMagic = "blok"
	indexMagic  = "blkindex"
	slabVersion = 1

	headerBytes       = 16
	recordHeaderBytes = 24
	entryBytes        = 24
	trailerBytes      = 24
)

// castagnoli is CRC-32C, as in RFC 3720, which processors have an instruction for.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// digest stands for a key in the index: 16 bytes where names would take a hundred. Two keys with the same one do no harm
// but a miss, for a record has its key in it.
type digest [16]byte

// digestOf is the beginning of a SHA-256: names come from the bucket, where somebody might look for collisions.
func digestOf(k Key) digest {
	var scratch [256]byte
	b := binary.BigEndian.AppendUint64(scratch[:0], uint64(k.Offset))
	b = binary.BigEndian.AppendUint64(b, uint64(k.Length))
	b = append(b, k.Object...)
	sum := sha256.Sum256(b)
	return digest(sum[:16])
}

// entry says where in its slab a record lies.
type entry struct {
	digest   digest
	position uint32
	length   uint32 // of the whole record
}

// appendHeader encodes the header of a slab.
func appendHeader(b []byte) []byte {
	start := len(b)
	b = append(b, slabMagic...)
	b = binary.BigEndian.AppendUint32(b, slabVersion)
	return appendChecksum(b, b[start:])
}

// appendChecksum appends the checksum of bytes, which may be a part of b.
func appendChecksum(b, of []byte) []byte {
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(of, castagnoli))
}

// recordBytes is what a block takes in a slab, without its entry in the index.
func recordBytes(k Key) int64 { return recordHeaderBytes + int64(len(k.Object)) + k.Length }

// appendRecord encodes a block; len(stored) is k.Length. The block itself gets no checksum here: it has one of its own,
// which who reads it checks.
func appendRecord(b []byte, k Key, stored []byte) []byte {
	start := len(b)
	b = append(b, recordMagic...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(k.Object)))
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(k.Offset))
	b = binary.BigEndian.AppendUint32(b, uint32(k.Length))
	sum := crc32.Checksum(b[start:], castagnoli)
	b = binary.BigEndian.AppendUint32(b, crc32.Update(sum, castagnoli, []byte(k.Object)))
	b = append(b, k.Object...)
	return append(b, stored...)
}

// decodeRecordHeader reads the key of the record that b begins with. b holds the
// header and the name at least; the block itself may be missing.
func decodeRecordHeader(b []byte) (Key, error) {
	if len(b) < recordHeaderBytes || string(b[:4]) != recordMagic {
		return Key{}, fmt.Errorf("%w: no record", ErrCorrupt)
	}
	name := int(binary.BigEndian.Uint16(b[4:]))
	if name > maxObjectBytes || len(b) < recordHeaderBytes+name || b[6] != 0 || b[7] != 0 {
		return Key{}, fmt.Errorf("%w: name of %d bytes in %d bytes", ErrCorrupt, name, len(b))
	}
	object := b[recordHeaderBytes : recordHeaderBytes+name]
	sum := crc32.Update(crc32.Checksum(b[:20], castagnoli), castagnoli, object)
	if want := binary.BigEndian.Uint32(b[20:]); sum != want {
		return Key{}, fmt.Errorf("%w: header checksum %08x, not %08x", ErrCorrupt, sum, want)
	}
	k := Key{
		Object: string(object),
		Offset: int64(binary.BigEndian.Uint64(b[8:])),
		Length: int64(binary.BigEndian.Uint32(b[16:])),
	}
	if err := k.Validate(); err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return k, nil
}

// storedBlock returns the block in record, a part of it, after checking that it is the one of k. Everything else is
// ErrCorrupt.
func storedBlock(record []byte, k Key) ([]byte, error) {
	found, err := decodeRecordHeader(record)
	if err != nil {
		return nil, err
	}
	if found != k || int64(len(record)) != recordBytes(k) {
		return nil, fmt.Errorf("%w: holds %s in %d bytes", ErrCorrupt, found, len(record))
	}
	return record[recordHeaderBytes+len(k.Object):], nil
}

// appendIndex encodes the index and the trailer, which end a slab.
func appendIndex(b []byte, entries []entry) []byte {
	start := len(b)
	for _, e := range entries {
		b = append(b, e.digest[:]...)
		b = binary.BigEndian.AppendUint32(b, e.position)
		b = binary.BigEndian.AppendUint32(b, e.length)
	}
	trailer := len(b)
	b = append(b, indexMagic...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(entries)))
	b = appendChecksum(b, b[start:trailer])
	b = appendChecksum(b, b[trailer:])
	return append(b, 0, 0, 0, 0)
}

// decodeTrailer returns the number of records, if b is the trailer of a slab of fileBytes. The number fits into the
// file, so that an index of it may be allocated.
func decodeTrailer(b []byte, fileBytes int64) (count int, indexSum uint32, ok bool) {
	if len(b) != trailerBytes || string(b[:8]) != indexMagic || !bytes.Equal(b[16:], append(appendChecksum(nil, b[:16]), 0, 0, 0, 0)) {
		return 0, 0, false
	}
	n := int64(binary.BigEndian.Uint32(b[8:]))
	if n*(entryBytes+recordHeaderBytes) > fileBytes {
		return 0, 0, false
	}
	return int(n), binary.BigEndian.Uint32(b[12:]), true
}

// decodeIndex returns the entries of an index whose records lie before position end. It is all or nothing: one entry that
// points elsewhere means that the index is not of this file.
func decodeIndex(b []byte, sum uint32, end int64) ([]entry, bool) {
	if crc32.Checksum(b, castagnoli) != sum {
		return nil, false
	}
	entries := make([]entry, 0, len(b)/entryBytes)
	for ; len(b) >= entryBytes; b = b[entryBytes:] {
		e := entry{
			digest:   digest(b[:16]),
			position: binary.BigEndian.Uint32(b[16:]),
			length:   binary.BigEndian.Uint32(b[20:]),
		}
		if e.position < headerBytes || int64(e.position)+int64(e.length) > end {
			return nil, false
		}
		entries = append(entries, e)
	}
	return entries, true
}
