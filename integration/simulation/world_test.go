package simulation

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"streamhouse/log"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// world is all that a run consists of but the clients: the bucket, the weather over it,
// the network, and the brokers that come and go.
type world struct {
	settings
	t       *testing.T
	seed    uint64
	logger  *slog.Logger
	began   time.Time
	bucket  *mem.Store
	weather *faulty.Store
	network network
	model   *model
	clocks  clockErrors
	cache   string // the folder of the disk cache, which one broker leaves to the next

	// Used by the goroutine that runs the world.
	started int
	disks   [][]byte // metadata files of the past

	faults sync.WaitGroup // that will be mended

	mu      sync.Mutex
	current *broker   // the newest; also of use after it has ended, since its state stays
	undead  []*broker // taken over and still there
	failed  bool
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{settings: drawSettings(seed), t: t, seed: seed, began: time.Now(), bucket: mem.New(), logger: slog.New(slog.DiscardHandler)}
	if *verbose {
		w.logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	w.cache = filepath.Join(t.TempDir(), "cache")
	w.weather = faulty.New(w.bucket, seed)
	w.model = newModel(w.fail, &w.clocks)
	w.clear()
	return w
}

// fail notes that something does not hold. The run goes on to its end, which may say more.
func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.mu.Lock()
	again := w.failed
	w.failed = true
	w.mu.Unlock()
	if !again {
		w.t.Errorf("seed %d: run it again with: go test ./integration/simulation -run TestSimulation -seed=%d -v", w.seed, w.seed)
	}
	w.t.Errorf("%v: "+format, append([]any{w.clock()}, args...)...)
}

func (w *world) hasFailed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}

// tell adds to the story of the run.
func (w *world) tell(format string, args ...any) {
	w.t.Helper()
	w.t.Logf("%v: "+format, append([]any{w.clock()}, args...)...)
}

func (w *world) clock() time.Duration { return time.Since(w.began).Round(time.Millisecond) }

// engine returns the newest engine. Between a crash and the next start it is one that has ended.
func (w *world) engine() *log.Log {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.current.engine
}

// lead makes a broker the newest, and lets clients come to it. While nobody has come, it is at rest and must agree with
// the bucket.
func (w *world) lead(b *broker) {
	b.process.spare.Store(true)
	if err := b.engine.Check(context.Background()); err != nil {
		w.fail("check of %s at its start: %v", b.name, err)
	}
	b.process.spare.Store(false)
	w.mu.Lock()
	w.current = b
	w.mu.Unlock()
	w.audit(b.engine)
	b.serve()
}

// until waits until something is so, for hours of fake time. What the clients and the
// broker do to bring it about wakes itself; looking again costs nothing in a bubble.
func (w *world) until(what string, so func() bool) {
	w.t.Helper()
	for range 6 * 3600 {
		if so() || w.hasFailed() {
			return
		}
		time.Sleep(time.Second)
	}
	w.fail("it does not come to this: %s", what)
}

// createTopics makes the topics that are there for the whole run.
func (w *world) createTopics() {
	var specs []log.TopicSpec
	for _, t := range lasting {
		specs = append(specs, log.TopicSpec{Name: t.name, Partitions: t.partitions, Configs: t.configs})
	}
	created, err := w.engine().CreateTopics(specs).Wait(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	for i, c := range created {
		if c.Err != nil {
			w.t.Fatal(c.Err)
		}
		w.model.topicIsThere(specs[i].Name, topicState{there: true, partitions: specs[i].Partitions, configs: printConfigs(specs[i].Configs)})
	}
}
