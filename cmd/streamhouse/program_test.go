package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// asProgram makes the test binary be the program: tests run it as a process of its own.
const asProgram = "RUN_AS_STREAMHOUSE"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// hang is how long a test waits for what has to happen.
const hang = time.Minute

// program is the broker as a process.
type program struct {
	t     *testing.T
	cmd   *exec.Cmd
	grpc  string
	kafka string
	http  string
	ended chan struct{}

	mu    sync.Mutex
	more  *sync.Cond // there is another line, or there will be none
	lines []string   // of stderr
	over  bool
}

// brokerIn are settings of a broker that keeps everything in dir.
func brokerIn(dir string) []string {
	return []string{
		"USE_LOCAL_STORAGE=1",
		"LOCAL_STORAGE_PATH=" + filepath.Join(dir, "storage"),
		"STREAMHOUSE_METADATA=" + filepath.Join(dir, "metadata.db"),
		"STREAMHOUSE_CACHE=" + filepath.Join(dir, "cache"),
		"STREAMHOUSE_ADDR=127.0.0.1:0",
		"STREAMHOUSE_KAFKA_ADDR=127.0.0.1:0",
		"STREAMHOUSE_HTTP_ADDR=127.0.0.1:0",
		"STREAMHOUSE_LOG_FORMAT=json",
	}
}

// launch starts the program and waits until it serves or has ended. Later
// variables win over earlier ones.
func launch(t *testing.T, env ...string) *program {
	t.Helper()
	return launchUntil(t, nil, env...)
}

// launchUntil starts the program and waits until it serves, has ended or something is closed.
func launchUntil(t *testing.T, something <-chan struct{}, env ...string) *program {
	t.Helper()
	p := &program{t: t, ended: make(chan struct{})}
	p.more = sync.NewCond(&p.mu)
	self, err := os.Executable()
	require.NoError(t, err)
	p.cmd = exec.Command(self)
	p.cmd.Env = append([]string{asProgram + "=1", "GOCOVERDIR=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	stderr, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	serving := make(chan struct{})
	go p.follow(bufio.NewScanner(stderr), serving)
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.ended
		if t.Failed() {
			t.Log(p.stderr())
		}
	})
	select {
	case <-serving:
	case <-p.ended:
	case <-something:
	case <-time.After(hang):
		t.Fatal("the program neither serves nor ends")
	}
	return p
}

// follow reads stderr until the process ends. serving is closed when it says so.
func (p *program) follow(lines *bufio.Scanner, serving chan struct{}) {
	defer close(p.ended)
	for lines.Scan() {
		var said struct{ Msg, GRPC, Kafka, HTTP string }
		if json.Unmarshal(lines.Bytes(), &said) == nil && said.Msg == "serving" {
			p.grpc, p.kafka, p.http = said.GRPC, said.Kafka, said.HTTP
			close(serving)
		}
		p.mu.Lock()
		p.lines = append(p.lines, lines.Text())
		p.mu.Unlock()
		p.more.Broadcast()
	}
	p.mu.Lock()
	p.over = true
	p.mu.Unlock()
	p.more.Broadcast()
	_ = p.cmd.Wait() // ProcessState tells
}

func (p *program) stderr() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// requireSaid waits for a line that contains text.
func (p *program) requireSaid(text string) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for read := 0; ; p.more.Wait() {
		for ; read < len(p.lines); read++ {
			if strings.Contains(p.lines[read], text) {
				return
			}
		}
		require.False(p.t, p.over, "the program never said %q", text)
	}
}

// status waits for the end and returns the exit status.
func (p *program) status() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(hang):
		p.t.Fatal("the program does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

// requireRefusal expects the program to have given up with one line that has all of wants in it.
func (p *program) requireRefusal(wants ...string) {
	p.t.Helper()
	require.Equal(p.t, 1, p.status())
	last := p.stderr()[strings.LastIndex(p.stderr(), "\n")+1:]
	require.True(p.t, strings.HasPrefix(last, "streamhouse: "), last)
	for _, want := range wants {
		require.Contains(p.t, last, want)
	}
	require.Empty(p.t, p.kafka, "it never served")
}

func (p *program) requireServing() {
	p.t.Helper()
	require.NotEmpty(p.t, p.kafka, p.stderr())
}

func (p *program) probe(path string) int {
	p.t.Helper()
	answer, err := http.Get("http://" + p.http + path)
	require.NoError(p.t, err)
	defer answer.Body.Close()
	return answer.StatusCode
}

func (p *program) client(opts ...kgo.Opt) *kgo.Client {
	p.t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(p.kafka), kgo.AllowAutoTopicCreation(), kgo.DefaultProduceTopic("t")}, opts...)...)
	require.NoError(p.t, err)
	p.t.Cleanup(client.Close)
	return client
}

// consume reads n records of the topic from its start.
func (p *program) consume(n int) []string {
	p.t.Helper()
	client := p.client(kgo.ConsumeTopics("t"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	var values []string
	for len(values) < n {
		fetches := client.PollFetches(p.t.Context())
		require.NoError(p.t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
	}
	return values
}

// produce writes one record and waits for it.
func (p *program) produce(value string) {
	p.t.Helper()
	require.NoError(p.t, p.client().ProduceSync(p.t.Context(), kgo.StringRecord(value)).FirstErr())
}

func TestProgramServesAndStopsOnSIGTERM(t *testing.T) {
	dir := t.TempDir()
	p := launch(t, brokerIn(dir)...)
	p.requireServing()
	require.Equal(t, 200, p.probe("/healthz"))
	require.Equal(t, 200, p.probe("/readyz"))
	require.Equal(t, 200, p.probe("/metrics"))
	p.produce("first")
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.Zero(t, p.status())

	p = launch(t, brokerIn(dir)...)
	p.requireServing()
	require.Equal(t, []string{"first"}, p.consume(1))
}

// What was taken when the signal came is answered, and what was answered is there.
func TestStopUnderLoadLosesNothing(t *testing.T) {
	dir := t.TempDir()
	p := launch(t, brokerIn(dir)...)
	p.requireServing()
	client := p.client(kgo.ProducerLinger(0), kgo.RecordRetries(0), kgo.MaxBufferedRecords(100))
	var mu sync.Mutex
	var acknowledged int
	enough, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		var once sync.Once
		for {
			select {
			case <-p.ended:
				return
			default:
			}
			client.Produce(t.Context(), kgo.StringRecord("x"), func(_ *kgo.Record, err error) {
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					acknowledged++
				}
				if acknowledged == 100 {
					once.Do(func() { close(enough) })
				}
			})
		}
	}()
	<-enough
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
	require.Zero(t, p.status())
	client.Close() // fails what is still waiting
	<-gone
	p = launch(t, brokerIn(dir)...)
	p.requireServing()
	mu.Lock()
	defer mu.Unlock()
	require.GreaterOrEqual(t, len(p.consume(acknowledged)), acknowledged)
}

func TestPortInUseLeavesTheOtherBrokerAlone(t *testing.T) {
	dir := t.TempDir()
	first := launch(t, brokerIn(dir)...)
	first.requireServing()
	second := launch(t, append(brokerIn(dir), "STREAMHOUSE_METADATA="+filepath.Join(t.TempDir(), "m.db"), "STREAMHOUSE_CACHE_SIZE=0",
		"STREAMHOUSE_KAFKA_ADDR="+first.kafka)...)
	second.requireRefusal("--kafka-addr "+first.kafka, "the port is in use", "choose another one")
	first.produce("still here")
	require.Equal(t, 200, first.probe("/readyz"))
}

func TestSecondBrokerOnABucketEndsTheFirst(t *testing.T) {
	dir := t.TempDir()
	first := launch(t, brokerIn(dir)...)
	first.requireServing()
	first.produce("of the first")
	second := launch(t, append(brokerIn(dir), "STREAMHOUSE_METADATA="+filepath.Join(t.TempDir(), "m.db"), "STREAMHOUSE_CACHE_SIZE=0")...)
	second.requireServing()
	require.Equal(t, 1, first.status())
	require.Contains(t, first.stderr(), "another broker has taken over")
	require.Contains(t, first.stderr(), "one broker serves one bucket")
	second.produce("of the second")
	require.Equal(t, []string{"of the first", "of the second"}, second.consume(2))
}

func TestMetadataFileInUse(t *testing.T) {
	dir := t.TempDir()
	first := launch(t, brokerIn(dir)...)
	first.requireServing()
	second := launch(t, append(brokerIn(dir), "LOCAL_STORAGE_PATH="+t.TempDir(), "STREAMHOUSE_CACHE_SIZE=0")...)
	second.requireRefusal("metadata.db", "in use")
	first.produce("still here")
}

func TestMetadataFileOfAnotherCluster(t *testing.T) {
	dir := t.TempDir()
	p := launch(t, brokerIn(dir)...)
	p.requireServing()
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
	require.Zero(t, p.status())
	p = launch(t, append(brokerIn(dir), "LOCAL_STORAGE_PATH="+t.TempDir())...)
	p.requireRefusal("metadata.db", "cluster")
}

func TestLocalStorageThatIsNoFolder(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "storage"), nil, 0o644))
	launch(t, brokerIn(dir)...).requireRefusal(filepath.Join(dir, "storage"))
}

func TestMetadataFolderThatCannotBeMade(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644))
	launch(t, append(brokerIn(dir), "STREAMHOUSE_METADATA="+filepath.Join(dir, "file", "m.db"))...).
		requireRefusal("make the folder of the metadata file")
}

func TestDescriptorsAreRaisedToTheirLimit(t *testing.T) {
	p := launch(t, brokerIn(t.TempDir())...)
	p.requireServing()
	limits, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "limits"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("only Linux tells")
	}
	require.NoError(t, err)
	for line := range strings.Lines(string(limits)) {
		if fields := strings.Fields(line); strings.HasPrefix(line, "Max open files") {
			require.Equal(t, fields[4], fields[3], "the soft limit is the hard one")
		}
	}
}
