package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
)

func TestPutRequest(t *testing.T) {
	s, server := scripted(t, ok(200, ""))
	s.prefix = "deep/down/"
	require.NoError(t, s.Put(t.Context(), "a/b c", []byte("123456789")))
	r := server.requests[0]
	require.Equal(t, "PUT", r.Method)
	require.Equal(t, "/bucket/deep/down/a/b c", r.URL.Path)
	require.Equal(t, "*", r.Header.Get("If-None-Match"))
	require.Equal(t, "4waSgw==", r.Header.Get("X-Amz-Checksum-Crc32c"), "the check value of CRC-32C")
	require.Contains(t, r.Header.Get("Authorization"), "x-amz-checksum-crc32c", "the checksum is signed")
	require.Equal(t, "UNSIGNED-PAYLOAD", r.Header.Get("X-Amz-Content-Sha256"))
	require.Empty(t, r.Header.Get("Expect"))
	require.EqualValues(t, 9, r.ContentLength)
	require.Equal(t, "123456789", string(server.bodies[0]))
}

func TestPutSignsTheBodyOnAPlainConnection(t *testing.T) {
	s, server := scripted(t, ok(200, ""))
	s.unsigned = false
	require.NoError(t, s.Put(t.Context(), "a", []byte("123456789")))
	sum := sha256.Sum256([]byte("123456789"))
	require.Equal(t, hex.EncodeToString(sum[:]), server.requests[0].Header.Get("X-Amz-Content-Sha256"))
	require.Equal(t, "4waSgw==", server.requests[0].Header.Get("X-Amz-Checksum-Crc32c"))
}

func TestLargePutDoesNotAskFirst(t *testing.T) {
	s, server := scripted(t, ok(200, ""))
	require.NoError(t, s.Put(t.Context(), "a", make([]byte, 8<<20)))
	require.Empty(t, server.requests[0].Header.Get("Expect"))
	require.Len(t, server.bodies[0], 8<<20)
}

func TestSignsBodies(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"": false, "https://s3.example.com": false, "http://localhost:9000": false, "http://127.0.0.1:9000": false,
		"http://127.8.8.8": false, "http://[::1]:9000": false, "http://10.0.0.1:9000": true, "http://minio:9000": true,
		"http://localhost.example.com": true, "://": true,
	} {
		require.Equal(t, want, signsBodies(endpoint), endpoint)
	}
}

// A refusal for the size is told as such only where this Put has stored nothing for sure: an attempt before
// that had no answer may be carried out yet.
func TestPutOfTooMuch(t *testing.T) {
	for name, c := range map[string]struct {
		answers  []answer
		tooLarge bool
		requests int
	}{
		"by S3":                    {[]answer{refuse(400, "EntityTooLarge")}, true, 1},
		"by another store":         {[]answer{refuse(413, "RequestEntityTooLarge")}, true, 1},
		"by a proxy":               {[]answer{page(413)}, true, 1},
		"after a reset":            {[]answer{hangUp, refuse(400, "EntityTooLarge")}, false, 2},
		"after a 500":              {[]answer{refuse(500, "InternalError"), page(413)}, false, 2},
		"another fault of a proxy": {[]answer{page(414)}, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, server := scripted(t, c.answers...)
			err := s.Put(t.Context(), "key", []byte("body"))
			require.Error(t, err)
			require.Equal(t, c.tooLarge, errors.Is(err, objstore.ErrTooLarge), "%v", err)
			require.NotErrorIs(t, err, objstore.ErrPermanent)
			require.Equal(t, c.requests, server.count())
		})
	}
}

func TestPutIsTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		answers  []answer
		want     error
		requests int
	}{
		"throttled":               {[]answer{refuse(503, "SlowDown"), refuse(503, "SlowDown"), ok(200, "")}, nil, 3},
		"throttled by status":     {[]answer{refuse(429, "Whatever"), ok(200, "")}, nil, 2},
		"broken":                  {[]answer{refuse(500, "InternalError"), ok(200, "")}, nil, 2},
		"broken proxy":            {[]answer{page(502), page(504), ok(200, "")}, nil, 3},
		"reset":                   {[]answer{hangUp, hangUp, ok(200, "")}, nil, 3},
		"met another put":         {[]answer{refuse(409, "ConditionalRequestConflict"), ok(200, "")}, nil, 2},
		"damaged on its way":      {[]answer{refuse(400, "BadDigest"), refuse(400, "IncompleteBody"), ok(200, "")}, nil, 3},
		"too slow for the server": {[]answer{refuse(400, "RequestTimeout"), ok(200, "")}, nil, 2},
		"taken":                   {[]answer{refuse(412, "PreconditionFailed")}, objstore.ErrExists, 1},
		"happened, answer lost":   {[]answer{hangUp, refuse(412, "PreconditionFailed")}, objstore.ErrExists, 2},
		"happened, 500":           {[]answer{refuse(500, "InternalError"), refuse(412, "PreconditionFailed")}, objstore.ErrExists, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s, server := scripted(t, c.answers...)
			require.ErrorIs(t, s.Put(t.Context(), "key", []byte("body")), c.want)
			require.Equal(t, c.requests, server.count())
			for _, body := range server.bodies {
				require.Equal(t, "body", string(body), "every attempt sends the whole body")
			}
		})
	}
}

func TestGivesUpInTime(t *testing.T) {
	for _, a := range []answer{refuse(503, "SlowDown"), refuse(409, "ConditionalRequestConflict"), hangUp, page(500)} {
		s, server := scripted(t, a)
		err := s.Put(t.Context(), "key", []byte("body"))
		require.Error(t, err)
		require.NotErrorIs(t, err, objstore.ErrPermanent)
		require.NotErrorIs(t, err, objstore.ErrExists)
		require.Equal(t, maxAttempts, server.count())
	}
}

// A storm of refusals must not use up anything that later requests need.
func TestSurvivesAStorm(t *testing.T) {
	var mu sync.Mutex
	seen := make(map[string]int)
	s := storeAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.URL.Path]++
		n := seen[r.URL.Path]
		mu.Unlock()
		if n < maxAttempts {
			refuse(503, "SlowDown")(w, r)
			return
		}
		ok(200, "")(w, r)
	}), Options{})
	for i := range 300 {
		require.NoError(t, s.Put(t.Context(), fmt.Sprint(i), []byte("x")))
	}
}

// The bytes are the caller's again, however the Put has ended. The race detector
// sees it when they are not.
func TestPutKeepsNoReference(t *testing.T) {
	arrived, release := make(chan struct{}, 8), make(chan struct{})
	s := storeAt(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	}), Options{})
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	body := make([]byte, 32<<20)
	go func() { done <- s.Put(ctx, "key", body) }()
	<-arrived
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	clear(body)
}

func TestPutRefusedBeforeTheBodyIsRead(t *testing.T) {
	s := storeAt(t, http.HandlerFunc(refuse(403, "AccessDenied")), Options{})
	body := make([]byte, 32<<20)
	require.Error(t, s.Put(t.Context(), "key", body))
	clear(body)
}
