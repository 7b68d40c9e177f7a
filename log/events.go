package log

import "time"

// Events are called by the engine as things happen; each may be nil. They are
// called from hot paths and under locks: they must be quick, must not block and
// must not call the engine. Logs, metrics and tests subscribe to the same ones.
type Events struct {
	// Appended: a batch was applied (bytes and records of it; duplicates not counted).
	Appended func(bytes, records int64)
	// Duplicate: a batch was found to be in the log already.
	Duplicate func()
	// Read: batches were handed to a reader (bytes and records of them), from the tail or else from the cache and the store.
	Read func(bytes, records int64, tail bool)
	// Flushed: a journal segment became durable. Object is its bytes, partitions and batches
	// what it holds, encode and put the time it took; retries the failed PUTs before it.
	Flushed func(FlushInfo)
	// ObjectRefused: the store refused a segment of so many bytes for its size. The flush is cut, and later ones
	// hold limit bytes of batches and changes at most, until the log is opened again.
	ObjectRefused func(bytes, limit int64, err error)
	// StoreTrouble: a PUT of the journal failed and will be tried again after the pause.
	StoreTrouble func(err error, attempt int, pause time.Duration)
	// StoreRecovered: the first success after StoreTrouble.
	StoreRecovered func()
	// CacheHit and CacheMiss: a block was wanted; tier is "memory" or "disk".
	CacheHit  func(tier string)
	CacheMiss func()
	// CacheTrouble: the disk cache turned itself off.
	CacheTrouble func(err error)
	// StateHeld: a step of a commit kept all readers of the state out for so long.
	StateHeld func(time.Duration)
	// MetadataStale: the metadata file could not be written, and has lacked changes since then. It
	// is called again for each attempt that fails.
	MetadataStale func(since time.Time, err error)
	// MetadataCurrent: the first success after MetadataStale.
	MetadataCurrent func()
	// Refused: a change would have added to the state beyond a limit (*LimitError), or partitions were created and
	// deleted too fast (*ThrottledError).
	Refused func(err error)
	// Fenced: another broker took over.
	Fenced func(err error)
}

// FlushInfo describes one flush.
type FlushInfo struct {
	Seq         uint64
	ObjectBytes int64 // bytes of the object
	BatchBytes  int64 // bytes of the record batches in it, before compression
	Partitions  int
	Batches     int
	Entries     int // of the commit
	Retries     int
	Encode, Put time.Duration
}

// emit0 calls an event that may be nil.
func emit0(f func()) {
	if f != nil {
		f()
	}
}
