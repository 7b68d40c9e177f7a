package disk

import (
	"errors"
	"fmt"
	"math"
)

// ErrKey reports a key that names no byte range of an object.
var ErrKey = errors.New("invalid block key")

// Key names a block: a byte range of an immutable object. Keys may be compared: equal ones name the same bytes, for good.
type Key struct {
	Object string
	Offset int64
	Length int64
}

// maxObjectBytes bounds the name of an object, which is stored with every block.
const maxObjectBytes = 1 << 10

// Validate returns an error that wraps [ErrKey] unless the key can name a block.
func (k Key) Validate() error {
	if k.Object == "" || len(k.Object) > maxObjectBytes || k.Offset < 0 || k.Length <= 0 || k.Length > math.MaxInt64-k.Offset {
		return fmt.Errorf("%w: %s", ErrKey, k)
	}
	return nil
}

// End is the position in the object behind the block's last byte.
func (k Key) End() int64 { return k.Offset + k.Length }

// String names the block in errors and logs.
func (k Key) String() string {
	object := k.Object
	if len(object) > maxObjectBytes {
		object = object[:maxObjectBytes]
	}
	return fmt.Sprintf("%q bytes %d+%d", object, k.Offset, k.Length)
}
