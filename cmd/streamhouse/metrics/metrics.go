package metrics

import (
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"streamhouse/grpcapi"
	"streamhouse/kafka"
	"streamhouse/log"
)

// Metrics are everything that /metrics shows. They live in a registry of their
// own, so that several brokers fit into one process and no library adds to them unasked.
// All methods may be called concurrently.
type Metrics struct {
	// registry is read by Handler; what is in it comes by way of names, except the collectors of Go and the process, whose
	// names are the same in every program.
	registry *prometheus.Registry
	names    registrar // adds the prefix
	engine   engineMetrics
	store    storeMetrics
	grpc     grpcMetrics
	kafka    kafkaMetrics
}

// New returns the metrics of one broker, all at 0. version is what its binary was built from.
func New(version string) *Metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r := registrar{prometheus.WrapRegistererWithPrefix("streamhouse_", registry)}
	r.gaugeVec("build_info", "What this binary was built from; always 1.", "version", "go").
		WithLabelValues(version, runtime.Version()).Set(1)
	return &Metrics{registry: registry, names: r, engine: newEngineMetrics(r), store: newStoreMetrics(r), grpc: newGRPCMetrics(r), kafka: newKafkaMetrics(r)}
}

// Handler answers scrapes, in the format that they ask for, and counts its own errors in the same registry.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Engine returns the engine's events as far as they move figures; the others are nil. Each call returns its own
// functions over the same figures, so what wraps them changes nothing here.
func (m *Metrics) Engine() log.Events { return m.engine.events() }

// Kafka returns the Kafka door's events.
func (m *Metrics) Kafka() kafka.Events { return m.kafka.events() }

// GRPC returns the gRPC door's events.
func (m *Metrics) GRPC() grpcapi.Events { return m.grpc.events() }

// StoreCalled counts a call to the object store: see [WatchStore]. It is quick.
func (m *Metrics) StoreCalled(c StoreCall) { m.store.called(c) }

// Read has the figures of the moment read whenever somebody scrapes. It may be called once; a second call
// panics. Until then scrapes show the other figures alone, for instance while the engine starts. The functions are called
// concurrently and must be quick.
func (m *Metrics) Read(engine func() log.Stats, limits func() []log.Limit, door func() kafka.Stats) {
	m.names.MustRegister(newGroupCollector(door), newLogCollector(engine, limits))
}

// registrar makes and registers metrics in one step. Names are without the prefix. Its methods panic when a name
// is taken or not valid: names are constants.
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

// secondsBuckets reach from an answer out of memory to the timeout of a client. They are seconds, as
// Prometheus wants times to be.
var secondsBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// heldBuckets reach from a commit of a few batches to one long entry.
var heldBuckets = []float64{.00001, .000025, .00005, .0001, .00025, .0005, .001, .002, .005, .01, .025, .05, .1, .25, 1}

// bytesBuckets reach from a commit without data to a full flush, and to the largest of settings.
var bytesBuckets = prometheus.ExponentialBuckets(1<<10, 4, 10) // 1 KiB … 256 MiB
