package main

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// hangingS3 is an S3 server of one bucket that can be told to answer no PUT any more.
type hangingS3 struct {
	*httptest.Server
	hung    chan struct{} // a PUT hangs
	release chan struct{} // closed at the end of the test

	mu      sync.Mutex
	objects map[string][]byte
	hangs   bool
}

func newHangingS3(t *testing.T) *hangingS3 {
	s := &hangingS3{hung: make(chan struct{}), release: make(chan struct{}), objects: make(map[string][]byte)}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Server.Close)
	t.Cleanup(func() { close(s.release) })
	return s
}

func (s *hangingS3) hang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hangs = true
}

func (s *hangingS3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amz-Request-Id", "1") // as every store does
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case r.Method == http.MethodPut:
		s.put(w, r, key)
	case r.URL.Query().Has("delete"):
		_, _ = io.WriteString(w, "<DeleteResult/>") // it may keep them
	case key == "":
		s.list(w, r.URL.Query().Get("prefix"), r.URL.Query().Get("start-after"))
	default:
		s.get(w, r, key)
	}
}

func (s *hangingS3) put(w http.ResponseWriter, r *http.Request, key string) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	hangs := s.hangs
	_, taken := s.objects[key]
	if !hangs && !taken {
		s.objects[key] = body
	}
	s.mu.Unlock()
	switch {
	case hangs:
		select {
		case s.hung <- struct{}{}:
			<-s.release
		case <-s.release:
		}
	case taken:
		w.WriteHeader(http.StatusPreconditionFailed)
		_, _ = io.WriteString(w, "<Error><Code>PreconditionFailed</Code></Error>")
	}
}

func (s *hangingS3) get(w http.ResponseWriter, r *http.Request, key string) {
	s.mu.Lock()
	body, found := s.objects[key]
	s.mu.Unlock()
	if !found {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>")
		return
	}
	if from, to, ranged := strings.Cut(strings.TrimPrefix(r.Header.Get("Range"), "bytes="), "-"); ranged {
		first, _ := strconv.Atoi(from)
		last, _ := strconv.Atoi(to)
		w.Header().Set("Content-Range", "bytes "+from+"-"+to+"/"+strconv.Itoa(len(body)))
		w.WriteHeader(http.StatusPartialContent)
		body = body[first : last+1]
	}
	_, _ = w.Write(body)
}

func (s *hangingS3) list(w http.ResponseWriter, prefix, after string) {
	type object struct {
		Key  string
		Size int
	}
	var listed struct {
		XMLName     xml.Name `xml:"ListBucketResult"`
		IsTruncated bool
		Contents    []object
	}
	s.mu.Lock()
	for key, body := range s.objects {
		if strings.HasPrefix(key, prefix) && key > after {
			listed.Contents = append(listed.Contents, object{key, len(body)})
		}
	}
	s.mu.Unlock()
	slices.SortFunc(listed.Contents, func(a, b object) int { return strings.Compare(a.Key, b.Key) })
	_ = xml.NewEncoder(w).Encode(listed)
}

// stopWhileHanging starts a broker, has its store hang under a produce request, and tells it to stop.
func stopWhileHanging(t *testing.T, env ...string) *program {
	s3 := newHangingS3(t)
	p := launch(t, append(brokerOnS3(t, s3.URL), env...)...)
	p.requireServing()
	p.produce("before")
	s3.hang()
	p.client().Produce(t.Context(), kgo.StringRecord("never acknowledged"), func(_ *kgo.Record, err error) {
		if err == nil {
			t.Error("a record was acknowledged that is not in the store")
		}
	})
	<-s3.hung
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.requireSaid("stopping: finishing what was taken")
	return p
}

func TestStopGivesUpOnAHangingStore(t *testing.T) {
	p := stopWhileHanging(t, "STREAMHOUSE_SHUTDOWN_TIMEOUT=1s")
	require.Equal(t, 1, p.status())
	require.Contains(t, p.stderr(), "what was not was never acknowledged")
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	p := stopWhileHanging(t, "STREAMHOUSE_SHUTDOWN_TIMEOUT=1h")
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.status()
	ended := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, ended.Signaled())
	require.Equal(t, syscall.SIGTERM, ended.Signal())
}
