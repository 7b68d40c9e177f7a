package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// RequestHeader is what stands before every request. It has two forms (request header v1 and v2 of the
// Kafka protocol): the second, for flexible versions (KIP-482), ends in tags, which [DecodeRequest] reads.
type RequestHeader struct {
	Key, Version  int16
	CorrelationID int32
	ClientID      string // part of the frame; "" also where it is null
}

// ReadHeader reads the part of a header that both forms have, and returns what follows it, a part of the frame.
// A header that is cut short is [ErrMalformed]. Key and version are as sent: whether the broker has them is the
// caller's to look up.
func ReadHeader(frame []byte) (RequestHeader, []byte, error) {
	b := kbin.Reader{Src: frame}
	h := RequestHeader{Key: b.Int16(), Version: b.Int16(), CorrelationID: b.Int32()}
	if id := b.UnsafeNullableString(); id != nil {
		h.ClientID = *id
	}
	if !b.Ok() {
		return h, nil, fmt.Errorf("%w: the header is cut short", ErrMalformed)
	}
	return h, b.Src, nil
}

// appendHeader appends the header of a response, its length still to be set.
func appendHeader(dst []byte, correlationID int32, resp Response) []byte {
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(correlationID))
	// ApiVersions has the old header in all versions: the client does not know
	// yet what the broker can read (KIP-511).
	if resp.IsFlexible() && resp.Key() != int16(kmsg.ApiVersions) {
		dst = append(dst, 0)
	}
	return dst
}
