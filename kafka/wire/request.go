package wire

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// DecodeRequest reads what follows [ReadHeader] into a request whose version is set. The shape is that of its
// key and version: what does not fit it is [ErrMalformed], before anything is allocated for it. Bytes behind the
// request are not looked at. The request refers to src, which must not change while it is used.
func DecodeRequest(req kmsg.Request, shape *Shape, src []byte) error {
	name, version := kmsg.NameForKey(req.Key()), req.GetVersion()
	if req.IsFlexible() {
		w := shapeWalk{src: src, flexible: true}
		w.walkTags(nil)
		if w.bad {
			return fmt.Errorf("%w: %s version %d: the header's tags are cut short", ErrMalformed, name, version)
		}
		src = w.src
	}
	if err := shape.Check(src); err != nil {
		return fmt.Errorf("%s version %d: %w", name, version, err)
	}
	if err := req.ReadFrom(src); err != nil {
		return fmt.Errorf("%w: %s version %d: %w", ErrMalformed, name, version, err)
	}
	return nil
}
