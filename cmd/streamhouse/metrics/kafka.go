package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"streamhouse/kafka"
)

// kafkaMetrics are moved by the Kafka door's events. Labels are names from its tables, never what a client sent.
type kafkaMetrics struct {
	connections prometheus.Gauge
	opened      prometheus.Counter
	refused     *prometheus.CounterVec
	seconds     *prometheus.HistogramVec
	errors      *prometheus.CounterVec
}

func newKafkaMetrics(r registrar) kafkaMetrics {
	return kafkaMetrics{
		connections: r.gauge("kafka_connections", "Kafka connections that are open."),
		opened:      r.counter("kafka_connections_total", "Kafka connections that were opened."),
		refused:     r.counterVec("kafka_refused_total", "Kafka connections that were closed upon, by reason.", "reason"),
		seconds:     r.histogramVec("kafka_request_seconds", "Time of Kafka requests until their answer, by API. Produce waits for the store, Fetch for records.", secondsBuckets, "api"),
		errors:      r.counterVec("kafka_errors_total", "Kafka answers with an error in them, by API and the first error's code.", "api", "code"),
	}
}

func (m *kafkaMetrics) events() kafka.Events {
	return kafka.Events{
		Opened: func() {
			m.connections.Inc()
			m.opened.Inc()
		},
		Closed:  m.connections.Dec,
		Request: func(api string, took time.Duration) { m.seconds.WithLabelValues(api).Observe(took.Seconds()) },
		Failed:  func(api, code string) { m.errors.WithLabelValues(api, code).Inc() },
		Refused: func(reason string) { m.refused.WithLabelValues(reason).Inc() },
	}
}
