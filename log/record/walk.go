package record

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// walker goes once over the records of a batch, front to back, and keeps none of them. What is not in memory
// comes from src through a window that stays as large as it is.
type walker struct {
	buf    []byte // at hand: [at:] has not been walked over yet
	at     int
	before int64 // how much was walked over before buf began

	src    io.Reader // of what comes behind buf; nil: nothing
	window []byte    // what src is read into, at least binary.MaxVarintLen64 bytes
	limit  int64     // of what src may give
	given  int64     // how much it gave
	failed error     // what src said, and not io.EOF

	wrong error // with a record
}

// walk makes a walker of records that are in memory.
func walk(records []byte) walker { return walker{buf: records} }

// stream makes a walker of records that come from src. It uses window for them.
func stream(src io.Reader, window []byte) walker {
	return walker{buf: window[:0], src: src, window: window, limit: maxPlainBytes}
}

var (
	errEnds   = errors.New("the records end")
	errVarint = errors.New("a number that is too long")
)

// records walks over all records, which must be as many as count, and nothing behind them.
func (w *walker) records(count int32, t *stamps) error {
	for i := range count {
		w.record(i, t)
		if w.wrong != nil {
			return fmt.Errorf("%w: record %d of %d: %w", ErrInvalid, i, count, cmp.Or(w.failed, w.wrong))
		}
	}
	more := w.has(1)
	switch {
	case w.failed != nil:
		return fmt.Errorf("%w: behind %d records: %w", ErrInvalid, count, w.failed)
	case more:
		return fmt.Errorf("%w: bytes behind the last of %d records", ErrInvalid, count)
	}
	return nil
}

// record walks over one record; appendRecord draws it. What is wrong with it is in wrong.
func (w *walker) record(i int32, t *stamps) {
	size := w.int32()
	if size < 0 {
		w.fail(fmt.Errorf("a length of %d", size))
		return
	}
	end := w.pos() + int64(size)
	w.skip(1, end) // attributes: none are defined
	delta := w.varint()
	if offset := w.int32(); offset != i {
		w.fail(fmt.Errorf("an offset delta of %d", offset))
	}
	w.nullable(end) // key
	w.nullable(end) // value
	for range w.headerCount() {
		w.header(end)
	}
	if w.pos() != end {
		w.fail(fmt.Errorf("it does not fill its %d bytes", size))
	}
	if w.wrong == nil {
		t.add(i, delta)
	}
}

// headerCount is 0 once something is wrong.
func (w *walker) headerCount() int32 {
	n := w.int32()
	if n < 0 || n > maxRecordHeaders {
		w.fail(fmt.Errorf("%d headers, at most %d are allowed", n, maxRecordHeaders))
	}
	if w.wrong != nil {
		return 0
	}
	return n
}

func (w *walker) header(end int64) {
	key := w.int32()
	if key < 0 {
		w.fail(fmt.Errorf("a header key of %d bytes", key))
	}
	w.skip(int64(key), end)
	w.nullable(end)
}

// nullable walks over a length and as many bytes, which end within the record.
func (w *walker) nullable(end int64) {
	if n := w.int32(); n != -1 {
		w.skip(int64(n), end)
	}
}

// pos is how much has been walked over.
func (w *walker) pos() int64 { return w.before + int64(w.at) }

// fail notes what is wrong first: the rest follows from it. Nothing is at hand any more.
func (w *walker) fail(err error) {
	if w.wrong == nil {
		w.wrong = err
	}
	w.buf, w.at, w.src = nil, 0, nil
}

// skip walks over n bytes, which end within the record.
func (w *walker) skip(n, end int64) {
	if n < 0 || n > end-w.pos() {
		w.fail(fmt.Errorf("a length of %d, of %d left in it", n, end-w.pos()))
		return
	}
	for n > int64(len(w.buf)-w.at) {
		n -= int64(len(w.buf) - w.at)
		w.at = len(w.buf)
		if !w.has(1) {
			w.fail(errEnds)
			return
		}
	}
	w.at += int(n)
}

// int32 takes a zigzag number of at most 5 bytes and 32 bits.
func (w *walker) int32() int32 {
	if w.at < len(w.buf) && w.buf[w.at] < 0x80 { // as most are
		c := w.buf[w.at]
		w.at++
		return int32(c>>1) ^ -int32(c&1)
	}
	v := w.longVarint(binary.MaxVarintLen32)
	if v < math.MinInt32 || v > math.MaxInt32 {
		w.fail(errVarint)
	}
	return int32(v)
}

// varint takes a zigzag number of at most 10 bytes.
func (w *walker) varint() int64 { return w.longVarint(binary.MaxVarintLen64) }

func (w *walker) longVarint(longest int) int64 {
	w.has(longest)
	v, n := binary.Varint(w.buf[w.at:min(w.at+longest, len(w.buf))])
	switch {
	case n > 0:
		w.at += n
	case n < 0 || len(w.buf)-w.at >= longest:
		w.fail(errVarint)
	default:
		w.fail(errEnds)
	}
	return v
}

// has makes sure that n bytes are at hand, if there are as many: no more than the window holds.
func (w *walker) has(n int) bool {
	for len(w.buf)-w.at < n {
		if w.src == nil {
			return false
		}
		w.fill()
	}
	return true
}

// fill reads on, behind what is left in the window. At the end there is no src any more.
func (w *walker) fill() {
	left := copy(w.window, w.buf[w.at:])
	w.before += int64(w.at)
	n, err := w.src.Read(w.window[left:])
	w.buf, w.at = w.window[:left+n], 0
	w.given += int64(n)
	switch {
	case w.given > w.limit:
		w.src, w.failed = nil, errTooMuch
	case err == io.EOF:
		w.src = nil
	case err != nil:
		w.src, w.failed = nil, err
	}
}
