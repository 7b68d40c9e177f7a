package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/cmd/streamhouse/metrics"
	"streamhouse/log"
)

// engineStub is an engine that feels as it is told.
type engineStub struct{ health, err error }

func (e *engineStub) Health() error { return e.health }
func (e *engineStub) Err() error    { return e.err }

func get(t *testing.T, s httpServer, path string) (int, string) {
	t.Helper()
	answer := httptest.NewRecorder()
	s.Handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.Code, string(body)
}

func TestProbesFollowTheEngine(t *testing.T) {
	h := newHealth(0)
	server := newHTTPServer(h, metrics.New("v1"), slog.New(slog.DiscardHandler))
	expect := func(path string, code int, body string) {
		t.Helper()
		gotCode, gotBody := get(t, server, path)
		require.Equal(t, code, gotCode)
		require.Equal(t, body+"\n", gotBody)
	}
	expect("/healthz", 200, "ok")
	expect("/readyz", 503, "starting: the journal is being read")

	engine := new(engineStub)
	h.serving(engine)
	expect("/healthz", 200, "ok")
	expect("/readyz", 200, "ready")

	engine.health = fmt.Errorf("%w: 503", log.ErrUnavailable)
	expect("/healthz", 200, "ok") // a restart would not help
	expect("/readyz", 503, "object store is not available: 503")

	engine.health, engine.err = nil, errors.New("fenced")
	expect("/healthz", 503, "fenced")

	h.stopping()
	expect("/readyz", 503, "stopping")
}

func TestHTTPServesFiguresAndProfiles(t *testing.T) {
	server := newHTTPServer(newHealth(0), metrics.New("v1"), slog.New(slog.DiscardHandler))
	for path, want := range map[string]string{
		"/metrics":                       "go_goroutines",
		"/debug/pprof/":                  "goroutine",
		"/debug/pprof/goroutine?debug=1": "goroutine profile",
		"/debug/pprof/cmdline":           "streamhouse",
	} {
		code, body := get(t, server, path)
		require.Equal(t, 200, code, path)
		require.Contains(t, body, want, path)
	}
	code, _ := get(t, server, "/")
	require.Equal(t, 404, code)
}
