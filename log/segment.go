package log

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"streamhouse/meta"
)

// The segment format; FORMAT.md draws it. A segment is one immutable object:
//
//	magic | blocks, sorted by partition | commit | footer
//
// The commit names every block with its place, so it is the index as well. All
// that identifies the object stands in the footer, so one read of its last
// bytes gives a replay all that it needs.
const (
	segmentMagic  = "SHSEG\x00\x00\x01" // the last byte is the format version
	footerMagic   = "SHF\x01"
	blockMagic    = "SHB\x01"
	footerLen     = 80
	blockHeadLen  = 40
	minSegmentLen = len(segmentMagic) + footerLen
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// footer identifies a segment and tells where its commit stands. All integers
// of the format are little-endian.
type footer struct {
	cluster   [16]byte
	writer    [16]byte // the process that wrote it: a random id
	epoch     uint32
	seq       uint64
	commitPos uint64
	commitLen uint32
	commitCRC uint32
	objectLen uint64
}

var errNotSegment = errors.New("not a segment")

// validate is called by the encoder and the decoder.
func (f *footer) validate() error {
	switch {
	case f.cluster == [16]byte{}:
		return errors.New("no cluster id")
	case f.seq == 0:
		return errors.New("sequence number 0")
	case f.objectLen < uint64(minSegmentLen) || f.objectLen > math.MaxInt64:
		return fmt.Errorf("object length %d", f.objectLen)
	case f.commitPos < uint64(len(segmentMagic)) || f.commitPos+uint64(f.commitLen)+footerLen != f.objectLen:
		return fmt.Errorf("commit of %d bytes at %d in an object of %d", f.commitLen, f.commitPos, f.objectLen)
	}
	return nil
}

func appendFooter(dst []byte, f *footer) []byte {
	from := len(dst)
	dst = append(dst, f.cluster[:]...)
	dst = append(dst, f.writer[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, f.epoch)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = binary.LittleEndian.AppendUint64(dst, f.seq)
	dst = binary.LittleEndian.AppendUint64(dst, f.commitPos)
	dst = binary.LittleEndian.AppendUint32(dst, f.commitLen)
	dst = binary.LittleEndian.AppendUint32(dst, f.commitCRC)
	dst = binary.LittleEndian.AppendUint64(dst, f.objectLen)
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[from:], castagnoli))
	return append(dst, footerMagic...)
}

// decodeFooter reads the footer off the end of an object of size bytes.
func decodeFooter(end []byte, size int64) (footer, error) {
	var f footer
	if len(end) < footerLen {
		return f, fmt.Errorf("%w: %d bytes", errNotSegment, len(end))
	}
	b := end[len(end)-footerLen:]
	if string(b[footerLen-4:]) != footerMagic {
		return f, fmt.Errorf("%w: it ends in %x, not in %x: truncated, or written by another version", errNotSegment, b[footerLen-4:], footerMagic)
	}
	if sum, want := crc32.Checksum(b[:72], castagnoli), binary.LittleEndian.Uint32(b[72:]); sum != want {
		return f, fmt.Errorf("%w: the footer's CRC-32C is %08x, it says %08x", errNotSegment, sum, want)
	}
	copy(f.cluster[:], b)
	copy(f.writer[:], b[16:])
	f.epoch = binary.LittleEndian.Uint32(b[32:])
	f.seq = binary.LittleEndian.Uint64(b[40:])
	f.commitPos = binary.LittleEndian.Uint64(b[48:])
	f.commitLen = binary.LittleEndian.Uint32(b[56:])
	f.commitCRC = binary.LittleEndian.Uint32(b[60:])
	f.objectLen = binary.LittleEndian.Uint64(b[64:])
	if f.objectLen != uint64(size) {
		return f, fmt.Errorf("%w: the object has %d bytes, its footer says %d", errNotSegment, size, f.objectLen)
	}
	if err := f.validate(); err != nil {
		return f, fmt.Errorf("%w: %w", errNotSegment, err)
	}
	return f, nil
}

// segmentWriter builds a segment in one buffer: blocks first, then finish.
type segmentWriter struct {
	buf        []byte
	compressor *compressor // only for block
	hurry      bool        // flushes queue up: speed counts for more than size
}

func (w *segmentWriter) reset() { w.buf = append(w.buf[:0], segmentMagic...) }

// block adds the raw bytes of whole batches of one partition and returns where
// the block stands. compress says whether a compression is worth trying.
func (w *segmentWriter) block(p PartitionID, raw []byte, compress bool) (pos int64, length int32) {
	from := len(w.buf)
	w.buf = append(w.buf, blockMagic...)
	w.buf = append(w.buf, make([]byte, blockHeadLen-len(blockMagic))...)
	codec := byte(codecStored)
	if compress {
		w.buf, codec = w.compressor.compress(w.buf, raw, w.hurry)
	}
	if n := len(w.buf) - from - blockHeadLen; !compress || n >= len(raw)-len(raw)/16 {
		w.buf, codec = append(w.buf[:from+blockHeadLen], raw...), codecStored
	}
	head := w.buf[from:]
	head[8] = codec
	binary.LittleEndian.PutUint32(head[12:], uint32(len(raw)))
	binary.LittleEndian.PutUint32(head[16:], uint32(len(head)-blockHeadLen))
	binary.LittleEndian.PutUint32(head[20:], uint32(p.Index))
	copy(head[24:40], p.Topic[:])
	binary.LittleEndian.PutUint32(head[4:], crc32.Checksum(head[8:], castagnoli))
	return int64(from), int32(len(head))
}

// finish adds the commit and the footer, and returns the object. It is valid
// until the next reset.
func (w *segmentWriter) finish(f footer, c *meta.Commit) ([]byte, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("commit %d: %w", c.Seq, err)
	}
	from := len(w.buf)
	w.buf = meta.AppendCommit(w.buf, c)
	f.epoch, f.seq = c.Epoch, c.Seq
	f.commitPos, f.commitLen = uint64(from), uint32(len(w.buf)-from)
	f.commitCRC = crc32.Checksum(w.buf[from:], castagnoli)
	f.objectLen = uint64(len(w.buf) + footerLen)
	if err := f.validate(); err != nil {
		return nil, fmt.Errorf("segment %d: %w", c.Seq, err)
	}
	w.buf = appendFooter(w.buf, &f)
	c.Size = int64(len(w.buf))
	return w.buf, nil
}
