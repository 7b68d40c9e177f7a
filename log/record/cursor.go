package record

import (
	"encoding/binary"
	"fmt"
	"math"
)

// header is a copy of a batch's header: it may lie in several pieces.
type header [HeaderLen]byte

func (h *header) view() Batch { return h[:] }
func (h *header) base() int64 { return int64(binary.BigEndian.Uint64(h[:])) }
func (h *header) end() int64  { return h.base() + h.view().Offsets() }

// cursor walks over the batches in pieces, which it does not change.
type cursor struct {
	piece []byte   // what is left of the first piece
	rest  [][]byte // the pieces after it
	left  int      // bytes, of all
}

func newCursor(pieces [][]byte) cursor {
	c := cursor{rest: pieces}
	for _, p := range pieces {
		c.left += len(p)
	}
	return c
}

// next takes the next batch: its header into h, and returns the bytes after
// it, copied together only where they lie in several pieces.
func (c *cursor) next(h *header) ([]byte, error) {
	n, err := c.header(h)
	if err != nil {
		return nil, err
	}
	records := c.take(n)
	if len(records) == n {
		return records, nil
	}
	whole := append(make([]byte, 0, n), records...)
	for len(whole) < n {
		whole = append(whole, c.take(n-len(whole))...)
	}
	return whole, nil
}

// skip takes the next batch's header into h and passes over the rest.
func (c *cursor) skip(h *header) error {
	n, err := c.header(h)
	for err == nil && n > 0 {
		n -= len(c.take(n))
	}
	return err
}

// header takes a batch's header into h and returns how many bytes of the batch
// follow: no more than there are.
func (c *cursor) header(h *header) (int, error) {
	if c.left < HeaderLen {
		return 0, fmt.Errorf("%w: %d bytes where a header of %d must stand", ErrCorrupt, c.left, HeaderLen)
	}
	for n := 0; n < HeaderLen; {
		n += copy(h[n:], c.take(HeaderLen-n))
	}
	b := h.view()
	if b.magic() != maxMagic {
		return 0, fmt.Errorf("%w: magic %d", ErrUnsupported, b.magic())
	}
	n := b.length() - HeaderLen
	if n < 0 || n > int64(c.left) {
		return 0, fmt.Errorf("%w: says that %d bytes follow its header, of %d", ErrCorrupt, n, c.left)
	}
	if b.lastDelta() < 0 || b.Count() < 0 || h.base() < 0 || h.base() > math.MaxInt64-b.Offsets() {
		return 0, fmt.Errorf("%w: base offset %d, last offset delta %d, %d records", ErrCorrupt, h.base(), b.lastDelta(), b.Count())
	}
	return int(n), nil
}

// take moves past up to n bytes of the current piece and returns them: at least
// one, unless n is 0. There must be n bytes left.
func (c *cursor) take(n int) []byte {
	for n > 0 && len(c.piece) == 0 {
		c.piece, c.rest = c.rest[0], c.rest[1:]
	}
	n = min(n, len(c.piece))
	taken := c.piece[:n:n]
	c.piece = c.piece[n:]
	c.left -= n
	return taken
}
