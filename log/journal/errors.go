package journal

import "errors"

var (
	// ErrFenced says that another process has written to the journal behind this one's back: this one must stop.
	ErrFenced = errors.New("fenced: another broker has taken over this bucket")
	// ErrUnsafeStore says that on this store two brokers would overwrite each other without noticing.
	ErrUnsafeStore = errors.New("object store ignores create-only writes")
)
