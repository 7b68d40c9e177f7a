package record

import "errors"

// Why a batch is not taken. Test with [errors.Is]: what is returned is wrapped with the values that disagree.
var (
	ErrCorrupt       = errors.New("corrupt record batch")     // length or CRC-32C wrong, or records that cannot be read
	ErrUnsupported   = errors.New("unsupported record batch") // magic below 2
	ErrInvalid       = errors.New("invalid record batch")     // contradicts itself
	ErrTooLarge      = errors.New("record batch too large")
	ErrTransactional = errors.New("transactions are not supported")
)
