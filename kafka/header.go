package kafka

import (
	"encoding/binary"
	"strings"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// header is what stands before every request. It has two forms: the second,
// for flexible versions, ends in tags.
type header struct {
	key, version int16
	correlation  int32
	clientID     string // part of the frame
}

// readHeader reads the part of a header that both forms have, and returns what follows it.
func readHeader(frame []byte) (header, []byte, error) {
	b := kbin.Reader{Src: frame}
	h := header{key: b.Int16(), version: b.Int16(), correlation: b.Int32()}
	if id := b.UnsafeNullableString(); id != nil {
		h.clientID = *id
	}
	if !b.Ok() {
		return h, nil, refuse(refusedFrame, "the header is cut short")
	}
	return h, b.Src, nil
}

// decode reads the request behind its header. The request refers to the frame.
func decode(a *api, version int16, src []byte) (kmsg.Request, error) {
	req := a.request()
	req.SetVersion(version)
	if req.IsFlexible() {
		w := shapeWalk{src: src, flexible: true}
		w.walkTags(nil)
		if w.bad {
			return nil, refuse(refusedFrame, "%s version %d: the header's tags are cut short", a.name, version)
		}
		src = w.src
	}
	if err := a.shapes[version].check(src); err != nil {
		return nil, refuse(refusedFrame, "%s version %d: %w", a.name, version, err)
	}
	if err := req.ReadFrom(src); err != nil {
		return nil, refuse(refusedFrame, "%s version %d: %w", a.name, version, err)
	}
	return req, nil
}

// callerOf returns who sends a request: the same as before, unless its header names another client.
func (c *conn) callerOf(h header) *client {
	if c.caller.id != h.clientID {
		renamed := *c.caller
		renamed.id = strings.Clone(h.clientID)
		c.caller = &renamed
	}
	return c.caller
}

// appendHeader appends the header of an answer, its length still open.
func appendHeader(dst []byte, correlation int32, resp response) []byte {
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(correlation))
	// ApiVersions has the old header in all versions: the client does not know
	// yet what the broker can read (KIP-511).
	if resp.IsFlexible() && resp.Key() != int16(kmsg.ApiVersions) {
		dst = append(dst, 0)
	}
	return dst
}
