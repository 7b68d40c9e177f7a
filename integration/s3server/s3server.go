// Package s3server runs a real S3 server, versitygw, over a folder.
package s3server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"streamhouse/integration/child"
	"streamhouse/integration/freeport"
	"streamhouse/integration/program"
)

// What the server's clients need to know.
const (
	AccessKey = "test-access-key"
	SecretKey = "test-secret-key"
	Region    = "us-east-1"
)

// startGuard bounds how long a start may take on a machine that is busy.
const startGuard = 2 * time.Minute

// Server is an S3 server of its own process. Its methods are for one goroutine,
// but for URL and Client.
type Server struct {
	dir, addr string
	process   *child.Process
}

// Start runs a server that keeps its objects under dir and is ready. It has no bucket. There is nothing to close: it dies
// with the test's process, or by Kill.
func Start(dir string) (*Server, error) {
	addr, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	for _, d := range []string{"objects", "attributes"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	s := &Server{dir: dir, addr: addr}
	return s, s.run()
}

// URL is the server's endpoint.
func (s *Server) URL() string { return "http://" + s.addr }

// Restart starts a server that was killed, at its old address.
func (s *Server) Restart() error { return s.run() }

// Kill ends the server as kill -9 does, and returns when it has; its objects stay.
func (s *Server) Kill() { s.process.Kill() }

// Pause freezes the server: connections stay open and nothing is answered.
func (s *Server) Pause() error { return s.process.Signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() error { return s.process.Signal(syscall.SIGCONT) }

// CreateBucket makes an empty bucket.
func (s *Server) CreateBucket(ctx context.Context, name string) error {
	_, err := s.Client().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name})
	return err
}

// BucketPath is the folder in which each object of a bucket is a file, named by
// its key.
func (s *Server) BucketPath(name string) string { return filepath.Join(s.dir, "objects", name) }

// Client returns a client of the server, a new one each time.
func (s *Server) Client() *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(s.URL()),
		Region:       Region,
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
	})
}

// run starts the process and waits until it is ready.
func (s *Server) run() error {
	path, err := program.Versitygw()
	if err != nil {
		return err
	}
	objects := filepath.Join(s.dir, "objects")
	args := []string{"--port", s.addr, "--health", "/health", "--quiet", "--keep-alive", "posix"}
	if !hasAttributes(objects) {
		args = append(args, "--sidecar", filepath.Join(s.dir, "attributes"))
	}
	s.process, err = child.Start(path, append(args, objects), []string{
		"ROOT_ACCESS_KEY_ID=" + AccessKey, "ROOT_SECRET_ACCESS_KEY=" + SecretKey, "VGW_REGION=" + Region,
	}, s.dir)
	if err != nil {
		return err
	}
	return s.awaitReady()
}

// awaitReady waits for the server's health page, or returns what the server has printed.
func (s *Server) awaitReady() error {
	deadline := time.After(startGuard)
	for {
		if resp, err := http.Get(s.URL() + "/health"); err == nil {
			_ = resp.Body.Close() // nothing was read
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.process.Done():
			return fmt.Errorf("the S3 server ended:\n%s", s.process.Output())
		case <-deadline:
			return errors.New("the S3 server does not become ready:\n" + s.process.Output())
		case <-time.After(10 * time.Millisecond):
		}
	}
}
