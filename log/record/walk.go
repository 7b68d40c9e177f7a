package record

import (
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
		if err := w.record(i, t); err != nil {
			if w.failed != nil {
				err = w.failed // why the records ended
			}
			return fmt.Errorf("%w: record %d of %d: %w", ErrInvalid, i, count, err)
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

// record walks over one record; appendRecord draws it.
func (w *walker) record(i int32, t *stamps) error {
	size, err := w.int32()
	if err != nil {
		return err
	}
	if size < 0 {
		return fmt.Errorf("a length of %d", size)
	}
	end := w.pos() + int64(size)
	if err := w.skip(1, end); err != nil { // attributes: none are defined
		return err
	}
	delta, err := w.varint(binary.MaxVarintLen64)
	if err != nil {
		return err
	}
	t.add(i, delta)
	offset, err := w.int32()
	if err != nil {
		return err
	}
	if offset != i {
		return fmt.Errorf("an offset delta of %d", offset)
	}
	for range 2 { // key and value
		if err := w.nullable(end); err != nil {
			return err
		}
	}
	if err := w.headers(end); err != nil {
		return err
	}
	if w.pos() != end {
		return fmt.Errorf("it does not fill its %d bytes", size)
	}
	return nil
}

func (w *walker) headers(end int64) error {
	n, err := w.int32()
	if err != nil {
		return err
	}
	if n < 0 || n > maxRecordHeaders {
		return fmt.Errorf("%d headers, at most %d are allowed", n, maxRecordHeaders)
	}
	for range n {
		key, err := w.int32()
		if err != nil {
			return err
		}
		if key < 0 {
			return fmt.Errorf("a header key of %d bytes", key)
		}
		if err := w.skip(int64(key), end); err != nil {
			return err
		}
		if err := w.nullable(end); err != nil {
			return err
		}
	}
	return nil
}

// nullable walks over a length and as many bytes, which end within the record.
func (w *walker) nullable(end int64) error {
	n, err := w.int32()
	if err != nil || n == -1 {
		return err
	}
	return w.skip(int64(n), end)
}

// pos is how much has been walked over.
func (w *walker) pos() int64 { return w.before + int64(w.at) }

// skip walks over n bytes, which end within the record.
func (w *walker) skip(n, end int64) error {
	if n < 0 || n > end-w.pos() {
		return fmt.Errorf("a length of %d, of %d left in it", n, end-w.pos())
	}
	for n > int64(len(w.buf)-w.at) {
		n -= int64(len(w.buf) - w.at)
		w.at = len(w.buf)
		if !w.has(1) {
			return errEnds
		}
	}
	w.at += int(n)
	return nil
}

func (w *walker) int32() (int32, error) {
	v, err := w.varint(binary.MaxVarintLen32)
	if err == nil && (v < math.MinInt32 || v > math.MaxInt32) {
		err = errVarint
	}
	return int32(v), err
}

// varint takes a zigzag number of at most so many bytes.
func (w *walker) varint(longest int) (int64, error) {
	if w.at < len(w.buf) && w.buf[w.at] < 0x80 { // as most are
		c := w.buf[w.at]
		w.at++
		return int64(c>>1) ^ -int64(c&1), nil
	}
	return w.longVarint(longest)
}

func (w *walker) longVarint(longest int) (int64, error) {
	w.has(longest)
	v, n := binary.Varint(w.buf[w.at:min(w.at+longest, len(w.buf))])
	if n > 0 {
		w.at += n
		return v, nil
	}
	if n < 0 || len(w.buf)-w.at >= longest {
		return 0, errVarint
	}
	return 0, errEnds
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
