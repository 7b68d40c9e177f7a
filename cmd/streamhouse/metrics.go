package main

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are everything that /metrics shows. They live in a registry of their
// own, so that several brokers fit into one process and no library adds to them unasked.
type metrics struct {
	registry *prometheus.Registry
	names    registrar // adds the prefix
	engine   engineMetrics
	store    storeMetrics
	grpc     grpcMetrics
	kafka    kafkaMetrics
}

func newMetrics() *metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r := registrar{prometheus.WrapRegistererWithPrefix("streamhouse_", registry)}
	r.gaugeVec("build_info", "What this binary was built from; always 1.", "version", "go").
		WithLabelValues(buildVersion(), runtime.Version()).Set(1)
	return &metrics{registry: registry, names: r, engine: newEngineMetrics(r), store: newStoreMetrics(r), grpc: newGRPCMetrics(r), kafka: newKafkaMetrics(r)}
}

// registrar makes and registers metrics in one step.
type registrar struct{ prometheus.Registerer }

func (r registrar) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	r.MustRegister(c)
	return c
}

func (r registrar) counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	r.MustRegister(c)
	return c
}

func (r registrar) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	r.MustRegister(g)
	return g
}

func (r registrar) gaugeVec(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	r.MustRegister(g)
	return g
}

func (r registrar) histogram(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	r.MustRegister(h)
	return h
}

func (r registrar) histogramVec(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	r.MustRegister(h)
	return h
}

// secondsBuckets reach from an answer out of memory to the timeout of a client.
var secondsBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// bytesBuckets reach from a commit without data to a full flush, and to the largest of settings.
var bytesBuckets = prometheus.ExponentialBuckets(1<<10, 4, 10) // 1 KiB … 256 MiB
