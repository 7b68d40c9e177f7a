package metrics

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"streamhouse/objstore"
)

// storeMetrics count what goes to the object store. Requests by kind are what a bucket is billed by; what
// the S3 client tries again by itself is billed, too, and is not in them.
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

// called is told of every call once it is over. Bytes count where the call succeeded: what a failed one has moved is
// not known.
func (m *storeMetrics) called(c StoreCall) {
	m.requests.WithLabelValues(c.Op.String(), outcome(c.Err)).Inc()
	m.seconds.WithLabelValues(c.Op.String()).Observe(c.Took.Seconds())
	if c.Err != nil {
		return
	}
	if c.Op == objstore.OpPut {
		m.bytes.WithLabelValues("out").Add(float64(c.Bytes))
	} else {
		m.bytes.WithLabelValues("in").Add(float64(c.Bytes))
	}
}

// outcome names how a call ended. exists is no failure of the store: it is how a broker learns that another
// one writes the journal, or that its own earlier attempt went through.
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
