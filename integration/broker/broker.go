// Package broker runs the StreamHouse program as its users do: a process of its
// own, with settings in its environment.
package broker

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"streamhouse/integration/child"
	"streamhouse/integration/freeport"
)

// readyGuard bounds a start; recovery from a bucket on a busy machine is the
// longest.
const readyGuard = 2 * time.Minute

// Broker is one broker: its addresses and its folder stay over restarts. Its
// methods are for one goroutine, but for the fields and Output, which also need that no Launch runs beside them.
type Broker struct {
	Kafka, GRPC, HTTP string // addresses
	Dir               string // holds metadata.db and cache, which a restart finds again

	binary  string
	env     []string
	limit   int // of open files, where not 0
	process *child.Process
	earlier string // output of earlier lives
}

// New prepares a broker and does not start it. The binary runs in dir, which must exist, with env,
// name=value each, on top of addresses and paths of its own. Of the environment of the test it sees PATH alone.
func New(binary, dir string, env ...string) (*Broker, error) {
	b := &Broker{binary: binary, Dir: dir}
	for _, addr := range []*string{&b.Kafka, &b.GRPC, &b.HTTP} {
		var err error
		if *addr, err = freeport.Address(); err != nil {
			return nil, err
		}
	}
	b.env = append([]string{
		"PATH=" + os.Getenv("PATH"), // nothing else of ours: no AWS settings of the machine
		"HOME=" + dir,
		"STREAMHOUSE_KAFKA_ADDR=" + b.Kafka,
		"STREAMHOUSE_ADDR=" + b.GRPC,
		"STREAMHOUSE_HTTP_ADDR=" + b.HTTP,
		"STREAMHOUSE_METADATA=" + b.MetadataPath(),
		"STREAMHOUSE_CACHE=" + filepath.Join(dir, "cache"),
		"GORACE=halt_on_error=1",
	}, env...)
	return b, nil
}

// LimitFiles makes later starts run with so many file descriptors at most.
func (b *Broker) LimitFiles(n int) { b.limit = n }

// SetEnv adds settings for later starts; the last of a name counts.
func (b *Broker) SetEnv(env ...string) { b.env = append(b.env, env...) }

// MetadataPath is the broker's bbolt file.
func (b *Broker) MetadataPath() string { return filepath.Join(b.Dir, "metadata.db") }

// Launch starts the program and waits for nothing. An earlier life must have ended.
func (b *Broker) Launch() error {
	if b.process != nil {
		b.earlier += b.process.Output() + "[— the broker's next life —]\n"
	}
	path, args := b.binary, []string(nil)
	if b.limit > 0 {
		path, args = "/bin/sh", []string{"-c", fmt.Sprintf(`ulimit -n %d && exec "$0"`, b.limit), b.binary}
	}
	var err error
	b.process, err = child.Start(path, args, b.env, b.Dir)
	return err
}

// Start starts the program and waits until it is ready. After an error it may still run: see Shut.
func (b *Broker) Start() error {
	if err := b.Launch(); err != nil {
		return err
	}
	return b.AwaitReady()
}

// AwaitReady waits until /readyz says so, or returns what the broker has printed: it has ended, or two minutes are over.
func (b *Broker) AwaitReady() error {
	deadline := time.After(readyGuard)
	for {
		if b.Status("/readyz") == http.StatusOK {
			return nil
		}
		select {
		case <-b.process.Done():
			return fmt.Errorf("the broker ended with exit code %d:\n%s", b.process.Wait(), b.process.Output())
		case <-deadline:
			return errors.New("the broker does not become ready:\n" + b.process.Output())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Status asks the broker's HTTP listener for a path and returns the status, or 0
// where nobody answers.
func (b *Broker) Status(path string) int {
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Get("http://" + b.HTTP + path)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close() // nothing was read
	return resp.StatusCode
}

// Kill ends the broker as kill -9 does, and returns when it has. What it holds of the disk cache and the metadata file is
// left as it is.
func (b *Broker) Kill() { b.process.Kill() }

// Shut ends the broker in whatever state it is, if it was ever started.
func (b *Broker) Shut() {
	if b.process != nil {
		b.process.Kill()
	}
}

// Terminate asks the broker to stop, as a service manager does (SIGTERM), and returns its
// exit code.
func (b *Broker) Terminate() (int, error) {
	if err := b.process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	return b.Wait()
}

// Wait waits until the broker ends by itself and returns its exit code, -1 where a signal ended it.
func (b *Broker) Wait() (int, error) {
	select {
	case <-b.process.Done():
		return b.process.Wait(), nil
	case <-time.After(readyGuard):
		return 0, errors.New("the broker does not end:\n" + b.process.Output())
	}
}

// Done is closed when the broker's present life has ended.
func (b *Broker) Done() <-chan struct{} { return b.process.Done() }

// Pause freezes the process, Resume lets it go on. Its clock and its connections go on without it.
func (b *Broker) Pause() error { return b.process.Signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (b *Broker) Resume() error { return b.process.Signal(syscall.SIGCONT) }

// Pid is the process id of the broker's present life.
func (b *Broker) Pid() int { return b.process.Pid() }

// ForgetMetadata deletes the bbolt file of a broker that is down: the bucket
// alone must do.
func (b *Broker) ForgetMetadata() error { return os.RemoveAll(b.MetadataPath()) }

// ForgetCache deletes the disk cache of a broker that is down.
func (b *Broker) ForgetCache() error { return os.RemoveAll(filepath.Join(b.Dir, "cache")) }

// Output is all that the broker has printed, over all its lives, as far as [child.Process] keeps it.
func (b *Broker) Output() string {
	if b.process == nil {
		return b.earlier
	}
	return b.earlier + b.process.Output()
}

// OutputHas tells whether the broker has printed a line with all the words, in any order.
func (b *Broker) OutputHas(words ...string) bool {
	for line := range strings.Lines(b.Output()) {
		found := true
		for _, w := range words {
			found = found && strings.Contains(line, w)
		}
		if found {
			return true
		}
	}
	return false
}
