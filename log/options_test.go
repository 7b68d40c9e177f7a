package log

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
	"streamhouse/objstore/mem"
)

func TestOptionsDefaults(t *testing.T) {
	o, err := Options{MetadataPath: "m.db"}.withDefaults()
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), o.Now(), time.Hour)
	o.Now = nil // functions cannot be compared
	require.Equal(t, Options{
		MetadataPath: "m.db",
		FlushBytes:   8 << 20, MaxInFlight: 4, MaxUnflushedBytes: 128 << 20,
		TailBytes: 128 << 20, CacheMemoryBytes: 128 << 20, PrefetchBytes: 8 << 20,
		FenceInterval: 3 * time.Second, MetadataInterval: time.Second,
		Limits: Usage{
			Topics: 100_000, Partitions: 200_000, Groups: 100_000, Offsets: 1_000_000, OffsetMetadataBytes: 64 << 20,
			Producers: 500_000, ProducerNames: 100_000,
		},
		PartitionChangeRate: 5000,
		Logger:              slog.Default(),
	}, o)
	clock := func() time.Time { return time.UnixMilli(1) }
	all := Options{
		Now:          clock,
		MetadataPath: "m.db", FlushInterval: 1, FlushBytes: 2, MaxInFlight: MaxPipeline, MaxUnflushedBytes: 2,
		TailBytes: 4, CacheMemoryBytes: 5, CachePath: "c", CacheBytes: 6, PrefetchBytes: 7, FenceInterval: 8, MetadataInterval: 9,
		Limits: Usage{Topics: 1, Partitions: 2, Groups: 3, Offsets: 4, OffsetMetadataBytes: 5, Producers: 6, ProducerNames: 7}, PartitionChangeRate: 10,
		TopicDefaults: map[string]string{"retention.ms": "1"}, Logger: slog.New(slog.DiscardHandler),
	}
	o, err = all.withDefaults()
	require.NoError(t, err)
	require.Equal(t, clock(), o.Now())
	all.Now, o.Now = nil, nil
	require.Equal(t, all, o, "what is set stays")
}

// A setting that cannot work is refused before anything is touched.
func TestBadOptionsAreRefused(t *testing.T) {
	for what, c := range map[string]struct {
		change func(*Options)
		says   string
	}{
		"no file":                       {func(o *Options) { o.MetadataPath = "" }, "no metadata file"},
		"negative flushes in flight":    {func(o *Options) { o.MaxInFlight = -1 }, "-1 flushes in flight"},
		"too many flushes in flight":    {func(o *Options) { o.MaxInFlight = MaxPipeline + 1 }, "17 flushes in flight"},
		"negative flush interval":       {func(o *Options) { o.FlushInterval = -1 }, "interval"},
		"negative fence interval":       {func(o *Options) { o.FenceInterval = -1 }, "interval"},
		"negative metadata interval":    {func(o *Options) { o.MetadataInterval = -1 }, "interval"},
		"negative flush":                {func(o *Options) { o.FlushBytes = -1 }, "size"},
		"negative tail":                 {func(o *Options) { o.TailBytes = -1 }, "size"},
		"negative cache":                {func(o *Options) { o.CacheMemoryBytes = -1 }, "size"},
		"negative disk cache":           {func(o *Options) { o.CacheBytes = -1 }, "size"},
		"negative read-ahead":           {func(o *Options) { o.PrefetchBytes = -1 }, "size"},
		"negative unflushed":            {func(o *Options) { o.MaxUnflushedBytes = -1 }, "unflushed"},
		"negative limit":                {func(o *Options) { o.Limits.Offsets = -1 }, "max-offsets is -1"},
		"negative rate":                 {func(o *Options) { o.PartitionChangeRate = -1 }, "partition-change-rate is -1"},
		"flush larger than may wait":    {func(o *Options) { o.FlushBytes, o.MaxUnflushedBytes = 100, 99 }, "99 unflushed bytes are less than one flush of 100"},
		"flush larger than the default": {func(o *Options) { o.FlushBytes = 129 << 20 }, "unflushed"},
	} {
		o := Options{MetadataPath: filepath.Join(t.TempDir(), "m.db")}
		path := o.MetadataPath
		c.change(&o)
		store := objstore.NewTrace(mem.New())
		_, err := Open(t.Context(), store, o)
		require.ErrorContains(t, err, c.says, what)
		require.Empty(t, store.Calls(), what)
		require.NoFileExists(t, path, what)
	}
}

// A folder that cannot be had is found out before the bucket is taken over, and nothing stays open.
func TestBadFoldersAreRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for what, change := range map[string]func(*Options){
		"metadata file in no folder": func(o *Options) { o.MetadataPath = filepath.Join(file, "m.db") },
		"cache folder is a file":     func(o *Options) { o.CachePath, o.CacheBytes = file, 1<<20 },
	} {
		store := objstore.NewTrace(mem.New())
		o := Options{MetadataPath: filepath.Join(t.TempDir(), "m.db"), Logger: slog.New(slog.DiscardHandler)}
		good := o
		change(&o)
		_, err := Open(t.Context(), store, o)
		require.Error(t, err, what)
		require.Empty(t, store.Calls(), what)
		l, err := Open(t.Context(), store, good)
		require.NoError(t, err, what)
		require.NoError(t, l.Close(t.Context()))
	}
}
