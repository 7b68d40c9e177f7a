package wire

import (
	"encoding/binary"
	"fmt"
)

// Shape is the structure of one version of a request: what follows what, without
// meaning. Checking it first makes decoding safe: kmsg allocates an array of the
// length that the request claims and counts through as many tags as it claims.
// It is never changed.
type Shape struct {
	flexible bool // lengths are varints
	tagged   bool // ends in a section of tags
	fields   []shapeField
	tags     map[uint32]*Shape // tags that hold a structure with counts of its own
}

// shapeField is one field, or a struct in line. Which of size and elem is set follows from the kind.
type shapeField struct {
	kind shapeKind
	size int    // of a fixed field
	elem *Shape // of an array: each element; of a struct, which may be null: itself
}

// shapeKind is how the end of a field is found. The lengths of strings, bytes and arrays are unsigned varints in
// flexible versions (KIP-482), else INT16, INT32 and INT32.
type shapeKind int8

const (
	shapeFixed shapeKind = iota
	shapeString
	shapeBytes
	shapeArray
	shapeStruct
	shapeNullable // a struct, or a byte of -1
)

// Check tells whether src begins with a request of the shape, else it returns [ErrMalformed]. What follows the
// request is not looked at. It may be called concurrently.
func (s *Shape) Check(src []byte) error {
	w := shapeWalk{src: src, flexible: s.flexible}
	w.walk(s)
	switch {
	case w.elements > maxElements:
		return fmt.Errorf("%w: more than %d array elements and tags", ErrMalformed, maxElements)
	case w.bad:
		return fmt.Errorf("%w: counts and lengths do not fit the bytes", ErrMalformed)
	}
	return nil
}

// shapeWalk is a check under way. Once bad, src is empty, so that every loop ends by itself.
type shapeWalk struct {
	src      []byte
	flexible bool
	bad      bool
	// elements counts array elements and tags; above maxElements the walk is bad.
	elements int
}

// walk steps over what the shape describes. It recurs as deep as the shape, which no request can deepen.
func (w *shapeWalk) walk(s *Shape) {
	for i := range s.fields {
		f := &s.fields[i]
		switch f.kind {
		case shapeFixed:
			w.skip(int64(f.size))
		case shapeString:
			w.skip(w.length(2))
		case shapeBytes:
			w.skip(w.length(4))
		case shapeArray:
			for n := w.length(4); n > 0 && w.count(); n-- {
				w.walk(f.elem)
			}
		case shapeStruct:
			w.walk(f.elem)
		case shapeNullable:
			if w.present() {
				w.walk(f.elem)
			}
		}
	}
	if s.tagged {
		w.walkTags(s.tags)
	}
}

// walkTags steps over a section of tags (KIP-482). Of those that are not known only the size is checked; inside
// the others every count.
func (w *shapeWalk) walkTags(known map[uint32]*Shape) {
	for n := w.uvarint(); n > 0 && w.count(); n-- {
		key, size := w.uvarint(), w.uvarint()
		value := w.src
		if w.skip(int64(size)); w.bad {
			return
		}
		if s := known[key]; s != nil {
			inner := shapeWalk{src: value[:size], flexible: true, elements: w.elements}
			inner.walk(s)
			w.bad, w.elements = inner.bad, inner.elements
		}
	}
}

// count counts one more element and tells whether to go on.
func (w *shapeWalk) count() bool {
	if w.bad {
		return false
	}
	if w.elements++; w.elements > maxElements {
		w.fail()
	}
	return !w.bad
}

// length reads a length, of size bytes in versions that are not flexible; null counts as 0.
func (w *shapeWalk) length(size int) int64 {
	var n int64
	switch {
	case w.flexible:
		n = int64(w.uvarint()) - 1
	case len(w.src) < size:
		w.fail()
	case size == 2:
		n = int64(int16(binary.BigEndian.Uint16(w.src)))
		w.src = w.src[2:]
	default:
		n = int64(int32(binary.BigEndian.Uint32(w.src)))
		w.src = w.src[4:]
	}
	if n < -1 {
		w.fail()
	}
	return max(n, 0)
}

// present reads whether a struct is there that may be null.
func (w *shapeWalk) present() bool {
	there := len(w.src) > 0 && w.src[0] != 0xff
	w.skip(1)
	return there && !w.bad
}

func (w *shapeWalk) uvarint() uint32 {
	v, n := binary.Uvarint(w.src[:min(len(w.src), binary.MaxVarintLen32)])
	if n <= 0 || v > 1<<32-1 {
		w.fail()
		return 0
	}
	w.src = w.src[n:]
	return uint32(v)
}

// skip steps over n bytes, which is not negative.
func (w *shapeWalk) skip(n int64) {
	if n > int64(len(w.src)) {
		w.fail()
		return
	}
	w.src = w.src[n:]
}

func (w *shapeWalk) fail() { w.bad, w.src = true, nil }
