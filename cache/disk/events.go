package disk

// Events are called as things happen; each may be nil. They may be called
// concurrently: they must be quick, must not block and must not call the tier.
type Events struct {
	// Evict: a file of blocks with so many bytes was given up to make room.
	Evict func(bytes int64)
	// Off: the tier turned itself off for good. Called at most once.
	Off func(err error)
}
