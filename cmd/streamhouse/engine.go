package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"streamhouse/cmd/streamhouse/metrics"
	"streamhouse/log"
	"streamhouse/objstore"
	"streamhouse/objstore/dir"
	"streamhouse/objstore/s3"
)

// openEngine takes over the bucket: the broker that had it before is fenced. It gives up when the store
// stays silent for the startup timeout, and does not bound how long a replay takes. The error names the
// store where it is to blame, and says what to do. The caller closes the engine.
func openEngine(ctx context.Context, s *settings, m *metrics.Metrics, h *health, logger *slog.Logger) (*log.Log, error) {
	ctx, patience := newPatience(ctx, s.StartupTimeout)
	defer patience.close()
	store, err := openStore(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", storageName(s), err)
	}
	watched := metrics.WatchStore(store, m.StoreCalled, patience.called)
	engine, err := log.Open(ctx, watched, engineOptions(s, m, h, logger))
	if err == nil {
		return engine, nil
	}
	// What the engine returns then is that its context ended; the reason why is what matters.
	if silent := context.Cause(ctx); errors.Is(silent, errSilent) {
		err = silent
	}
	if errors.Is(err, errSilent) || errors.Is(err, objstore.ErrPermanent) {
		err = fmt.Errorf("%s: %w", storageName(s), err)
	}
	return nil, explain(err)
}

// storageName says where the records are.
func storageName(s *settings) string {
	if s.UseLocalStorage {
		return "local storage " + s.LocalStoragePath
	}
	return fmt.Sprintf("S3 bucket %q (region %s)", s.Bucket, s.Region)
}

// openStore opens the store that the settings name. Neither kind holds anything that must be closed.
func openStore(ctx context.Context, s *settings) (objstore.Store, error) {
	if s.UseLocalStorage {
		return dir.Open(s.LocalStoragePath)
	}
	return s3.Open(ctx, s3.Options{Bucket: s.Bucket, Region: s.Region})
}

// engineOptions translates the settings, which have been checked, into the engine's options.
func engineOptions(s *settings, m *metrics.Metrics, h *health, logger *slog.Logger) log.Options {
	o := log.Options{
		MetadataPath:      s.Metadata,
		FlushInterval:     s.FlushInterval.duration(s.UseLocalStorage),
		FlushBytes:        int64(s.FlushSize),
		MaxInFlight:       s.MaxInFlight,
		MaxUnflushedBytes: int64(s.UnflushedSize),
		TailBytes:         int64(s.TailMemory),
		CacheMemoryBytes:  int64(s.CacheMemory),
		PrefetchBytes:     int64(s.PrefetchSize),
		TrustCompressed:   !s.CheckCompressed,
		Limits: log.Usage{
			Topics:              s.MaxTopics,
			Partitions:          s.MaxPartitions,
			Groups:              s.MaxGroups,
			Offsets:             s.MaxOffsets,
			OffsetMetadataBytes: int64(s.MaxOffsetMetadataSize),
			Producers:           s.MaxProducers,
			ProducerNames:       s.MaxProducerNames,
		},
		PartitionChangeRate: s.PartitionChangeRate,
		TopicDefaults:       map[string]string{"max.message.bytes": strconv.FormatInt(int64(s.MaxMessageSize), 10)},
		Events:              engineEvents(m.Engine(), logger, h),
		Logger:              logger,
	}
	if s.CacheSize > 0 {
		o.CachePath, o.CacheBytes = s.Cache, int64(s.CacheSize)
	}
	return o
}

// closeEngine flushes and closes, also where ctx has ended, and gives it limit. An engine that
// has stopped by itself has nothing to flush; why it stopped is told elsewhere.
func closeEngine(ctx context.Context, engine *log.Log, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	if err := engine.Close(ctx); err != nil && engine.Err() == nil {
		return fmt.Errorf("stop: not everything was flushed; what was not was never acknowledged: %w", err)
	}
	return nil
}

// unlessStopped forgives an error of a start that was told to stop: the exit status is 0, and a
// supervisor does not start the broker again.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
