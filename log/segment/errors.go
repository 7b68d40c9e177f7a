package segment

import "errors"

// ErrCorrupt says that the bytes of a segment or a block are wrong. It is wrapped with what disagrees.
var ErrCorrupt = errors.New("corrupt object")
