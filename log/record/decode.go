package record

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// DecodeError is what [Decode] says of a batch whose records cannot be read. The batch covers the
// offsets from Base up to, not including, Next: a reader may step over it.
type DecodeError struct {
	Base, Next int64
	Err        error // wraps ErrCorrupt
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("records of offsets %d to %d: %v", e.Base, e.Next-1, e.Err)
}

func (e *DecodeError) Unwrap() error { return e.Err }

// Decode calls yield for each record of the batches in pieces (as a read returns
// them), of any codec, from the offset on, until yield returns false. Keys, values and headers stay valid as long as
// the caller keeps them; they must not be changed, since they may share the pieces' memory.
// Control batches are skipped. LogAppendTime batches yield the batch's time.
//
// The engine takes batches without looking at the records inside, so these may be garbage, with a good checksum:
// that is a *DecodeError, after the records before them were yielded. What is not even a batch is [ErrCorrupt].
func Decode(pieces [][]byte, from int64, yield func(Record) bool) error {
	c := newCursor(pieces)
	for c.left > 0 {
		var h header
		records, err := c.next(&h)
		if err != nil {
			return err
		}
		if h.end() <= from || h.view().Attributes()&attrControl != 0 {
			continue
		}
		more, err := decodeBatch(h.view(), records, from, yield)
		if err != nil {
			return &DecodeError{Base: h.base(), Next: h.end(), Err: err}
		}
		if !more {
			return nil
		}
	}
	return nil
}

// EndOffset returns the offset after the last batch in pieces: where a reader goes on that found no
// record of use in them. It is -1 for no pieces and [ErrCorrupt] where they are not whole batches.
func EndOffset(pieces [][]byte) (int64, error) {
	c := newCursor(pieces)
	end := int64(-1)
	for c.left > 0 {
		var h header
		if err := c.skip(&h); err != nil {
			return -1, err
		}
		end = h.end()
	}
	return end, nil
}

// decodeBatch yields the records of one batch, given the bytes after its header.
// It returns false once yield did.
func decodeBatch(b Batch, src []byte, from int64, yield func(Record) bool) (bool, error) {
	if b.Codec() == 0 {
		return decodeRecords(b, src, from, false, yield)
	}
	plain, err := decompress(b.Codec(), src, smallBatchBytes)
	if err == nil {
		return decodeRecords(b, plain, from, false, yield)
	}
	if !errors.Is(err, errTooMuch) {
		return false, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	// Few at a time, and none stays in memory for the sake of one record in it.
	giants <- struct{}{}
	defer func() { <-giants }()
	if plain, err = decompress(b.Codec(), src, maxPlainBytes); err != nil {
		return false, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return decodeRecords(b, plain, from, true, yield)
}

// decodeRecords yields the records in src, the plain records section of b. With
// detach each yielded record gets memory of its own.
func decodeRecords(b Batch, src []byte, from int64, detach bool, yield func(Record) bool) (bool, error) {
	base, first, last := int64(binary.BigEndian.Uint64(b)), b.BaseTimestamp(), int64(-1)
	for i := range b.Count() {
		size, n := binary.Varint(src)
		if n <= 0 || size < 0 || size > int64(len(src)-n) {
			return false, fmt.Errorf("%w: record %d of %d has no valid length in the %d bytes left", ErrCorrupt, i, b.Count(), len(src))
		}
		body := fields{src: src[n : n+int(size)]}
		src = src[n+int(size):]
		body.int8() // attributes: none are defined
		stamp, delta := first+body.varint(), body.varint()
		if body.bad || delta <= last || delta > int64(b.lastDelta()) {
			return false, fmt.Errorf("%w: record %d of %d has offset delta %d after %d, at most %d", ErrCorrupt, i, b.Count(), delta, last, b.lastDelta())
		}
		last = delta
		if base+delta < from {
			continue
		}
		if b.Attributes()&attrLogAppendTime != 0 {
			stamp = b.MaxTimestamp()
		}
		if detach {
			body.src = append([]byte(nil), body.src...)
		}
		r := Record{Offset: base + delta, Timestamp: stamp, Key: body.nullable(), Value: body.nullable(), Headers: body.headers()}
		if body.bad || len(body.src) > 0 {
			return false, fmt.Errorf("%w: record %d of %d does not fill its %d bytes", ErrCorrupt, i, b.Count(), size)
		}
		if !yield(r) {
			return false, nil
		}
	}
	if len(src) > 0 {
		return false, fmt.Errorf("%w: %d bytes after the last of %d records", ErrCorrupt, len(src), b.Count())
	}
	return true, nil
}

// fields takes the fields of one record off src in order. After a field that is
// not there or cannot be, bad is set and all further ones are empty.
type fields struct {
	src []byte
	bad bool
}

func (f *fields) fail() {
	f.src, f.bad = nil, true
}

func (f *fields) int8() int8 {
	if len(f.src) < 1 {
		f.fail()
		return 0
	}
	v := int8(f.src[0])
	f.src = f.src[1:]
	return v
}

func (f *fields) varint() int64 {
	v, n := binary.Varint(f.src)
	if n <= 0 {
		f.fail()
		return 0
	}
	f.src = f.src[n:]
	return v
}

// nullable takes a length and as many bytes: nil for the length -1, never nil for 0.
func (f *fields) nullable() []byte {
	n := f.varint()
	if n == -1 || f.bad {
		return nil
	}
	if n < 0 || n > int64(len(f.src)) {
		f.fail()
		return nil
	}
	v := f.src[:n:n]
	f.src = f.src[n:]
	return v
}

// headers takes the headers. A header takes two bytes at least, so a false
// count allocates nothing.
func (f *fields) headers() []Header {
	n := f.varint()
	if n < 0 || n > maxRecordHeaders || n > int64(len(f.src))/2 {
		f.fail()
	}
	if n == 0 || f.bad {
		return nil
	}
	list := make([]Header, n)
	for i := range list {
		key := f.nullable()
		if key == nil { // Kafka knows no null key
			f.fail()
			return nil
		}
		list[i] = Header{Key: string(key), Value: f.nullable()}
	}
	return list
}
