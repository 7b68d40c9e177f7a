package log

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"streamhouse/log/record"
	"streamhouse/log/segment"
)

// ReadRequest asks for the batches of one partition from Offset on.
type ReadRequest struct {
	Partition PartitionID
	Offset    int64
	// MaxBytes bounds the answer, but the first batch of the first partition that has one comes whole.
	MaxBytes int
	// LeaderEpoch is the epoch that the reader believes in, or -1: ErrFencedLeaderEpoch
	// or ErrUnknownLeaderEpoch where it is not the broker's (KIP-320).
	LeaderEpoch int32
}

// ReadOptions bounds a Read over several partitions.
type ReadOptions struct {
	MaxBytes int           // of all partitions together
	MinBytes int           // wait for as many, up to MaxWait
	MaxWait  time.Duration // 0: answer with what is in memory or, where nothing is, nothing
	// StoreWait is how long a Read that has found nothing by MaxWait waits for a block that is on its way from the
	// store, counted from its start. A reader that waits less than the store takes would else
	// ask again and again. It has no effect where it is not above MaxWait, and none on a Read that has nothing to wait for.
	StoreWait time.Duration

	lookup bool // by nobody who will read on: nothing is read ahead
}

// ReadResult is the answer for one partition.
type ReadResult struct {
	// Err is one of ErrTopicNotFound, ErrPartitionNotFound, ErrFencedLeaderEpoch, ErrUnknownLeaderEpoch,
	// an *OffsetError, ErrCorruptLog, ErrUnavailable, and for all ErrFenced and ErrClosed.
	Err error
	// Records are whole record batches with their final offsets, in pieces to be written one after the
	// other (a piece may be part of a batch). They are shared: never change them; they stay valid.
	// The first batch may begin before the offset that was asked for.
	Records                             [][]byte
	Bytes                               int // of all pieces
	records                             int64
	HighWatermark, LastStable, LogStart int64
}

// Read answers a fetch: it reads the partitions side by side, from the tail, the
// cache or the store, and answers when it has MinBytes, when a partition has an error, or when
// MaxWait is over or ctx ends, with what there is by then; see also [ReadOptions].StoreWait. Reads from the store that
// are not in by then go on and are found in the cache by the next Read, so a
// slow partition delays nobody beyond MaxWait and none starves.
// The results stand in the order of the requests.
func (l *Log) Read(ctx context.Context, reqs []ReadRequest, o ReadOptions) []ReadResult {
	wait := max(o.MaxWait, o.StoreWait, 0)
	r := &read{l: l, reqs: reqs, o: o, late: o.MaxWait <= 0, waiter: newWaiter()}
	r.waiter.until = time.Now().Add(wait)
	if end, ok := ctx.Deadline(); ok && end.Before(r.waiter.until) {
		r.waiter.until = end
	}
	r.blocks = askedBlocks{fetcher: l.blocks, waiter: r.waiter}
	defer r.finish()
	if r.try(); r.satisfied() || wait == 0 {
		return r.results
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	due := time.NewTimer(max(o.MaxWait, 0))
	defer due.Stop()
	r.subscribe()
	for {
		// Once more after subscribing, or a commit in between would be slept through.
		if r.try(); r.satisfied() {
			return r.results
		}
		select {
		case <-r.waiter.c:
		case <-due.C:
			r.late = true
		case <-ctx.Done():
			r.try()
			return r.results
		case <-l.quit.Done():
			r.try()
			return r.results
		}
	}
}

// read is one Read under way.
type read struct {
	l       *Log
	reqs    []ReadRequest
	o       ReadOptions
	results []ReadResult
	bytes   int  // in results
	failed  bool // a result has an error
	late    bool // MaxWait is over
	arena   []byte
	pinned  int64 // bytes of the blocks that results have a part of

	waiter     *waiter
	subscribed []*partition

	missing int // requests that the last try could not serve, or not further, without a block
	blocks  askedBlocks
	extents []extentRef // room for those of one request
}

// satisfied tells whether to answer with what the last try found. Nothing at all is no answer
// while a block is on its way, also where nothing was asked for.
func (r *read) satisfied() bool {
	switch {
	case r.failed:
		return true
	case r.bytes == 0:
		return (r.late || r.o.MinBytes <= 0) && r.missing == 0
	}
	// Where it may not ask for more than it has got, there is nothing to wait for.
	return r.late || r.bytes >= r.o.MinBytes || r.missing > 0 && r.blocks.pending == 0
}

// try fills the results with what is at hand, from the start.
func (r *read) try() {
	r.results = make([]ReadResult, len(r.reqs))
	r.bytes, r.failed, r.missing, r.pinned = 0, false, 0, 0
	if err := r.l.endErr(); err != nil {
		for i := range r.results {
			r.results[i].Err = err
		}
		r.failed = true
		return
	}
	r.ask(r.serve())
}

// readPlan is what a request needs from blocks.
type readPlan struct {
	partition *partition
	cold      bool      // it lies before the tail
	next      int64     // where it will go on
	missing   extentRef // the first whose block is not at hand; its key has no length where all are
	asked     bool      // that one is on its way
}

// serve looks the requests up in the state and serves them from the tail or from the
// blocks at hand. It keeps their order: the limits are for the first ones to use up, and
// clients rotate their partitions by that.
func (r *read) serve() []readPlan {
	plans := make([]readPlan, len(r.reqs))
	r.l.stateMu.RLock()
	for i := range r.reqs {
		if err := r.planOne(i, &plans[i]); err != nil {
			r.results[i].Err, r.failed = err, true
		}
		for more := plans[i].cold; more; {
			r.extents = r.l.extentsLocked(r.extents[:0], plans[i].partition, plans[i].next, min(r.reqs[i].MaxBytes-r.results[i].Bytes, r.o.MaxBytes-r.bytes))
			r.l.stateMu.RUnlock() // going through blocks takes long
			more = r.fromBlocks(i, &plans[i], r.extents)
			r.l.stateMu.RLock()
		}
	}
	r.l.stateMu.RUnlock()
	return plans
}

// planOne serves a request from the tail or says which blocks it needs. stateMu is held for reading.
func (r *read) planOne(i int, plan *readPlan) error {
	q, res := &r.reqs[i], &r.results[i]
	p, err := r.l.partitionLocked(q.Partition)
	if err != nil {
		return err
	}
	plan.partition = p
	res.HighWatermark, res.LastStable, res.LogStart = p.meta.HighWatermark, p.meta.LastStableOffset(), p.meta.LogStart
	if err := r.l.checkLeaderEpoch(q.LeaderEpoch); err != nil {
		return err
	}
	if q.Offset < p.meta.LogStart || q.Offset > p.meta.HighWatermark {
		return &OffsetError{Offset: q.Offset, Start: p.meta.LogStart, End: p.meta.HighWatermark}
	}
	if q.Offset == p.meta.HighWatermark || r.full(i) {
		return nil
	}
	if at := p.from(q.Offset); at >= 0 {
		r.fromTail(i, p, at)
		return nil
	}
	plan.cold, plan.next = true, q.Offset
	return nil
}

func (l *Log) checkLeaderEpoch(e int32) error {
	switch {
	case e >= 0 && e < int32(l.epoch):
		return fmt.Errorf("%w: %d, it is %d", ErrFencedLeaderEpoch, e, l.epoch)
	case e > int32(l.epoch):
		return fmt.Errorf("%w: %d, it is %d", ErrUnknownLeaderEpoch, e, l.epoch)
	}
	return nil
}

// fits says whether n more bytes may go to request i. The first batch of all always may.
func (r *read) fits(i, n int) bool {
	res := &r.results[i]
	return r.bytes == 0 || r.bytes+n <= r.o.MaxBytes && res.Bytes+n <= r.reqs[i].MaxBytes
}

// full says that not a byte more may go to request i.
func (r *read) full(i int) bool { return !r.fits(i, 1) }

// add hands out a batch, in pieces.
func (r *read) add(i int, b record.Batch, pieces ...[]byte) {
	res := &r.results[i]
	res.records += int64(b.Count())
	for _, p := range pieces {
		res.Records = append(res.Records, p)
		res.Bytes += len(p)
		r.bytes += len(p)
	}
}

// fromTail adds batches of the tail from index at on.
func (r *read) fromTail(i int, p *partition, at int) {
	for ; at < p.tail.len(); at++ {
		b := p.tail.at(at).data
		if !r.fits(i, len(b)) {
			return
		}
		r.add(i, b, b)
	}
}

// subscribe asks to be woken when a partition grows.
func (r *read) subscribe() {
	r.l.stateMu.RLock()
	for i := range r.reqs {
		// One that stands in the request more than once needs to be told once.
		if p, err := r.l.partitionLocked(r.reqs[i].Partition); err == nil && p.waiters.add(r.waiter) {
			r.subscribed = append(r.subscribed, p)
		}
	}
	r.l.stateMu.RUnlock()
}

func (r *read) finish() {
	for _, p := range r.subscribed {
		p.waiters.remove(r.waiter)
	}
	r.waiter.ended.Store(true)
	r.detach()
	r.l.blocks.leave(r.waiter, r.blocks.asked)
	for i := range r.results {
		res := &r.results[i]
		if r.l.o.Events.Read != nil && res.Bytes > 0 {
			r.l.o.Events.Read(int64(res.Bytes), res.records, !r.blocks.used(i))
		}
	}
}

// detach copies results that are small parts of large blocks: until an answer is sent to a slow client, it would keep many times its bytes alive.
func (r *read) detach() {
	if r.pinned <= maxPinned*int64(r.bytes)+segment.BlockBytes {
		return
	}
	for i := range r.results {
		if res := &r.results[i]; r.blocks.used(i) {
			res.Records = [][]byte{bytes.Join(res.Records, nil)}
		}
	}
}
