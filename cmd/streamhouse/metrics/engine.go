package metrics

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"streamhouse/log"
)

// engineMetrics are moved by the engine's events. They are resolved once where their labels are few and known, for
// the events come in the path of every batch: a look-up of a label each time would cost more than the count.
type engineMetrics struct {
	appendedBytes   prometheus.Counter
	appendedRecords prometheus.Counter
	duplicates      prometheus.Counter
	readTail        readMetrics
	readCache       readMetrics

	flushObjectBytes prometheus.Histogram
	flushBatchBytes  prometheus.Counter
	flushBatches     prometheus.Counter
	flushPartitions  prometheus.Counter
	flushEntries     prometheus.Counter
	flushEncode      prometheus.Observer
	flushPut         prometheus.Observer
	flushRetries     prometheus.Counter
	flushCuts        prometheus.Counter
	// storeTrouble and the gauges below are 0 or 1, or a time: they say what is, not how often.
	storeTrouble prometheus.Gauge

	cacheHits  *prometheus.CounterVec
	cacheMiss  prometheus.Counter
	cacheOff   prometheus.Gauge
	stateHeld  prometheus.Histogram
	staleSince prometheus.Gauge
	fenced     prometheus.Gauge
	refused    *prometheus.CounterVec
	journalSeq prometheus.Gauge
}

// readMetrics are of one source of reads: tail (memory), or cache, which is the cache and the store behind it.
type readMetrics struct{ bytes, records prometheus.Counter }

// newEngineMetrics registers all of them, so that each is there at 0 from the first scrape on. It
// panics when a name is taken: that is a mistake in the program.
func newEngineMetrics(r registrar) engineMetrics {
	bytes := r.counterVec("read_bytes_total", "Bytes of record batches handed to readers, by where they came from: tail is memory, cache is the cache or the store.", "source")
	records := r.counterVec("read_records_total", "Records in the batches handed to readers, by where they came from.", "source")
	flush := r.histogramVec("flush_seconds", "Time of a flush, by step: encode, put.", secondsBuckets, "step")
	return engineMetrics{
		appendedBytes:   r.counter("appended_bytes_total", "Bytes of record batches that became durable."),
		appendedRecords: r.counter("appended_records_total", "Records that became durable."),
		duplicates:      r.counter("duplicate_batches_total", "Batches of idempotent producers that were in the log already."),
		readTail:        readMetrics{bytes.WithLabelValues("tail"), records.WithLabelValues("tail")},
		readCache:       readMetrics{bytes.WithLabelValues("cache"), records.WithLabelValues("cache")},

		flushObjectBytes: r.histogram("flush_object_bytes", "Size of the objects that flushes wrote.", bytesBuckets),
		flushBatchBytes:  r.counter("flush_batch_bytes_total", "Bytes of record batches in flushes, before compression."),
		flushBatches:     r.counter("flush_batches_total", "Record batches in flushes."),
		flushPartitions:  r.counter("flush_partitions_total", "Partitions that took part in flushes."),
		flushEntries:     r.counter("flush_entries_total", "Changes of state in flushes."),
		flushEncode:      flush.WithLabelValues("encode"),
		flushPut:         flush.WithLabelValues("put"),
		flushRetries:     r.counter("flush_retries_total", "PUTs of flushes that failed and were tried again."),
		flushCuts:        r.counter("flush_cuts_total", "Objects that the store refused for their size: their flushes were cut."),
		storeTrouble:     r.gauge("store_trouble", "1 while the object store fails the journal."),

		cacheHits:  r.counterVec("cache_hits_total", "Blocks found in the cache, by tier: memory, disk.", "tier"),
		cacheMiss:  r.counter("cache_misses_total", "Blocks that had to come from the store."),
		cacheOff:   r.gauge("cache_disk_off", "1 once the disk cache has turned itself off."),
		stateHeld:  r.histogram("state_held_seconds", "Time for which a step of a commit kept all readers of the state out.", heldBuckets),
		staleSince: r.gauge("metadata_stale_since_seconds", "When the metadata file could no longer be written, seconds since 1970; 0 while it is current."),
		fenced:     r.gauge("fenced", "1 once another broker has taken over the bucket."),
		refused:    r.counterVec("state_refusals_total", "Changes that were refused because of a limit of the state, or have to wait for partition-change-rate, by setting.", "setting"),
		journalSeq: r.gauge("journal_seq", "Sequence number of the newest journal segment written here."),
	}
}

// events are the engine's events as far as they move figures; the others stay nil. They take no lock but
// Prometheus' own and never block, as the engine wants it. They may be called concurrently.
func (m *engineMetrics) events() log.Events {
	memory, disk := m.cacheHits.WithLabelValues("memory"), m.cacheHits.WithLabelValues("disk")
	return log.Events{
		Appended: func(bytes, records int64) {
			m.appendedBytes.Add(float64(bytes))
			m.appendedRecords.Add(float64(records))
		},
		Duplicate: m.duplicates.Inc,
		Read: func(bytes, records int64, tail bool) {
			source := &m.readCache
			if tail {
				source = &m.readTail
			}
			source.bytes.Add(float64(bytes))
			source.records.Add(float64(records))
		},
		Flushed: m.flushed,
		CacheHit: func(tier string) {
			if tier == "disk" {
				disk.Inc()
			} else {
				memory.Inc()
			}
		},
		CacheMiss:      m.cacheMiss.Inc,
		CacheTrouble:   func(error) { m.cacheOff.Set(1) },
		ObjectRefused:  func(int64, int64, error) { m.flushCuts.Inc() },
		StoreTrouble:   func(error, int, time.Duration) { m.storeTrouble.Set(1) },
		StoreRecovered: func() { m.storeTrouble.Set(0) },
		StateHeld:      func(d time.Duration) { m.stateHeld.Observe(d.Seconds()) },
		MetadataStale: func(since time.Time, _ error) {
			m.staleSince.Set(float64(since.UnixMilli()) / 1000)
		},
		MetadataCurrent: func() { m.staleSince.Set(0) },
		Fenced:          func(error) { m.fenced.Set(1) },
		Refused:         m.refuse,
	}
}

// refuse counts by the setting that is in the way. What is no [log.LimitError] is the pace of changes of
// partitions, a [log.ThrottledError].
func (m *engineMetrics) refuse(err error) {
	setting := "partition-change-rate"
	if e, ok := errors.AsType[*log.LimitError](err); ok {
		setting = e.Setting
	}
	m.refused.WithLabelValues(setting).Inc()
}

// flushed counts one flush that became durable. One that is still tried, or was given up, is not in
// these figures.
func (m *engineMetrics) flushed(f log.FlushInfo) {
	m.flushObjectBytes.Observe(float64(f.ObjectBytes))
	m.flushBatchBytes.Add(float64(f.BatchBytes))
	m.flushBatches.Add(float64(f.Batches))
	m.flushPartitions.Add(float64(f.Partitions))
	m.flushEntries.Add(float64(f.Entries))
	m.flushEncode.Observe(f.Encode.Seconds())
	m.flushPut.Observe(f.Put.Seconds())
	m.flushRetries.Add(float64(f.Retries))
	m.journalSeq.Set(float64(f.Seq))
}
