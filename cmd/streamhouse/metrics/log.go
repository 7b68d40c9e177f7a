package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"streamhouse/log"
)

// logCollector reads the engine's figures of the moment when it is scraped.
type logCollector struct {
	stats func() log.Stats

	unflushed, queued, inFlight, tail, topics, partitions *prometheus.Desc
}

func newLogCollector(stats func() log.Stats) *logCollector {
	return &logCollector{
		stats:      stats,
		unflushed:  prometheus.NewDesc("unflushed_bytes", "Bytes of record batches that were taken and are not yet durable.", nil, nil),
		queued:     prometheus.NewDesc("flushes_queued", "Full flushes that wait for others to land.", nil, nil),
		inFlight:   prometheus.NewDesc("flushes_in_flight", "Flushes on their way to the store.", nil, nil),
		tail:       prometheus.NewDesc("tail_bytes", "Bytes of the newest record batches, in memory.", nil, nil),
		topics:     prometheus.NewDesc("topics", "Topics.", nil, nil),
		partitions: prometheus.NewDesc("partitions", "Partitions of all topics.", nil, nil),
	}
}

// Describe implements [prometheus.Collector].
func (c *logCollector) Describe(out chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(c, out)
}

// Collect implements [prometheus.Collector].
func (c *logCollector) Collect(out chan<- prometheus.Metric) {
	s := c.stats()
	for desc, value := range map[*prometheus.Desc]int64{
		c.unflushed: s.UnflushedBytes, c.queued: int64(s.FlushesQueued), c.inFlight: int64(s.FlushesInFlight), c.tail: s.TailBytes,
		c.topics: int64(s.Topics), c.partitions: int64(s.Partitions),
	} {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value))
	}
}
