package meta

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// Values are appended with the functions of this file and read with a reader.
// Integers are varints, signed ones zigzag; strings and lists have a length before them.

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// appendConfigs writes a map in the order of its keys: equal maps give equal bytes.
func appendConfigs(dst []byte, m map[string]string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(m)))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		dst = appendString(appendString(dst, k), m[k])
	}
	return dst
}

func appendPartition(dst []byte, p PartitionID) []byte {
	return binary.AppendUvarint(append(dst, p.Topic[:]...), uint64(uint32(p.Index)))
}

// reader decodes from src. After the first error it returns zero values; the
// caller checks err once, at the end. It accepts no other bytes than those that the
// functions above write: what can be decoded encodes to the same bytes again.
type reader struct {
	src []byte
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
	}
	r.src = nil
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.src)
	if n <= 0 || n > 1 && r.src[n-1] == 0 {
		r.fail("a number is cut short, too large, or longer than it need be")
		return 0
	}
	r.src = r.src[n:]
	return v
}

// varint reads a signed number in zigzag form.
func (r *reader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// max reads a number that is at most limit.
func (r *reader) max(limit uint64) uint64 {
	v := r.uvarint()
	if v > limit {
		r.fail("%d where at most %d can stand", v, limit)
		return 0
	}
	return v
}

func (r *reader) int32() int32 { return int32(r.max(1<<31 - 1)) }
func (r *reader) int64() int64 { return int64(r.max(1<<63 - 1)) }

// narrow reads a signed number that fits into bits.
func (r *reader) narrow(bits int) int64 {
	v := r.varint()
	if v < -1<<(bits-1) || v >= 1<<(bits-1) {
		r.fail("%d does not fit into %d bits", v, bits)
		return 0
	}
	return v
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.src)) {
		r.fail("%d bytes where %d are left", n, len(r.src))
		return nil
	}
	b := r.src[:n]
	r.src = r.src[n:]
	return b
}

func (r *reader) string() string { return string(r.bytes(r.uvarint())) }

func (r *reader) id() (id [16]byte) {
	copy(id[:], r.bytes(16))
	return id
}

// leaderEpoch reads a leader epoch that is written as one more, for -1.
func (r *reader) leaderEpoch() int32 { return int32(int64(r.max(1<<31)) - 1) }

func (r *reader) partition() PartitionID { return PartitionID{r.id(), r.int32()} }

// count reads the length of a list whose elements take size bytes at least: a
// length that cannot be true is refused before anything is allocated.
func (r *reader) count(size int) int {
	n := r.uvarint()
	if n > uint64(len(r.src)/size) {
		r.fail("a list of %d where %d bytes are left", n, len(r.src))
		return 0
	}
	return int(n)
}

func (r *reader) configs() map[string]string {
	n := r.count(2)
	if n == 0 {
		return nil
	}
	m := make(map[string]string, n)
	last := ""
	for i := range n {
		k := r.string()
		if i > 0 && k <= last {
			r.fail("config %q after %q", k, last)
			return nil
		}
		m[k], last = r.string(), k
	}
	return m
}

// bool reads a byte that is 0 or 1.
func (r *reader) bool() bool { return r.max(1) == 1 }

// end returns the first error, or that bytes are left over.
func (r *reader) end() error {
	if len(r.src) > 0 {
		r.fail("%d bytes are left over", len(r.src))
	}
	return r.err
}
