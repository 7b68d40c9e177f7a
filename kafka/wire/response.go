package wire

import (
	"encoding/binary"
	"net"
)

// Response is what answers a request. All of kmsg's responses are. AppendTo encodes the body alone, for the version
// that the response has.
type Response interface {
	Key() int16
	IsFlexible() bool
	AppendTo([]byte) []byte
}

// PiecedResponse is a response that can be written without copying what is large in it: the records of a Fetch.
type PiecedResponse interface {
	Response
	// AppendPieces appends what AppendTo would.
	AppendPieces(*Pieces)
}

// EncodeResponse encodes a response with its length and header into buf, from its beginning, and returns buf as
// it has grown and the list to be written. The list refers to buf and to the memory of a [PiecedResponse]: neither may
// change, nor buf be used for another response, before the list is written.
func EncodeResponse(buf []byte, correlationID int32, resp Response) ([]byte, net.Buffers) {
	buf = appendHeader(buf[:0], correlationID, resp)
	if pieced, ok := resp.(PiecedResponse); ok {
		// The length counts what follows it, the splices too.
		p := Pieces{buf: buf}
		pieced.AppendPieces(&p)
		binary.BigEndian.PutUint32(p.buf, uint32(p.size()-4))
		return p.buf, p.List()
	}
	buf = resp.AppendTo(buf)
	binary.BigEndian.PutUint32(buf, uint32(len(buf)-4))
	return buf, net.Buffers{buf}
}
