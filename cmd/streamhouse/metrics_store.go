package main

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"streamhouse/objstore"
)

// storeMetrics count what goes to the object store.
type storeMetrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	bytes    *prometheus.CounterVec
}

func newStoreMetrics(r registrar) storeMetrics {
	return storeMetrics{
		requests: r.counterVec("store_requests_total", "Calls to the object store, by kind and outcome. What the S3 client repeated by itself is one call; a listing is one, however many pages it has.", "kind", "outcome"),
		seconds:  r.histogramVec("store_request_seconds", "Time of calls to the object store, by kind.", secondsBuckets, "kind"),
		bytes:    r.counterVec("store_bytes_total", "Bytes that went to the object store (out) and came from it (in).", "direction"),
	}
}

// called is told of every call once it is over.
func (m *storeMetrics) called(c storeCall) {
	m.requests.WithLabelValues(c.op.String(), outcome(c.err)).Inc()
	m.seconds.WithLabelValues(c.op.String()).Observe(c.took.Seconds())
	if c.err != nil {
		return
	}
	if c.op == objstore.OpPut {
		m.bytes.WithLabelValues("out").Add(float64(c.bytes))
	} else {
		m.bytes.WithLabelValues("in").Add(float64(c.bytes))
	}
}

// outcome names how a call ended.
func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, objstore.ErrExists):
		return "exists"
	case errors.Is(err, objstore.ErrNotFound):
		return "not_found"
	case errors.Is(err, objstore.ErrRange):
		return "range"
	case errors.Is(err, objstore.ErrPermanent):
		return "refused"
	case errors.Is(err, context.Canceled):
		return "canceled"
	default:
		return "error"
	}
}

// storeCall is one call to the object store.
type storeCall struct {
	op    objstore.Op
	bytes int64
	took  time.Duration
	err   error
}
