package s3

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"streamhouse/objstore"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"
)

// answer is one of an S3 server's answers.
type answer func(http.ResponseWriter, *http.Request)

// script is an S3 server that gives prepared answers: what a real one does too
// seldom to test with. The last answer is repeated.
type script struct {
	mu       sync.Mutex
	answers  []answer
	requests []*http.Request // their bodies are in bodies
	bodies   [][]byte
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	next := s.answers[min(len(s.requests), len(s.answers)-1)]
	s.requests = append(s.requests, r)
	s.bodies = append(s.bodies, body)
	s.mu.Unlock()
	next(w, r)
}

func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

var testCredentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
})

// quickly is a backoff for tests.
var quickly = objstore.Backoff{First: time.Millisecond, Most: 2 * time.Millisecond}

// scripted returns a store whose server gives these answers.
func scripted(t *testing.T, answers ...answer) (*Store, *script) {
	t.Helper()
	s := &script{answers: answers}
	return storeAt(t, s, Options{}), s
}

func storeAt(t *testing.T, handler http.Handler, o Options) *Store {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	o.Bucket, o.Endpoint = "bucket", server.URL
	if o.Credentials == nil {
		o.Credentials = testCredentials
	}
	store, err := open(t.Context(), o, quickly)
	require.NoError(t, err)
	return store
}

// refuse answers with an S3 error.
func refuse(status int, code string) answer {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>as told</Message></Error>`, code)
		}
	}
}

// page answers with something that is no S3 error, as proxies do.
func page(status int) answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		fmt.Fprint(w, "<html><body>oops")
	}
}

// ok answers as an object store does, with a body and headers in pairs.
func ok(status int, body string, headers ...string) answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"0123456789abcdef"`)
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// hangUp closes the connection, after what of the answer has been flushed.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// cutShort promises more than it sends.
func cutShort(status int, body string, promised int, headers ...string) answer {
	return func(w http.ResponseWriter, r *http.Request) {
		ok(status, body, append(headers, "Content-Length", fmt.Sprint(promised))...)(w, r)
		_ = http.NewResponseController(w).Flush()
		hangUp(w, r)
	}
}
