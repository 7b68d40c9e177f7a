package wire

import (
	"encoding/binary"
	"net"
)

// Pieces is an encoded response with foreign memory spliced in: what is large goes
// from where it lies to the socket, uncopied. The zero value is empty. One goroutine uses it. Numbers are big endian,
// as the protocol has them; its methods append one primitive type each (kafka.apache.org/protocol).
type Pieces struct {
	buf     []byte
	splices []splice
	spliced int // bytes of all splices
}

// splice says that data stands before buf[at].
type splice struct {
	at   int
	data []byte
}

// size is in bytes, with the splices.
func (p *Pieces) size() int { return len(p.buf) + p.spliced }

// Splice appends data, by reference where it is large: it must not change until the response is written.
func (p *Pieces) Splice(data []byte) {
	if len(data) <= copiedPiece {
		p.buf = append(p.buf, data...)
		return
	}
	p.splices = append(p.splices, splice{len(p.buf), data})
	p.spliced += len(data)
}

// List returns the whole as a list to be written. It refers to what Pieces holds, so nothing may be appended
// afterwards.
func (p *Pieces) List() net.Buffers {
	list := make(net.Buffers, 0, 2*len(p.splices)+1)
	at := 0
	for _, s := range p.splices {
		if s.at > at {
			list = append(list, p.buf[at:s.at])
		}
		list = append(list, s.data)
		at = s.at
	}
	if at < len(p.buf) {
		list = append(list, p.buf[at:])
	}
	return list
}

// Int16 appends an INT16.
func (p *Pieces) Int16(v int16) { p.buf = binary.BigEndian.AppendUint16(p.buf, uint16(v)) }

// Int32 appends an INT32.
func (p *Pieces) Int32(v int32) { p.buf = binary.BigEndian.AppendUint32(p.buf, uint32(v)) }

// Int64 appends an INT64.
func (p *Pieces) Int64(v int64) { p.buf = binary.BigEndian.AppendUint64(p.buf, uint64(v)) }

// UUID appends a UUID.
func (p *Pieces) UUID(v [16]byte) { p.buf = append(p.buf, v[:]...) }

// Length appends the length of an array or of bytes; -1 is null. Flexible versions have it as an unsigned
// varint, one more than it is (KIP-482).
func (p *Pieces) Length(flexible bool, n int) {
	if flexible {
		p.buf = binary.AppendUvarint(p.buf, uint64(n+1))
		return
	}
	p.Int32(int32(n))
}

// String appends a STRING, which in flexible versions is a COMPACT_STRING. Without flexible v has at most 32,767
// bytes: its length is an INT16.
func (p *Pieces) String(flexible bool, v string) {
	if flexible {
		p.buf = binary.AppendUvarint(p.buf, uint64(len(v)+1))
	} else {
		p.Int16(int16(len(v)))
	}
	p.buf = append(p.buf, v...)
}

// NoTags appends an empty section of tags, which flexible versions have.
func (p *Pieces) NoTags(flexible bool) {
	if flexible {
		p.buf = append(p.buf, 0)
	}
}
