package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"streamhouse/log"
)

// logCollector reads the engine's figures of the moment when it is scraped: gauges that events would have to
// keep up at every step. It may be used concurrently if its functions may.
type logCollector struct {
	stats  func() log.Stats
	limits func() []log.Limit

	unflushed, queued, inFlight, tail, topics, partitions, usage, limit *prometheus.Desc
}

// newLogCollector names its metrics without the prefix, which the registry adds.
func newLogCollector(stats func() log.Stats, limits func() []log.Limit) *logCollector {
	return &logCollector{
		stats:      stats,
		limits:     limits,
		unflushed:  prometheus.NewDesc("unflushed_bytes", "Bytes of record batches that were taken and are not yet durable.", nil, nil),
		queued:     prometheus.NewDesc("flushes_queued", "Full flushes that wait for others to land.", nil, nil),
		inFlight:   prometheus.NewDesc("flushes_in_flight", "Flushes on their way to the store.", nil, nil),
		tail:       prometheus.NewDesc("tail_bytes", "Bytes of the newest record batches, in memory.", nil, nil),
		topics:     prometheus.NewDesc("topics", "Topics.", nil, nil),
		partitions: prometheus.NewDesc("partitions", "Partitions of all topics.", nil, nil),
		usage:      prometheus.NewDesc("state_usage", "What clients made the state hold, by the setting that bounds it.", []string{"setting"}, nil),
		limit:      prometheus.NewDesc("state_limit", "The bounds of state_usage: something new beyond them is refused.", []string{"setting"}, nil),
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
		c.topics: s.Usage.Topics, c.partitions: s.Usage.Partitions,
	} {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value))
	}
	for _, l := range c.limits() {
		out <- prometheus.MustNewConstMetric(c.usage, prometheus.GaugeValue, float64(l.Have), l.Setting)
		out <- prometheus.MustNewConstMetric(c.limit, prometheus.GaugeValue, float64(l.Max), l.Setting)
	}
}
