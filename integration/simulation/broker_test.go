package simulation

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"streamhouse/grpcapi"
	"streamhouse/kafka"
	"streamhouse/log"
	"streamhouse/objstore/faulty"
)

// broker is one process: an engine and its two doors. It ends once: by stop, by
// crash, or by itself when another one has taken over, or the store takes smaller objects than before.
type broker struct {
	world    *world
	name     string
	metadata string // path
	damaged  bool   // a metadata file that no crash leaves
	clock    wallClock
	power    *faulty.Store
	process  *process
	engine   *log.Log
	kafka    *kafka.Server
	grpc     *grpcapi.Server
	hosts    [2]*host // of the two
	serving  sync.WaitGroup
	watching sync.WaitGroup

	succeeded atomic.Bool // another broker has begun to take over
	dead      atomic.Bool // its power is gone
	ending    atomic.Bool
	ended     chan struct{}
}

var errNoPower = errors.New("the machine is off")

// openBroker starts a broker on a metadata file, which need not exist. A store in
// distress may refuse a start; it is tried until it works.
func (w *world) openBroker(d disk) *broker {
	b := w.newBroker(d)
	if !b.open() {
		w.t.FailNow()
	}
	return b
}

// newBroker makes a broker that is still to be opened.
func (w *world) newBroker(d disk) *broker {
	w.started++
	b := &broker{world: w, name: fmt.Sprint("broker ", w.started), damaged: d.damaged, ended: make(chan struct{})}
	folder := filepath.Join(w.t.TempDir(), fmt.Sprint(w.started))
	b.metadata = filepath.Join(folder, "metadata.db")
	if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(b.metadata, d.image, 0o600)); err != nil {
		w.t.Fatal(err)
	}
	// The power is this broker's own, the weather everybody's.
	b.power = faulty.New(w.weather, w.seed)
	b.process = &process{inner: b.power, spared: w.bucket}
	w.setClock(b, drawSkew(random(w.seed, b.name)))
	for _, old := range append(w.zombies(), w.current) {
		if old != nil {
			old.succeeded.Store(true)
		}
	}
	return b
}

// open tells whether the broker could be started in the end.
func (b *broker) open() bool {
	w := b.world
	for tries := time.Duration(0); tries < longestFault(w.length)+time.Minute; {
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		engine, err := log.Open(ctx, b.process, w.engineOptions(b))
		cancel()
		if err == nil {
			b.engine = engine
			w.tell("%s leads epoch %d", b.name, engine.LeaderEpoch())
			b.checkMetadata()
			return true
		}
		w.tell("%s did not start: %v", b.name, err)
		if b.damaged && errors.Is(err, log.ErrCorruptLog) { // it says what to do
			_ = os.Remove(b.metadata)
		}
		// A process that is suspended meanwhile has not tried any longer for that.
		tries += min(time.Since(began), time.Minute) + time.Second
		time.Sleep(time.Second)
	}
	w.fail("%s does not start", b.name)
	return false
}

// checkMetadata makes sure that a metadata file as a crash leaves it was taken as it is: one
// that is set aside and made anew would hide what is wrong with it.
func (b *broker) checkMetadata() {
	if b.damaged {
		return
	}
	if aside, err := filepath.Glob(b.metadata + ".corrupt-*"); err != nil || len(aside) > 0 {
		b.world.fail("%s set its metadata file aside: %v, %v", b.name, aside, err)
	}
}

func (w *world) engineOptions(b *broker) log.Options {
	o := log.Options{
		MetadataPath: b.metadata, FlushInterval: w.flushInterval, FlushBytes: w.flushBytes, MaxInFlight: w.maxInFlight, MaxUnflushedBytes: w.maxUnflushed,
		TailBytes: w.tailBytes, CacheMemoryBytes: w.cacheBytes, PrefetchBytes: w.prefetchBytes,
		FenceInterval: w.fenceInterval, MetadataInterval: w.metadataInterval, Now: b.clock.now, Logger: w.logger,
	}
	if w.diskBytes > 0 {
		o.CachePath, o.CacheBytes = w.cache, w.diskBytes
	}
	return o
}

// serve opens the doors, at addresses where no other broker is.
func (b *broker) serve() {
	w := b.world
	at, err := w.network.free(addresses)
	if err == nil {
		b.kafka, err = kafka.NewServer(b.engine, kafka.Options{AdvertisedAddr: at, Logger: w.logger})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	b.serveAt(0, at, b.kafka.Serve)
	if at, err = w.network.free(grpcAddresses); err == nil {
		// A caller that gives up sooner than a flush is due may do so each time: its batch of now fills the flush of before.
		b.grpc, err = grpcapi.NewServer(b.engine, grpcapi.Options{Logger: w.logger, RequestTimeout: 30*time.Second + 2*w.flushInterval})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	b.serveAt(1, at, b.grpc.Serve)
	b.watching.Go(b.watch)
}

func (b *broker) serveAt(door int, at string, serve func(net.Listener) error) {
	h, err := b.world.network.listen(at, &b.process.gate)
	if err != nil {
		b.world.t.Fatal(err)
	}
	b.hosts[door] = h
	b.serving.Go(func() {
		if err := serve(h); err != nil && !b.dead.Load() {
			b.world.fail("%s: serve %s: %v", b.name, at, err)
		}
	})
}

// cut ends all connections to the broker.
func (b *broker) cut() {
	for _, h := range b.hosts {
		h.cut()
	}
}

// addresses are where clients look for brokers, one for each that may be there at a time.
var (
	addresses     = []string{"localhost:9092", "localhost:9093", "localhost:9094", "localhost:9095"}
	grpcAddresses = []string{"localhost:9192", "localhost:9193", "localhost:9194", "localhost:9195"}
)

// watch ends the broker as the program does when its engine stops by itself.
func (b *broker) watch() {
	select {
	case <-b.ended:
		return
	case <-b.engine.Stopped():
	}
	err := b.engine.Err()
	if !errors.Is(err, log.ErrStoreShrank) && (!errors.Is(err, log.ErrFenced) || !b.succeeded.Load()) {
		b.world.fail("%s stopped though nobody took over: %v", b.name, err)
	}
	b.world.tell("%s: %v", b.name, err)
	b.end(b.close)
}

// end ends the broker in one way, if nobody ends it yet. It is not a sync.Once: the clock
// of the bubble would not go on while somebody waits for it.
func (b *broker) end(how func()) {
	if b.ending.CompareAndSwap(false, true) {
		how()
		close(b.ended)
	}
}

// hasStopped says whether the broker's engine has stopped by itself.
func (b *broker) hasStopped() bool {
	select {
	case <-b.engine.Stopped():
		return true
	default:
		return false
	}
}

// stop ends the broker in an orderly way.
func (b *broker) stop() {
	b.wake()
	b.end(b.close)
	<-b.ended
	b.watching.Wait()
}

func (b *broker) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	// Errors say that there was no time to finish; what was not finished was not acknowledged.
	_ = errors.Join(b.kafka.Shutdown(ctx), b.grpc.Shutdown(ctx), b.engine.Close(ctx))
	b.serving.Wait()
	b.cut()
}

// wake lets the broker go on that was suspended, and be suspended no more.
func (b *broker) wake() {
	b.process.suspendAt(0, false, 0)
	b.process.gate.open()
}

// crash takes the broker's power away.
func (b *broker) crash() {
	b.end(func() {
		b.dead.Store(true)
		for _, h := range b.hosts {
			_ = h.Close()
		}
		b.cut() // nobody hears from it any more
		b.power.Break(faulty.Fault{Do: faulty.FailBefore(errNoPower)})
		b.wake()
		// What is left is to end its goroutines. They can reach nothing but the metadata
		// file, which nobody looks at any more.
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		_ = errors.Join(b.kafka.Shutdown(gone), b.grpc.Shutdown(gone), b.engine.Close(gone))
		b.serving.Wait()
	})
	<-b.ended
	b.watching.Wait()
}
