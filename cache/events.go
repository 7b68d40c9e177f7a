package cache

import (
	"time"

	"streamhouse/cache/disk"
)

// Tier names where a block was found.
type Tier string

// The tiers of a [Cache], and Store for what comes from the [Loader].
const (
	Memory Tier = "memory"
	Disk   Tier = "disk"
	Store  Tier = "store"
)

// Events are called as things happen; each may be nil. They may be called
// concurrently and under locks: they must be quick, must not block and must not call
// the cache. Every Get that finds the cache open and its key valid is one of Hit,
// Shared and Miss; Prefetch is none of them.
type Events struct {
	// Hit: a Get or a Peek found its block in memory, or a Get on disk.
	Hit func(Tier)
	// Shared: a Get waits for a load that was already under way or waiting its turn.
	Shared func()
	// Miss: a Get has to load its block.
	Miss func()
	// Loaded: the Loader was asked for as many blocks and stored bytes. The error is Load's own.
	Loaded func(blocks int, bytes int64, took time.Duration, err error)
	// Evict: bytes of a tier were given up to make room: a block of memory, a file of blocks on disk.
	Evict func(tier Tier, bytes int64)
	// Corrupt: a block from Disk or Store was wrong. It is loaded once more before a reader sees an error.
	Corrupt func(from Tier, k Key, err error)
	// DiskOff: the disk tier turned itself off for good. Called at most once.
	DiskOff func(err error)
}

func (e Events) ofDisk() disk.Events {
	d := disk.Events{Off: e.DiskOff}
	if e.Evict != nil {
		d.Evict = func(bytes int64) { e.Evict(Disk, bytes) }
	}
	return d
}
