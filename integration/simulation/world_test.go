package simulation

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
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
	zombie  atomic.Pointer[broker] // taken over and still there, or nil

	// Used by the goroutine that runs the world.
	started int
	disks   [][]byte // metadata files of the past

	faults sync.WaitGroup // that will be mended

	mu      sync.Mutex
	current *broker // the newest; also of use after it has ended, since its state stays
	failed  bool
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{settings: drawSettings(seed), t: t, seed: seed, began: time.Now(), bucket: mem.New(), logger: slog.New(slog.DiscardHandler)}
	if *verbose {
		w.logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	w.weather = faulty.New(w.bucket, seed)
	w.model = newModel(w.fail)
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

// lead makes a broker the newest, and lets clients come to it.
func (w *world) lead(b *broker) {
	w.mu.Lock()
	w.current = b
	w.mu.Unlock()
	w.audit(b.engine)
	b.serve()
}

// live lets time pass while faults and restarts come as chance has it.
func (w *world) live() {
	r := random(w.seed, "world")
	for time.Since(w.began) < w.length && !w.hasFailed() {
		time.Sleep(about(r, w.length/40))
		switch n := r.IntN(100); {
		case n < 45:
			w.spoil(drawFault(r), about(r, longestFault(w.length)/2))
		case n < 58:
			w.tell("connections are cut")
			w.current.host.cut()
		case n < 68:
			w.restart(r)
		case n < 88:
			w.crash(r)
		default:
			w.takeOver(r)
		}
	}
}

// longestFault is how long a fault lasts at most.
func longestFault(run time.Duration) time.Duration { return run / 8 }

// restart stops the broker and starts it again.
func (w *world) restart(r *rand.Rand) {
	w.endZombie(r)
	w.tell("%s is stopped", w.current.name)
	w.current.stop()
	w.lead(w.openBroker(w.current.disk()))
}

// crash takes the broker's power away and starts it again: on its own metadata file, on
// an old one, or on none.
func (w *world) crash(r *rand.Rand) {
	w.endZombie(r)
	disk := w.current.disk()
	w.tell("%s crashes", w.current.name)
	w.current.crash()
	time.Sleep(about(r, w.pace))
	w.lead(w.openBroker(w.aDisk(r, disk)))
}

// takeOver starts a broker while the one before it is still there.
func (w *world) takeOver(r *rand.Rand) {
	w.endZombie(r)
	old := w.current
	w.tell("%s is taken over", old.name)
	w.zombie.Store(old)
	b := w.openBroker(w.aDisk(r, old.disk()))
	w.lead(b)
}

// endZombie ends the broker that was taken over, if it has not noticed yet.
func (w *world) endZombie(r *rand.Rand) {
	zombie := w.zombie.Load()
	if zombie == nil {
		return
	}
	if r.IntN(2) == 0 {
		zombie.crash()
	} else {
		zombie.stop()
	}
	w.zombie.Store(nil)
}

// aDisk is the metadata file that a broker starts on.
func (w *world) aDisk(r *rand.Rand, last []byte) []byte {
	w.disks = append(w.disks, last)
	switch r.IntN(4) {
	case 0:
		w.tell("the metadata file is lost")
		return nil
	case 1:
		w.tell("an old metadata file is restored")
		return pick(r, w.disks...)
	}
	return last
}

// settle ends the faults, and leaves one broker at work.
func (w *world) settle() {
	w.faults.Wait()
	w.weather.Wait()
	w.endZombie(random(w.seed, "settle"))
	w.tell("the faults are over")
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
