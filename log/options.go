package log

import (
	"fmt"
	"log/slog"
	"time"

	"streamhouse/cache"
)

// Options configures a [Log]. The zero value of a field means its default.
type Options struct {
	// MetadataPath is the bbolt file that holds the materialised state. Beside it stand the lock of this process,
	// MetadataPath + ".lock", and while it is written anew MetadataPath + ".new".
	MetadataPath string

	// FlushInterval is the least time between the starts of two flushes that are
	// not full. 0 suits a local directory: a flush starts when the previous one
	// has landed. On S3 it bounds the bill: 250 ms is at most four PUTs a second.
	FlushInterval time.Duration
	// FlushBytes bounds the batches and changes of a flush, but for one request that is larger. A flush that is full
	// waits for nothing but those before it. Default 8 MiB.
	FlushBytes int64
	// MaxInFlight bounds the PUTs under way at once, 1 to [MaxPipeline]. Default 4.
	MaxInFlight int
	// MaxUnflushedBytes bounds the batches taken but not yet applied, wherever they wait; [Log.Append]
	// blocks beyond it. Default 128 MiB.
	MaxUnflushedBytes int64

	// TailBytes bounds the recent batches kept in memory for readers that keep up. Default 128 MiB.
	TailBytes int64
	// CacheMemoryBytes bounds the uncompressed blocks kept for readers that lag. Default 128 MiB.
	CacheMemoryBytes int64
	// CachePath and CacheBytes are the folder and size of the disk cache; "" or 0 is none.
	CachePath  string
	CacheBytes int64
	// PrefetchBytes is how far a sequential reader is read ahead, per partition. Default 8 MiB.
	PrefetchBytes int64

	// FenceInterval is how often an idle broker looks whether another one has sealed its journal. Default 3 s.
	FenceInterval time.Duration
	// MetadataInterval is how often changed state is written to bbolt. Default 1 s.
	MetadataInterval time.Duration

	// TrustCompressed takes compressed batches without looking at the records in them, which saves the
	// time that decompressing takes. What cannot be read then stops its readers; largest timestamps are not
	// known, so that look-ups by time read such batches, and limits on timestamps do not hold.
	TrustCompressed bool

	// Limits bound what clients can make the state hold: something new beyond them is refused with [ErrLimit]. A
	// bucket that holds more already is served as ever.
	Limits Usage
	// PartitionChangeRate bounds the partitions that are created and deleted per second, over time; 10,000 may be at once.
	// Default 5,000.
	PartitionChangeRate int64

	// TopicDefaults replaces the built-in defaults of topic configs, by config name.
	TopicDefaults map[string]string

	// Now is the wall clock: all times that the journal gets come from it, and those that records are stamped with. It
	// may jump. It must be quick and may be called concurrently. Default: time.Now.
	Now func() time.Time

	Events Events
	Logger *slog.Logger // default: slog.Default()
}

// withDefaults fills in what is unset and refuses what cannot work.
func (o Options) withDefaults() (Options, error) {
	if o.MetadataPath == "" {
		return o, fmt.Errorf("no metadata file is named")
	}
	orDefault(&o.FlushBytes, 8<<20)
	orDefault(&o.MaxInFlight, 4)
	orDefault(&o.MaxUnflushedBytes, 128<<20)
	orDefault(&o.TailBytes, 128<<20)
	orDefault(&o.CacheMemoryBytes, 128<<20)
	orDefault(&o.PrefetchBytes, 8<<20)
	orDefault(&o.FenceInterval, 3*time.Second)
	orDefault(&o.MetadataInterval, time.Second)
	orDefault(&o.PartitionChangeRate, 5000)
	for _, l := range limits {
		orDefault(l.of(&o.Limits), l.def)
		if n := *l.of(&o.Limits); n < 0 {
			return o, fmt.Errorf("%s is %d: 1 or more is possible", l.setting, n)
		}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	switch {
	case o.MaxInFlight < 1 || o.MaxInFlight > MaxPipeline:
		return o, fmt.Errorf("%d flushes in flight: 1 to %d are possible", o.MaxInFlight, MaxPipeline)
	case o.FlushInterval < 0 || o.FenceInterval < 0 || o.MetadataInterval < 0:
		return o, fmt.Errorf("an interval is negative")
	case o.FlushBytes < 0 || o.TailBytes < 0 || o.CacheMemoryBytes < 0 || o.CacheBytes < 0 || o.PrefetchBytes < 0:
		return o, fmt.Errorf("a size is negative")
	case o.PartitionChangeRate < 0:
		return o, fmt.Errorf("partition-change-rate is %d: 1 or more is possible", o.PartitionChangeRate)
	case o.MaxUnflushedBytes < o.FlushBytes:
		return o, fmt.Errorf("%d unflushed bytes are less than one flush of %d", o.MaxUnflushedBytes, o.FlushBytes)
	}
	return o, nil
}

func orDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

func (o Options) cacheOptions() cache.Options {
	e := o.Events
	c := cache.Options{MemoryBytes: o.CacheMemoryBytes, DiskPath: o.CachePath, DiskBytes: o.CacheBytes, GapBytes: blockGap}
	// What the GETs hold, those that readers wait for and those ahead, is no more than the cache.
	c.SpanBytes = min(max(o.CacheMemoryBytes/8, minSpanBytes), maxSpanBytes)
	c.LoadsInFlight = int(min(max(o.CacheMemoryBytes/2/c.SpanBytes, 4), 16))
	c.Events.DiskOff = e.CacheTrouble
	c.Events.Miss = e.CacheMiss
	if e.CacheHit != nil {
		c.Events.Hit = func(t cache.Tier) { e.CacheHit(string(t)) }
	}
	return c
}
