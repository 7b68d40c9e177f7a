package main

import (
	"errors"
	"fmt"
	"time"

	"streamhouse/cmd/streamhouse/units"
	"streamhouse/log"
)

// Bounds of settings, each with its reason.
const (
	// minFlushSize: below it, a busy broker pays one PUT for almost every request.
	minFlushSize = 64 << 10
	// maxFlushSize: a flush is one PUT and is encoded in memory; a larger one only adds latency.
	maxFlushSize = 256 << 20
	// minMemory lets each kind of memory hold a few blocks of 1 MiB.
	minMemory = 4 << 20
	// minPrefetchSize is one block: below it nothing would be read ahead.
	minPrefetchSize = 1 << 20
	// minCacheSize lets the disk cache hold a few of its files.
	minCacheSize = 16 << 20
	// minMessageSize is room for a batch with a record in it.
	minMessageSize = 1 << 10
	// minRequestSize is what clients need to work: batches of 1 MB are their default.
	minRequestSize = 1 << 20
	// maxFlushInterval: clients give a produce request up after 30 s.
	maxFlushInterval = 10 * time.Second
	// maxSessionTimeout: Kafka has it as milliseconds in 32 bits. A member that is gone keeps its
	// partitions for as long.
	maxSessionTimeout = 24 * time.Hour
	// maxRebalanceDelay is how long consumers wait for an assignment by default (max.poll.interval.ms).
	maxRebalanceDelay = 5 * time.Minute
	// maxConnections: each costs a descriptor and two goroutines.
	maxConnections = 1_000_000
	// maxStateLimit: ten of the largest kind of thing take more memory than machines have.
	maxStateLimit = 100_000_000
	// maxPartitionChangeRate: faster than that partitions cannot be created.
	maxPartitionChangeRate = 1_000_000
)

// check reports every setting that is out of bounds or contradicts another one, all at once, as
// errSettings. It looks at values and paths, and opens and creates nothing.
func (s *settings) check() error {
	err := s.checkTexts()
	if err == nil { // else others would say the same in other words
		err = errors.Join(s.checkAddresses(), s.checkStorage(), s.checkMemory(), s.checkFlushing(), s.checkLimits(), s.checkClients(), s.checkProcess())
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errSettings, err)
	}
	return nil
}

// checkMemory also holds the sizes against each other: each of the pairs would stall or waste
// something for good, which shows only under load.
func (s *settings) checkMemory() error {
	errs := []error{
		atLeast("--cache-memory", s.CacheMemory, minMemory),
		atLeast("--tail-memory", s.TailMemory, minMemory),
		atLeast("--unflushed-size", s.UnflushedSize, minMemory),
		atLeast("--prefetch-size", s.PrefetchSize, minPrefetchSize),
	}
	if s.PrefetchSize > s.CacheMemory {
		errs = append(errs, fmt.Errorf("--prefetch-size %v is above --cache-memory %v: what is read ahead would be gone before it is read", s.PrefetchSize, s.CacheMemory))
	}
	if s.CacheSize > 0 && s.CacheSize < minCacheSize {
		errs = append(errs, fmt.Errorf("--cache-size %v is below the least, %v: raise it, or set 0 for no disk cache", s.CacheSize, units.Bytes(minCacheSize)))
	}
	if s.UnflushedSize < s.FlushSize {
		errs = append(errs, fmt.Errorf("--unflushed-size %v is below --flush-size %v: no flush would ever be full", s.UnflushedSize, s.FlushSize))
	}
	if s.UnflushedSize < s.MaxRequestSize {
		errs = append(errs, fmt.Errorf("--unflushed-size %v is below --max-request-size %v: one request could not be taken", s.UnflushedSize, s.MaxRequestSize))
	}
	return errors.Join(errs...)
}

// atLeast returns nil, or an error that names the flag and both sizes.
func atLeast(flag string, have, least units.Bytes) error {
	if have < least {
		return fmt.Errorf("%s %v is below the least, %v", flag, have, least)
	}
	return nil
}

func (s *settings) checkFlushing() error {
	errs := []error{
		between("--max-in-flight", s.MaxInFlight, 1, log.MaxPipeline),
		between("--flush-size", s.FlushSize, minFlushSize, maxFlushSize),
	}
	if d := s.FlushInterval.d; d < 0 || d > maxFlushInterval {
		errs = append(errs, fmt.Errorf("--flush-interval %v is not between 0 and %v", d, maxFlushInterval))
	}
	return errors.Join(errs...)
}

// checkLimits checks the bounds of the state. They may stand below what the state holds already:
// then nothing new is taken.
func (s *settings) checkLimits() error {
	return errors.Join(
		between("--max-topics", s.MaxTopics, 1, maxStateLimit),
		between("--max-partitions", s.MaxPartitions, 1, maxStateLimit),
		between("--max-groups", s.MaxGroups, 1, maxStateLimit),
		between("--max-offsets", s.MaxOffsets, 1, maxStateLimit),
		atLeast("--max-offset-metadata-size", s.MaxOffsetMetadataSize, log.MaxOffsetMetadata),
		between("--max-producers", s.MaxProducers, 1, maxStateLimit),
		between("--max-producer-names", s.MaxProducerNames, 1, maxStateLimit),
		between("--partition-change-rate", s.PartitionChangeRate, 1, maxPartitionChangeRate),
	)
}

// checkClients checks what clients may ask for. Sizes of requests end at the largest frame that
// the log can store.
func (s *settings) checkClients() error {
	errs := []error{
		between("--default-partitions", s.DefaultPartitions, 1, log.MaxPartitions),
		s.checkConnections(),
		between("--max-message-size", s.MaxMessageSize, minMessageSize, log.MaxFrameBytes),
		between("--max-request-size", s.MaxRequestSize, minRequestSize, log.MaxFrameBytes),
	}
	if s.MaxMessageSize > s.MaxRequestSize {
		errs = append(errs, fmt.Errorf("--max-message-size %v is above --max-request-size %v: no such batch could arrive", s.MaxMessageSize, s.MaxRequestSize))
	}
	if s.GroupMinSessionTimeout <= 0 || s.GroupMaxSessionTimeout < s.GroupMinSessionTimeout {
		errs = append(errs, fmt.Errorf("--group-min-session-timeout %v has to be above 0 and no longer than --group-max-session-timeout %v", s.GroupMinSessionTimeout, s.GroupMaxSessionTimeout))
	}
	if s.GroupMaxSessionTimeout > maxSessionTimeout {
		errs = append(errs, fmt.Errorf("--group-max-session-timeout %v is above the most, %v", s.GroupMaxSessionTimeout, maxSessionTimeout))
	}
	if d := s.GroupInitialRebalanceDelay; d < 0 {
		errs = append(errs, fmt.Errorf("--group-initial-rebalance-delay %v is below 0: set 0 for none", d))
	} else if d > maxRebalanceDelay {
		errs = append(errs, fmt.Errorf("--group-initial-rebalance-delay %v is above the most, %v", d, maxRebalanceDelay))
	}
	return errors.Join(errs...)
}

// checkProcess checks durations, which have no upper bound: who wants to wait longer may.
func (s *settings) checkProcess() error {
	var errs []error
	if s.StartupTimeout <= 0 {
		errs = append(errs, fmt.Errorf("--startup-timeout %v has to be above 0", s.StartupTimeout))
	}
	if s.ReadyGrace < 0 {
		errs = append(errs, fmt.Errorf("--ready-grace %v is below 0: set 0 for a broker that is not ready as soon as a write fails", s.ReadyGrace))
	}
	if s.ShutdownTimeout <= 0 {
		errs = append(errs, fmt.Errorf("--shutdown-timeout %v has to be above 0", s.ShutdownTimeout))
	}
	return errors.Join(errs...)
}

// between returns nil, or an error that names the flag, the value and its bounds, both of which are allowed.
func between[T int | int32 | int64 | units.Bytes](flag string, have, least, most T) error {
	if have < least || have > most {
		return fmt.Errorf("%s %v is not between %v and %v", flag, have, least, most)
	}
	return nil
}
