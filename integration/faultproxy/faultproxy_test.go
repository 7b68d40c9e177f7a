package faultproxy

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFates(t *testing.T) {
	var seen atomic.Int32
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	defer store.Close()
	p, err := Start(store.URL)
	require.NoError(t, err)
	defer p.Close()

	for _, c := range []struct {
		fate    Fate
		status  int // 0: no answer
		carried bool
	}{
		{Pass, 200, true},
		{SlowDown, 503, false},
		{Fail, 500, false},
		{Deny, 403, false},
		{Cut, 0, false},
		{FailAfter, 500, true},
		{CutAfter, 0, true},
	} {
		seen.Store(0)
		p.SetFault(func(r Request) Action {
			require.Equal(t, Put, r.Kind)
			require.Equal(t, "a/b", r.Key)
			return Action{Fate: c.fate}
		})
		status, err := put(p.URL() + "/bucket/a/b")
		require.Equal(t, c.status, status, "%v: %v", c.fate, err)
		require.Equal(t, c.carried, seen.Load() == 1, "fate %v", c.fate)
	}
	require.Equal(t, 7, p.Counts()[Put])
	p.Reset()
	require.Empty(t, p.Requests(Put))
}

func TestHangEndsWithTheFault(t *testing.T) {
	store := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer store.Close()
	p, err := Start(store.URL)
	require.NoError(t, err)
	defer p.Close()

	hanging := make(chan struct{})
	p.SetFault(func(Request) Action { close(hanging); return Action{Fate: Hang} })
	answer := make(chan int, 1)
	go func() {
		status, _ := put(p.URL() + "/bucket/key")
		answer <- status
	}()
	<-hanging
	require.Empty(t, answer)
	p.SetFault(nil)
	require.Equal(t, 200, <-answer)
}

func TestIgnoredConditions(t *testing.T) {
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "there is one", http.StatusPreconditionFailed)
	}))
	defer store.Close()
	p, err := Start(store.URL)
	require.NoError(t, err)
	defer p.Close()
	status, err := put(p.URL() + "/bucket/key")
	require.NoError(t, err)
	require.Equal(t, 412, status)
	p.IgnoreConditions()
	status, err = put(p.URL() + "/bucket/key")
	require.NoError(t, err)
	require.Equal(t, 200, status)
}

func TestKinds(t *testing.T) {
	for line, want := range map[string]Request{
		"PUT /b/k/1":                        {Kind: Put, Key: "k/1"},
		"PUT /b":                            {Kind: Other},
		"GET /b/k":                          {Kind: Get, Key: "k"},
		"GET /b?list-type=2&prefix=journal": {Kind: List, Key: "journal"},
		"POST /b?delete":                    {Kind: Delete},
		"DELETE /b/k":                       {Kind: Delete, Key: "k"},
		"HEAD /b":                           {Kind: Other},
	} {
		method, target, _ := strings.Cut(line, " ")
		require.Equal(t, want, classify(httptest.NewRequest(method, target, nil)), line)
	}
}

// put returns the status, or 0 where the connection was cut.
func put(url string) (int, error) {
	req, err := http.NewRequest(http.MethodPut, url, strings.NewReader("body"))
	if err != nil {
		return 0, err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return 0, errors.Unwrap(err)
	}
	return resp.StatusCode, resp.Body.Close()
}
