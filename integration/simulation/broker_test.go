package simulation

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"streamhouse/kafka"
	"streamhouse/log"
	"streamhouse/objstore/faulty"
)

// broker is one process: an engine and its Kafka door. It ends once: by stop, by
// crash, or by itself when another one has taken over.
type broker struct {
	world    *world
	name     string
	metadata string // path
	power    *faulty.Store
	engine   *log.Log
	server   *kafka.Server
	host     *host
	serving  sync.WaitGroup
	watching sync.WaitGroup

	succeeded atomic.Bool // another broker has begun to take over
	dead      atomic.Bool // its power is gone
	end       sync.Once
	ended     chan struct{}
}

var errNoPower = errors.New("the machine is off")

// openBroker starts a broker on a metadata file, which need not exist. A store in
// distress may refuse a start; it is tried until it works.
func (w *world) openBroker(metadata []byte) *broker {
	w.started++
	b := &broker{world: w, name: fmt.Sprint("broker ", w.started), ended: make(chan struct{})}
	folder := filepath.Join(w.t.TempDir(), fmt.Sprint(w.started))
	b.metadata = filepath.Join(folder, "metadata.db")
	if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(b.metadata, metadata, 0o600)); err != nil {
		w.t.Fatal(err)
	}
	// The power is this broker's own, the weather everybody's.
	b.power = faulty.New(w.weather, w.seed)
	if w.current != nil {
		w.current.succeeded.Store(true)
	}
	b.open()
	return b
}

func (b *broker) open() {
	w := b.world
	for began := time.Now(); ; time.Sleep(time.Second) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		engine, err := log.Open(ctx, b.power, w.engineOptions(b.metadata))
		cancel()
		if err == nil {
			b.engine = engine
			w.tell("%s leads epoch %d", b.name, engine.LeaderEpoch())
			b.checkMetadata()
			return
		}
		w.tell("%s did not start: %v", b.name, err)
		if time.Since(began) > longestFault(w.length)+time.Minute {
			w.fail("%s does not start", b.name)
			w.t.FailNow()
		}
	}
}

// checkMetadata makes sure that the metadata file was taken as it is: no disk is damaged here, and
// a file that is set aside and made anew would hide what is wrong with it.
func (b *broker) checkMetadata() {
	if aside, err := filepath.Glob(b.metadata + ".corrupt-*"); err != nil || len(aside) > 0 {
		b.world.fail("%s set its metadata file aside: %v, %v", b.name, aside, err)
	}
}

func (w *world) engineOptions(metadata string) log.Options {
	o := log.Options{
		MetadataPath: metadata, FlushInterval: w.flushInterval, FlushBytes: w.flushBytes, MaxInFlight: w.maxInFlight,
		TailBytes: w.tailBytes, CacheMemoryBytes: w.cacheBytes, PrefetchBytes: w.prefetchBytes,
		FenceInterval: w.fenceInterval, MetadataInterval: w.metadataInterval, Logger: w.logger,
	}
	if w.diskBytes > 0 {
		o.CachePath, o.CacheBytes = filepath.Join(filepath.Dir(metadata), "cache"), w.diskBytes
	}
	return o
}

// serve opens the door. Addresses take turns, so that a broker and its successor
// can be there at the same time.
func (b *broker) serve() {
	w := b.world
	at := addresses[w.started%len(addresses)]
	var err error
	if b.server, err = kafka.NewServer(b.engine, kafka.Options{AdvertisedAddr: at, Logger: w.logger}); err != nil {
		w.t.Fatal(err)
	}
	if b.host, err = w.network.listen(at); err != nil {
		w.t.Fatal(err)
	}
	b.serving.Go(func() {
		if err := b.server.Serve(b.host); err != nil && !b.dead.Load() {
			w.fail("%s: serve: %v", b.name, err)
		}
	})
	b.watching.Go(b.watch)
}

// addresses are where clients look for brokers.
var addresses = []string{"localhost:9092", "localhost:9093"}

// watch ends the broker as the program does when its engine stops by itself.
func (b *broker) watch() {
	select {
	case <-b.ended:
		return
	case <-b.engine.Stopped():
	}
	err := b.engine.Err()
	if !errors.Is(err, log.ErrFenced) || !b.succeeded.Load() {
		b.world.fail("%s stopped though nobody took over: %v", b.name, err)
	}
	b.world.tell("%s: %v", b.name, err)
	b.end.Do(b.close)
}

// stop ends the broker in an orderly way.
func (b *broker) stop() {
	b.end.Do(b.close)
	b.watching.Wait()
}

func (b *broker) close() {
	defer close(b.ended)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	// Errors say that there was no time to finish; what was not finished was not acknowledged.
	_ = b.server.Shutdown(ctx)
	_ = b.engine.Close(ctx)
	b.serving.Wait()
	b.host.cut()
}

// crash takes the broker's power away.
func (b *broker) crash() {
	b.end.Do(func() {
		defer close(b.ended)
		b.dead.Store(true)
		_ = b.host.Close()
		b.host.cut() // nobody hears from it any more
		b.power.Break(faulty.Fault{Do: faulty.FailBefore(errNoPower)})
		// What is left is to end its goroutines. They can reach nothing but the metadata
		// file, which nobody looks at any more.
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		_ = b.server.Shutdown(gone)
		_ = b.engine.Close(gone)
		b.serving.Wait()
	})
	b.watching.Wait()
}

// disk returns the metadata file as a crash at this moment would leave it.
func (b *broker) disk() []byte {
	synctest.Wait() // nobody is in the middle of writing it
	image, err := os.ReadFile(b.metadata)
	if err != nil {
		b.world.t.Fatal(err)
	}
	return image
}
