package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"streamhouse/kafka"
	"streamhouse/log/group"
)

// groupCollector reads the consumer groups when it is scraped: their states
// change by themselves as time goes by. It may be used concurrently if stats may.
type groupCollector struct {
	stats func() kafka.Stats

	groups, members, rebalances, expired *prometheus.Desc
}

// newGroupCollector names its metrics without the prefix, which the registry adds.
func newGroupCollector(stats func() kafka.Stats) *groupCollector {
	return &groupCollector{
		stats:      stats,
		groups:     prometheus.NewDesc("groups", "Consumer groups that have members, by state.", []string{"state"}, nil),
		members:    prometheus.NewDesc("group_members", "Members of all consumer groups.", nil, nil),
		rebalances: prometheus.NewDesc("group_rebalances_total", "Rebalances of consumer groups.", nil, nil),
		expired:    prometheus.NewDesc("group_members_expired_total", "Members that were removed because they fell silent.", nil, nil),
	}
}

// Describe implements [prometheus.Collector].
func (c *groupCollector) Describe(out chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(c, out)
}

// Collect implements [prometheus.Collector].
func (c *groupCollector) Collect(out chan<- prometheus.Metric) {
	g := c.stats().Groups
	for state, n := range g.States {
		out <- prometheus.MustNewConstMetric(c.groups, prometheus.GaugeValue, float64(n), group.State(state).String())
	}
	out <- prometheus.MustNewConstMetric(c.members, prometheus.GaugeValue, float64(g.Members))
	out <- prometheus.MustNewConstMetric(c.rebalances, prometheus.CounterValue, float64(g.Rebalances))
	out <- prometheus.MustNewConstMetric(c.expired, prometheus.CounterValue, float64(g.Expired))
}
