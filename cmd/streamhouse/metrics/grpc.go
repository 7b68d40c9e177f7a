package metrics

import (
	"path"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"

	"streamhouse/grpcapi"
)

// grpcMetrics are moved by the gRPC door's events. Labels come from the methods that the server has and from
// gRPC's codes, so that no client can make more of them.
type grpcMetrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	refused  prometheus.Counter
}

func newGRPCMetrics(r registrar) grpcMetrics {
	return grpcMetrics{
		requests: r.counterVec("grpc_requests_total", "gRPC calls, by method and status code.", "method", "code"),
		seconds:  r.histogramVec("grpc_request_seconds", "Time of gRPC calls until their answer, by method. Produce waits for the store.", secondsBuckets, "method"),
		refused:  r.counter("grpc_refused_total", "gRPC connections that were closed because there were too many."),
	}
}

func (m *grpcMetrics) events() grpcapi.Events {
	return grpcapi.Events{
		Handled: func(method string, code codes.Code, took time.Duration) {
			// Without package and service: methods of different services have different names here.
			name := path.Base(method)
			m.requests.WithLabelValues(name, code.String()).Inc()
			m.seconds.WithLabelValues(name).Observe(took.Seconds())
		},
		Refused: m.refused.Inc,
	}
}
