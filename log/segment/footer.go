package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// The segment format; FORMAT.md draws it. A segment is one immutable object:
//
//	magic | blocks, sorted by partition | commit | footer
//
// The commit names every block with its position, so it is the index as well. All
// that identifies the object stands in the footer, so one read of its last
// bytes gives a replay all that it needs.
const (
	segmentMagic  = "SHSEG\x00\x00\x01" // the last byte is the format version
	footerMagic   = "SHF\x01"
	blockMagic    = "SHB\x01"
	minSegmentLen = len(segmentMagic) + FooterLen
)

// FooterLen and BlockHeaderLen are the sizes of what frames a segment and a block, bytes.
const (
	FooterLen      = 80
	BlockHeaderLen = 40
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Footer identifies a segment and tells where its commit stands. All integers
// of the format are little-endian.
type Footer struct {
	Cluster   [16]byte
	Writer    [16]byte // the process that wrote it: a random id
	Epoch     uint32   // from here on: set by [Writer.Finish]
	Seq       uint64
	commitPos uint64
	commitLen uint32
	commitCRC uint32
	objectLen uint64
}

// validate is called by the encoder and the decoder.
func (f *Footer) validate() error {
	switch {
	case f.Cluster == [16]byte{}:
		return errors.New("no cluster id")
	case f.Seq == 0:
		return errors.New("sequence number 0")
	case f.objectLen < uint64(minSegmentLen) || f.objectLen > math.MaxInt64:
		return fmt.Errorf("object length %d", f.objectLen)
	case f.commitPos < uint64(len(segmentMagic)) || f.commitPos+uint64(f.commitLen)+FooterLen != f.objectLen:
		return fmt.Errorf("commit of %d bytes at %d in an object of %d", f.commitLen, f.commitPos, f.objectLen)
	}
	return nil
}

func appendFooter(dst []byte, f *Footer) []byte {
	from := len(dst)
	dst = append(dst, f.Cluster[:]...)
	dst = append(dst, f.Writer[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, f.Epoch)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = binary.LittleEndian.AppendUint64(dst, f.Seq)
	dst = binary.LittleEndian.AppendUint64(dst, f.commitPos)
	dst = binary.LittleEndian.AppendUint32(dst, f.commitLen)
	dst = binary.LittleEndian.AppendUint32(dst, f.commitCRC)
	dst = binary.LittleEndian.AppendUint64(dst, f.objectLen)
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[from:], castagnoli))
	return append(dst, footerMagic...)
}

// DecodeFooter reads the footer off the end of an object of size bytes. [ErrCorrupt] where none stands there
// that fits the object.
func DecodeFooter(end []byte, size int64) (Footer, error) {
	var f Footer
	if len(end) < FooterLen {
		return f, fmt.Errorf("%w: not a segment: %d bytes", ErrCorrupt, len(end))
	}
	b := end[len(end)-FooterLen:]
	if string(b[FooterLen-4:]) != footerMagic {
		return f, fmt.Errorf("%w: not a segment: it ends in %x, not in %x: truncated, or written by another version", ErrCorrupt, b[FooterLen-4:], footerMagic)
	}
	if sum, want := crc32.Checksum(b[:72], castagnoli), binary.LittleEndian.Uint32(b[72:]); sum != want {
		return f, fmt.Errorf("%w: not a segment: the footer's CRC-32C is %08x, it says %08x", ErrCorrupt, sum, want)
	}
	copy(f.Cluster[:], b)
	copy(f.Writer[:], b[16:])
	f.Epoch = binary.LittleEndian.Uint32(b[32:])
	f.Seq = binary.LittleEndian.Uint64(b[40:])
	f.commitPos = binary.LittleEndian.Uint64(b[48:])
	f.commitLen = binary.LittleEndian.Uint32(b[56:])
	f.commitCRC = binary.LittleEndian.Uint32(b[60:])
	f.objectLen = binary.LittleEndian.Uint64(b[64:])
	if f.objectLen != uint64(size) {
		return f, fmt.Errorf("%w: not a segment: the object has %d bytes, its footer says %d", ErrCorrupt, size, f.objectLen)
	}
	if err := f.validate(); err != nil {
		return f, fmt.Errorf("%w: not a segment: %w", ErrCorrupt, err)
	}
	return f, nil
}
