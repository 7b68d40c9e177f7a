package cache

import "fmt"

// Options configures a [Cache].
type Options struct {
	// MemoryBytes bounds the uncompressed blocks in memory, counted with what it
	// costs to keep each (see [BlockOverhead]). 0 keeps none: Get only shares loads.
	MemoryBytes int64

	// DiskPath is the folder of the disk tier, made if need be; "" is no disk tier.
	// Other files in it are left alone.
	DiskPath string
	// DiskBytes bounds the files of the disk tier. 0 is no disk tier.
	DiskBytes int64

	// LoadsInFlight bounds the concurrent Loads of Prefetch. Default 16. The
	// loads that readers wait for have as many bytes again to themselves, so
	// loads never hold more than 2 * LoadsInFlight * SpanBytes.
	LoadsInFlight int
	// SpanBytes is the most bytes that one Load of several blocks covers, first
	// to last. Default 4 MiB. A larger block is loaded alone.
	SpanBytes int64
	// GapBytes joins blocks this near to each other into one Load; 0 joins only those that touch.
	GapBytes int64

	Events Events
}

// Limits that are no settings.
const (
	defaultLoadsInFlight = 16
	defaultSpanBytes     = 4 << 20

	// wantedLoads bounds the loads that readers wait for, beside their bytes: each
	// is a request to the store and its connection.
	wantedLoads = 64
	// diskReads bounds the goroutines (each a thread while it reads) that wait for the disk.
	diskReads = 16
	// maxSpanKeys bounds the blocks in a Load whatever their size, so that one bad
	// span does not fail a whole scan.
	maxSpanKeys = 1024
	// maxQueuedKeys bounds the blocks of Prefetch that wait their turn: some 2 MiB
	// of memory, and more than can be fetched before their readers ask for them.
	maxQueuedKeys = 8192
)

func (o Options) validate() error {
	for name, n := range map[string]int64{
		"MemoryBytes":   o.MemoryBytes,
		"DiskBytes":     o.DiskBytes,
		"LoadsInFlight": int64(o.LoadsInFlight),
		"SpanBytes":     o.SpanBytes,
		"GapBytes":      o.GapBytes,
	} {
		if n < 0 {
			return fmt.Errorf("%w: %s is %d", ErrOptions, name, n)
		}
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.LoadsInFlight == 0 {
		o.LoadsInFlight = defaultLoadsInFlight
	}
	if o.SpanBytes == 0 {
		o.SpanBytes = defaultSpanBytes
	}
	return o
}
