package journal

import "errors"

// What the bytes of an object say is believed once they were read several times; see maxDoubts. Bytes that stay
// wrong, and objects that must be there and stay away, are segment.ErrCorrupt.
var (
	// ErrFenced says that another process has written to the journal behind this one's back: this one must stop. The
	// evidence is always that process's id, in a footer that passed its checksum.
	ErrFenced = errors.New("fenced: another broker has taken over this bucket")
	// ErrUnsafeStore says that on this store two brokers would overwrite each other without noticing.
	ErrUnsafeStore = errors.New("object store ignores create-only writes")
	// ErrFormat says that a bucket is of a version which this program does not read.
	ErrFormat = errors.New("the bucket has another format")
	// ErrListing says that the store's listings leave out objects which it has. Nothing was lost, and
	// nothing can be told from them.
	ErrListing = errors.New("the object store's listings are incomplete")
)
