package log

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"streamhouse/cache"
	"streamhouse/log/journal"
	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
)

// TopicID identifies a topic for good; see [meta.TopicID].
type TopicID = meta.TopicID

// PartitionID names one partition of one topic.
type PartitionID = meta.PartitionID

// Log is the engine: one journal in one bucket, written by this process alone.
// All methods may be called concurrently.
type Log struct {
	o          Options
	log        *slog.Logger
	store      objstore.Store
	journal    *journal.Journal
	cache      *cache.Cache
	blocks     *blockFetcher
	db         *meta.DB
	file       metadataFile
	configs    configTable
	compressor *segment.Compressor
	readers    readers
	lookups    *semaphore.Weighted // one for each search by time
	epoch      uint32

	// The state and what follows it. A commit holds stateMu for writing, one short step after
	// the other, and commitMu all the while, which is taken first. Whoever takes the state's changes holds
	// commitMu alone, and looks at the state beside readers: nobody else changes it.
	commitMu sync.Mutex
	stateMu  sync.RWMutex
	state    *meta.State
	topics   map[TopicID]*topic
	tail     tail

	// The write path. stateMu is never taken while mu is held, nor mu while stateMu is.
	mu               sync.Mutex
	current          *flush   // is filled
	queue            []*flush // full, in the order in which they will be sealed
	inFlight         []*flush // sealed and not yet landed, in journal order
	cutting          int      // flushes in flight that the store takes only in parts: nothing is sealed meanwhile
	flushLimit       int64    // bytes of a flush with several requests
	provenBytes      int64    // up to this size the store takes objects, by all that is known
	refusals         int      // of objects for their size
	unflushedBytes   int64    // of the current flush, those that wait and those in flight
	unflushedChanges int64    // the same of what is no append
	wantRoom         int      // appends that wait for room among the unflushed bytes
	nextSeq          uint64
	lastFlush        time.Time // when the open flush was sealed last
	closed           bool
	trouble          error // why the last attempt of a PUT failed; nil after a success
	err              error // why the log stopped by itself

	admission  admission
	paceTurn   *semaphore.Weighted // who waits for the pace, one at a time
	ids        idBlock
	unflushed  *semaphore.Weighted
	pipeline   chan *flush   // sealed flushes in journal order
	wake       chan struct{} // something changed for run
	writerPool sync.Pool
	writersOut atomic.Int64 // of the pool, with a flush that is in flight

	quit       context.Context // ends when the log stops or is closed
	stopWork   context.CancelFunc
	stopped    chan struct{}  // closed when the log stopped by itself
	workers    sync.WaitGroup // run, commitAll, watchFence, writeBehind
	writers    sync.WaitGroup // PUTs under way
	blockReads sync.WaitGroup // fetches of blocks under way
	drained    chan struct{}  // closed when run and commitAll have ended
}

// Open takes over the bucket: it brings the state up to the end of the journal,
// seals the epoch of the broker before it, and begins its own. Until ctx ends it
// tries again what a store in distress refuses. Its errors say what to do.
func Open(ctx context.Context, store objstore.Store, o Options) (*Log, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	l := newLog(store, o)
	if l.configs, err = newConfigTable(o.TopicDefaults); err != nil {
		return nil, err
	}
	// The lock on the metadata file comes first: a second start by mistake on
	// the same machine must not fence the broker that runs.
	if l.db, l.state, err = openDB(o, l.log); err != nil {
		return nil, err
	}
	// So does the cache: what is wrong on this machine must show before the bucket is taken over.
	if l.cache, err = cache.Open(o.cacheOptions(), blockLoader{store, l.compressor}); err != nil {
		return nil, errors.Join(err, l.db.Close())
	}
	l.blocks.cache = l.cache
	if err := l.takeOver(ctx); err != nil {
		return nil, errors.Join(err, l.cache.Close(), l.db.Close())
	}
	l.start()
	return l, nil
}

func newLog(store objstore.Store, o Options) *Log {
	l := &Log{
		o: o, log: o.Logger,
		store:      store,
		topics:     make(map[TopicID]*topic),
		tail:       tail{limit: o.TailBytes},
		readers:    newReaders(o),
		lookups:    semaphore.NewWeighted(lookupsAtOnce),
		current:    newFlush(),
		flushLimit: o.FlushBytes, provenBytes: freeBytes,
		file:      newMetadataFile(),
		admission: newAdmission(o),
		paceTurn:  semaphore.NewWeighted(1),
		ids:       idBlock{turn: semaphore.NewWeighted(1)},
		unflushed: semaphore.NewWeighted(o.MaxUnflushedBytes),
		pipeline:  make(chan *flush, o.MaxInFlight),
		wake:      make(chan struct{}, 1),
		stopped:   make(chan struct{}),
		drained:   make(chan struct{}),
	}
	l.compressor = segment.NewCompressor()
	l.writerPool.New = func() any { return segment.NewWriter(l.compressor) }
	l.quit, l.stopWork = context.WithCancel(context.Background())
	l.blocks = newBlockFetcher(l.quit, o, &l.blockReads)
	l.blocks.confirmLoss = l.confirmLoss
	return l
}

// takeOver makes this process the bucket's only writer.
func (l *Log) takeOver(ctx context.Context) error {
	var err error
	l.journal, err = journal.Open(ctx, l.store, journal.Events{StoreTrouble: l.o.Events.StoreTrouble, StoreRecovered: l.o.Events.StoreRecovered})
	if err != nil {
		return err
	}
	cluster := l.journal.Cluster()
	if l.state.Cluster == [16]byte{} {
		l.state.Cluster = cluster
	}
	if l.state.Cluster != cluster {
		return fmt.Errorf("metadata file %s belongs to cluster %s, the bucket to %s: name another file, or move this one away (all that counts is in the bucket)",
			l.o.MetadataPath, meta.FormatID(l.state.Cluster), meta.FormatID(cluster))
	}
	from := l.state.Seq
	if err := l.journal.TakeOver(ctx, l.state, l.o.Now); err != nil {
		return err
	}
	l.log.Info("journal replayed", "cluster", meta.FormatID(cluster), "from", from, "to", l.state.Seq, "epoch", l.state.Epoch)
	l.epoch, l.nextSeq = l.state.Epoch, l.state.Seq+1
	for t := range l.state.Topics() {
		l.followTopic(t.ID)
	}
	l.admission.settle(claim{}, l.state.Usage())
	for _, e := range l.admission.beyond() {
		l.log.Warn("the bucket holds more than a setting allows: it is served, and nothing is added to it", "setting", e.Setting, "limit", e.Limit, "there_are", e.Have)
	}
	return l.dropFarBehind()
}

func (l *Log) start() {
	l.workers.Go(l.run)
	l.workers.Go(func() {
		l.commitAll()
		close(l.drained)
	})
	l.workers.Go(func() { l.watchFence(l.quit) })
	l.workers.Go(l.writeBehind)
}

// Close flushes what was taken, writes the state to bbolt and stops. What could
// not be flushed before ctx ends was never acknowledged, and Close says so. If bbolt
// has to be written anew and is not whole by then, it is left: the bucket has everything. Doors are
// stopped first: Append returns ErrClosed from now on.
func (l *Log) Close(ctx context.Context) error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.mu.Unlock()
	l.signal()
	defer context.AfterFunc(ctx, l.file.stopSaving)()
	var late error
	select {
	case <-l.drained:
	case <-ctx.Done():
		late = fmt.Errorf("close: the last flush is not in the store: %w", context.Cause(ctx))
	}
	l.stopWork()
	l.workers.Wait()
	l.writers.Wait()
	l.blocks.close()
	l.blockReads.Wait()
	l.abandon()
	l.lastSave(ctx)
	return errors.Join(late, l.db.Close(), l.cache.Close())
}

// abandon answers whoever waits for a flush that was never sealed, and whoever
// waits for the room that it took: there will be no flush for them either.
func (l *Log) abandon() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.waitingLocked() {
		if f.err = l.err; f.err == nil {
			f.err = ErrClosed
		}
		close(f.done)
		l.giveBackLocked(f)
	}
	// What is open takes nobody any more; see endErrLocked.
	l.queue, l.current = nil, newFlush()
}

// stop ends the log's work for good: it was fenced, or something broke that it
// cannot go on without. Everybody who waits is answered.
func (l *Log) stop(err error) {
	l.mu.Lock()
	if l.err != nil || l.closed && errors.Is(err, context.Canceled) {
		l.mu.Unlock()
		return
	}
	l.err = err
	l.mu.Unlock()
	close(l.stopped)
	if errors.Is(err, ErrFenced) && l.o.Events.Fenced != nil {
		l.o.Events.Fenced(err)
	}
	l.log.Error("log stopped", "err", err)
	l.stopWork()
	l.signal()
	l.abandon()
}

// endErrLocked returns why nothing is taken and nothing is read any more, or nil.
func (l *Log) endErrLocked() error {
	switch {
	case l.err != nil:
		return l.err
	case l.closed:
		return ErrClosed
	}
	return nil
}

func (l *Log) endErr() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.endErrLocked()
}

// storeFailed notes that a PUT failed. If the store fails for good, those who
// wait are told at once; the flush keeps its place in the journal and is tried on.
func (l *Log) storeFailed(f *flush, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trouble = err
	if errors.Is(err, objstore.ErrPermanent) && f.permanent == nil {
		f.permanent = err
		close(f.denied)
	}
}

// storeWorks notes that a PUT went through, after so many failures.
func (l *Log) storeWorks(retries int) {
	l.mu.Lock()
	l.trouble = nil
	l.mu.Unlock()
	if retries > 0 {
		emit0(l.o.Events.StoreRecovered) // Health is nil by now
	}
}

// Stopped is closed when the engine has stopped by itself: mostly, because it was
// fenced. Err says why.
func (l *Log) Stopped() <-chan struct{} { return l.stopped }

// Err returns why the engine stopped by itself, or nil.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Health returns nil while writes go through, else what is in the way
// ([ErrFenced], [ErrUnavailable] wrapping the store's error …).
func (l *Log) Health() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.endErrLocked(); err != nil {
		return err
	}
	if l.trouble != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, l.trouble)
	}
	return nil
}

// ClusterID names the bucket's cluster: 22 characters, as Kafka prints it.
func (l *Log) ClusterID() string { return meta.FormatID(l.journal.Cluster()) }

// LeaderEpoch is the epoch of this broker's leadership over every partition:
// the journal epoch it writes under.
func (l *Log) LeaderEpoch() int32 { return int32(l.epoch) }

// Now is the broker's wall clock; see [Options.Now].
func (l *Log) Now() time.Time { return l.o.Now() }

// places returns the journal's first place where no segment of ours is known to stand, and the one
// behind all that are on their way.
func (l *Log) places() (epoch uint32, first, next uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epoch, l.nextSeq - uint64(len(l.inFlight)), l.nextSeq
}
