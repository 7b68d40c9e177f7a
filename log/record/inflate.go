package record

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"

	"github.com/klauspost/compress/gzip"
	"github.com/pierrec/lz4/v4"
)

// windowBytes is what a walker has in memory of records that it decompresses as a stream.
const windowBytes = 64 << 10

// inflater is what decompressing records takes, for one batch at a time. gzip and LZ4 come as a stream, through the
// window. snappy and zstd refer back to anything that they have said before, so they are decompressed whole, as
// long as that is no more than smallBatchBytes; a batch beyond that is a giant, as it is for readers.
type inflater struct {
	src    bytes.Reader
	window []byte
	gzip   gzip.Reader
	lz4    *lz4.Reader
	plain  []byte // capacity smallBatchBytes, made when it is needed
}

// inflaters has one per processor: more could not run at once, and each holds megabytes. nil: not made yet.
var inflaters = make(chan *inflater, runtime.GOMAXPROCS(0))

func init() {
	for range cap(inflaters) {
		inflaters <- nil
	}
}

// walk walks over the batch's records.
func (b Batch) walk(t *stamps) error {
	records, count := b[HeaderLen:], b.Count()
	if b.Codec() == 0 {
		w := walk(records)
		return w.records(count, t)
	}
	if err := b.inflate(t); !errors.Is(err, errGiant) {
		return err
	}
	giants <- struct{}{}
	defer func() { <-giants }()
	plain, err := decompress(b.Codec(), records, maxPlainBytes)
	if err != nil {
		return undecodable(b.Codec(), err)
	}
	w := walk(plain)
	return w.records(count, t)
}

// inflate walks over records that are compressed, with an inflater that it has for itself. One that panics,
// as decompressors have done over what a client sent, is not used again, but its place is.
func (b Batch) inflate(t *stamps) error {
	in := <-inflaters
	var again *inflater
	defer func() { inflaters <- again }()
	if in == nil {
		in = &inflater{window: make([]byte, windowBytes), lz4: lz4.NewReader(nil)}
	}
	err := in.walk(b.Codec(), b[HeaderLen:], b.Count(), t)
	in.src.Reset(nil)
	again = in
	return err
}

// errGiant reports a batch that is decompressed whole to more than smallBatchBytes.
var errGiant = errors.New("giant")

func (in *inflater) walk(codec int16, records []byte, count int32, t *stamps) error {
	in.src.Reset(records)
	switch codec {
	case codecGzip:
		if err := in.gzip.Reset(&in.src); err != nil {
			return undecodable(codec, err)
		}
		w := stream(&in.gzip, in.window)
		return w.records(count, t)
	case codecLZ4:
		if err := checkLZ4Frame(records); err != nil {
			return undecodable(codec, err)
		}
		in.lz4.Reset(&in.src)
		w := stream(in.lz4, in.window)
		return w.records(count, t)
	}
	plain, err := in.whole(codec, records)
	if errors.Is(err, errTooMuch) {
		return errGiant
	}
	if err != nil {
		return undecodable(codec, err)
	}
	w := walk(plain)
	return w.records(count, t)
}

// whole decompresses records of snappy or zstd. The result is valid until the next call.
func (in *inflater) whole(codec int16, records []byte) ([]byte, error) {
	if in.plain == nil {
		in.plain = make([]byte, 0, smallBatchBytes)
	}
	if codec == codecSnappy {
		return appendUnsnappy(in.plain, records, smallBatchBytes)
	}
	return unzstdInto(in.plain, records)
}

func undecodable(codec int16, err error) error {
	return fmt.Errorf("%w: records that are said to be compressed with codec %d: %w", ErrInvalid, codec, err)
}
