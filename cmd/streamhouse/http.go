package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"time"

	"streamhouse/cmd/streamhouse/metrics"
)

// httpServer answers probes, scrapes and profilers. It has no authentication and no limit on
// connections: the listener brings one, see [limitConnections].
type httpServer struct{ *http.Server }

// newHTTPServer returns a server that serves before the engine is open: a start may take long, and
// the probes have to be answered meanwhile.
func newHTTPServer(h *health, m *metrics.Metrics, logger *slog.Logger) httpServer {
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", page("ok", h.alive))
	mux.Handle("GET /readyz", page("ready", h.ready))
	mux.Handle("GET /metrics", m.Handler())
	// Not by way of http.DefaultServeMux, to which any library may add pages.
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return httpServer{&http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		// No WriteTimeout: a profile takes as long as it was asked to.
		IdleTimeout:    2 * time.Minute,
		MaxHeaderBytes: 16 << 10,
		// Mostly what clients do wrong, which nobody has to look at.
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}}
}

// httpStopTimeout is what a scrape or a probe under way gets when the broker stops.
const httpStopTimeout = time.Second

// Shutdown cuts what is not done when ctx ends: a profile under way is no reason to fail. Like
// [http.Server.Shutdown] it makes Serve return [http.ErrServerClosed].
func (s httpServer) Shutdown(ctx context.Context) error {
	if err := s.Server.Shutdown(ctx); err != nil {
		return s.Close()
	}
	return nil
}
