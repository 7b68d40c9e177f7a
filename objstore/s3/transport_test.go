package s3

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore/storetest"
)

func TestStallConnGivesUpOnSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer near.Close()
		defer far.Close()
		c := &stallConn{Conn: near, limit: time.Minute}
		start := time.Now()
		_, err := c.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(start))
		_, err = c.Write([]byte("x"))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, 2*time.Minute, time.Since(start))
	})
}

// A transfer may take any time as long as it moves.
func TestStallConnIsPatientWithProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer near.Close()
		defer far.Close()
		c := &stallConn{Conn: near, limit: time.Minute}
		const chunks = 10
		go func() {
			buf := make([]byte, stallChunkBytes)
			for range chunks { // each just before the limit
				time.Sleep(59 * time.Second)
				_, _ = io.ReadFull(far, buf)
			}
			time.Sleep(59 * time.Second)
			_, _ = far.Write([]byte("done"))
		}()
		// The transport waits for the answer from the start, also while it sends.
		answered := make(chan error, 1)
		go func() {
			_, err := io.ReadFull(c, make([]byte, 4))
			answered <- err
		}()
		n, err := c.Write(make([]byte, chunks*stallChunkBytes))
		require.NoError(t, err)
		require.Equal(t, chunks*stallChunkBytes, n)
		require.NoError(t, <-answered)
	})
}

// hangOnce answers the first request with nothing, or with the beginning of a body.
func hangOnce(t *testing.T, begin func(http.ResponseWriter)) (*Store, *atomic.Int64) {
	release := make(chan struct{})
	var requests atomic.Int64
	s := storeAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) > 1 {
			ok(200, digits)(w, r)
			return
		}
		begin(w)
		<-release
	}), Options{StallTimeout: time.Second})
	t.Cleanup(func() { close(release) })
	return s, &requests
}

func TestAbandonsAHungConnection(t *testing.T) {
	s, requests := hangOnce(t, func(http.ResponseWriter) {})
	body, err := s.Get(t.Context(), "key")
	require.NoError(t, err)
	require.Equal(t, digits, string(body))
	require.Greater(t, requests.Load(), int64(1))

	s, requests = hangOnce(t, func(w http.ResponseWriter) {
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Length", "9")
		_, _ = io.WriteString(w, "1234")
		_ = http.NewResponseController(w).Flush()
	})
	body, err = s.Get(t.Context(), "key")
	require.NoError(t, err)
	require.Equal(t, digits, string(body))
	require.Greater(t, requests.Load(), int64(1))
}

func TestHonoursItsContext(t *testing.T) {
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	s := storeAt(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	}), Options{})
	defer close(release)
	for _, call := range []func(context.Context) error{
		func(ctx context.Context) error { return s.Put(ctx, "key", []byte("x")) },
		func(ctx context.Context) error { _, err := s.Get(ctx, "key"); return err },
		func(ctx context.Context) error { _, err := s.GetRange(ctx, "key", 0, 1); return err },
		func(ctx context.Context) error { _, err := s.GetRange(ctx, "key", 0, 0); return err },
		func(ctx context.Context) error { _, err := storetest.ListAll(ctx, s, "", ""); return err },
		func(ctx context.Context) error { return s.Delete(ctx, "key") },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- call(ctx) }()
		<-arrived
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	}
}

func TestReusesConnections(t *testing.T) {
	addresses := make(map[string]bool)
	s, server := scripted(t, ok(200, digits))
	for range 20 {
		_, err := s.Get(t.Context(), "key")
		require.NoError(t, err)
	}
	for _, r := range server.requests {
		addresses[r.RemoteAddr] = true
	}
	require.Len(t, addresses, 1)
}
