package kafka

import (
	"encoding/binary"
	"net"
)

// pieces is an encoded answer with foreign memory spliced in: what is large goes
// from where it lies to the socket, uncopied.
type pieces struct {
	buf     []byte
	splices []splice
	spliced int // bytes of all splices
}

// splice says that data stands before buf[at].
type splice struct {
	at   int
	data []byte
}

func (p *pieces) size() int { return len(p.buf) + p.spliced }

// add appends data, by reference where it is large.
func (p *pieces) add(data []byte) {
	if len(data) <= copiedPiece {
		p.buf = append(p.buf, data...)
		return
	}
	p.splices = append(p.splices, splice{len(p.buf), data})
	p.spliced += len(data)
}

// list returns the whole as a list to be written. It refers to buf.
func (p *pieces) list() net.Buffers {
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

func (p *pieces) int16(v int16) { p.buf = binary.BigEndian.AppendUint16(p.buf, uint16(v)) }
func (p *pieces) int32(v int32) { p.buf = binary.BigEndian.AppendUint32(p.buf, uint32(v)) }
func (p *pieces) int64(v int64) { p.buf = binary.BigEndian.AppendUint64(p.buf, uint64(v)) }

// length appends the length of an array or of bytes; -1 is null.
func (p *pieces) length(flexible bool, n int) {
	if flexible {
		p.buf = binary.AppendUvarint(p.buf, uint64(n+1))
		return
	}
	p.int32(int32(n))
}

func (p *pieces) string(flexible bool, v string) {
	if flexible {
		p.buf = binary.AppendUvarint(p.buf, uint64(len(v)+1))
	} else {
		p.int16(int16(len(v)))
	}
	p.buf = append(p.buf, v...)
}

// noTags appends an empty section of tags.
func (p *pieces) noTags(flexible bool) {
	if flexible {
		p.buf = append(p.buf, 0)
	}
}
