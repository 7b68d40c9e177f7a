package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// What reading compressed records may cost. A few bytes can claim, or really
// hold, any number of plain ones, so nothing is allocated for a claim beyond
// these bounds, and what streams is stopped at them.
const (
	// maxPlainBytes bounds the records of one batch after decompression: more than could have been
	// sent without compression, and no less than the window that zstd's highest level asks for.
	maxPlainBytes = 128 << 20
	// smallBatchBytes is what any number of readers may decompress at once. A batch beyond it is a
	// giant: it is decompressed again under maxPlainBytes, a few at a time.
	smallBatchBytes = 4 << 20
	// giantsAtOnce bounds the giants in memory.
	giantsAtOnce = 2
	// maxRecordHeaders bounds the headers of one record: decoded, a header takes twenty times the two
	// bytes that it can be written in.
	maxRecordHeaders = 1 << 16
)

// giants holds a token per giant in memory.
var giants = make(chan struct{}, giantsAtOnce)

// errTooMuch reports records that decompress to more than the limit.
var errTooMuch = errors.New("records decompress to more than the limit")

// decompress returns the plain form of src, at most limit bytes of it, in new
// memory. The codec is a batch's, not 0.
func decompress(codec int16, src []byte, limit int) ([]byte, error) {
	switch codec {
	case codecGzip:
		return gunzip(src, limit)
	case codecSnappy:
		return appendUnsnappy(nil, src, limit)
	case codecLZ4:
		return unlz4(src, limit)
	case CodecZstd:
		return unzstd(src, limit)
	}
	return nil, fmt.Errorf("unknown compression codec %d", codec)
}

var gzipReaders = sync.Pool{New: func() any { return new(gzip.Reader) }}

func gunzip(src []byte, limit int) ([]byte, error) {
	r := gzipReaders.Get().(*gzip.Reader)
	defer gzipReaders.Put(r)
	if err := r.Reset(bytes.NewReader(src)); err != nil {
		return nil, err
	}
	return readAtMost(r, len(src), limit)
}

var lz4Readers = sync.Pool{New: func() any { return lz4.NewReader(nil) }}

func unlz4(src []byte, limit int) ([]byte, error) {
	r := lz4Readers.Get().(*lz4.Reader)
	defer lz4Readers.Put(r)
	r.Reset(bytes.NewReader(src))
	return readAtMost(r, len(src), limit)
}

// readAtMost reads r to its end. Its memory grows with what really comes.
func readAtMost(r io.Reader, compressed, limit int) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(min(4*compressed, limit) + bytes.MinRead)
	if _, err := b.ReadFrom(io.LimitReader(r, int64(limit)+1)); err != nil {
		return nil, err
	}
	if b.Len() > limit {
		return nil, errTooMuch
	}
	return b.Bytes(), nil
}

// The decoders are made when the program starts: they hold channels, and testing/synctest would tie those
// to the test that first needs them. Any number of callers may use one, each waiting its turn where all of its lanes (one per
// processor) are busy.
var (
	// recordZstd holds one decoder per limit.
	recordZstd = map[int]*zstd.Decoder{smallBatchBytes: newZstd(smallBatchBytes), maxPlainBytes: newZstd(maxPlainBytes)}
	// cappedZstd decodes into the room that it is given, whatever window a frame asks for: clients that compress at
	// a high level ask for much, for few records.
	cappedZstd = newZstd(maxPlainBytes, zstd.WithDecodeAllCapLimit(true))
)

func newZstd(limit uint64, more ...zstd.DOption) *zstd.Decoder {
	d, err := zstd.NewReader(nil, append(more, zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(limit))...)
	if err != nil {
		panic(err) // options that are constants contradict each other
	}
	return d
}

func unzstd(src []byte, limit int) ([]byte, error) {
	plain, err := recordZstd[limit].DecodeAll(src, nil)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) || len(plain) > limit {
		return nil, errTooMuch
	}
	return plain, err
}

// unzstdInto returns the plain form of src in the capacity of dst, or errTooMuch.
func unzstdInto(dst, src []byte) ([]byte, error) {
	plain, err := cappedZstd.DecodeAll(src, dst)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
		return nil, errTooMuch
	}
	return plain, err
}

// xerialMagic begins the framing of the Java client: the magic, two versions
// of four bytes, then per block its length and a snappy block.
var xerialMagic = []byte("\x82SNAPPY\x00")

const xerialHeaderLen = 16

// appendUnsnappy appends the plain form of src, framed or not, to plain, which is empty.
func appendUnsnappy(plain, src []byte, limit int) ([]byte, error) {
	if len(src) < xerialHeaderLen || !bytes.HasPrefix(src, xerialMagic) {
		return appendSnappy(plain, src, limit)
	}
	for src = src[xerialHeaderLen:]; len(src) > 0; {
		if len(src) < 4 {
			return nil, errors.New("snappy framing ends inside a length")
		}
		n := int64(binary.BigEndian.Uint32(src))
		src = src[4:]
		if n > int64(len(src)) {
			return nil, fmt.Errorf("snappy block of %d bytes, of %d left", n, len(src))
		}
		var err error
		if plain, err = appendSnappy(plain, src[:n], limit); err != nil {
			return nil, err
		}
		src = src[n:]
	}
	return plain, nil
}

// snappyRatio is what a snappy block can shrink by at most: a copy of 64 bytes
// is written in three.
const snappyRatio = 22

// appendSnappy appends the plain form of one snappy block. The block says its
// plain length; a length that its bytes cannot hold is not believed.
func appendSnappy(dst, block []byte, limit int) ([]byte, error) {
	n, err := s2.DecodedLen(block)
	if err != nil {
		return nil, err
	}
	if n > limit-len(dst) {
		return nil, errTooMuch
	}
	if n > snappyRatio*len(block) {
		return nil, fmt.Errorf("snappy block of %d bytes claims to hold %d", len(block), n)
	}
	dst = append(dst, make([]byte, n)...)
	_, err = s2.Decode(dst[len(dst)-n:], block)
	return dst, err
}
