package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// brokerOnS3 are settings of a broker whose bucket is at an endpoint.
func brokerOnS3(t *testing.T, endpoint string) []string {
	return append(brokerIn(t.TempDir()), "USE_LOCAL_STORAGE=", "STREAMHOUSE_STARTUP_TIMEOUT=1s",
		"AWS_ENDPOINT_URL="+endpoint, "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret")
}

// s3Refusing is an S3 server that answers everything with an error.
func s3Refusing(t *testing.T, status int, code string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>no</Message></Error>`, code)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestBucketThatCannotBeReached(t *testing.T) {
	launch(t, brokerOnS3(t, "http://127.0.0.1:1")...).
		requireRefusal("the object store does not answer: nothing for 1s", "connection refused", "AWS_ENDPOINT_URL")
}

func TestBucketThatThrottlesForever(t *testing.T) {
	launch(t, brokerOnS3(t, s3Refusing(t, 503, "SlowDown"))...).
		requireRefusal("the object store does not answer: nothing for 1s", "SlowDown")
}

func TestBucketThatDoesNotExist(t *testing.T) {
	launch(t, brokerOnS3(t, s3Refusing(t, 404, "NoSuchBucket"))...).requireRefusal(`S3 bucket "streamhouse" (region us-east-1)`, "NoSuchBucket", "create the bucket or correct its name")
}

func TestBucketThatRefusesTheCredentials(t *testing.T) {
	for code, advice := range map[string]string{"AccessDenied": "s3:PutObject", "InvalidAccessKeyId": "AWS_ACCESS_KEY_ID", "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY"} {
		launch(t, brokerOnS3(t, s3Refusing(t, 403, code))...).requireRefusal(code, advice)
	}
}

func TestNoCredentials(t *testing.T) {
	env := append(brokerOnS3(t, "http://127.0.0.1:1"), "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_EC2_METADATA_DISABLED=true")
	launch(t, env...).requireRefusal("no AWS credentials: set AWS_ACCESS_KEY_ID")
}

// A store that never answers does not keep the process from stopping.
func TestStopWhileStarting(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		once.Do(func() { close(asked) })
		<-release
	}))
	defer server.Close()
	defer close(release)
	p := launchUntil(t, asked, append(brokerOnS3(t, server.URL), "STREAMHOUSE_STARTUP_TIMEOUT=10m")...)
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
	require.Zero(t, p.status())
	require.Empty(t, p.kafka)
}
