package log

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"streamhouse/log/record"
	"streamhouse/log/segment"
)

// AppendRequest carries one record batch (magic 2) for one partition, as it came from a producer.
type AppendRequest struct {
	Partition PartitionID
	Records   []byte
}

// AppendResult is the outcome of an AppendRequest.
type AppendResult struct {
	// Err is one of: ErrTopicNotFound, ErrPartitionNotFound, the batch errors, the sequence errors,
	// ErrLimit for an idempotent producer that the partition does not know.
	Err error
	// Base is the offset of the first record. For a Duplicate it is the original one.
	Base int64
	// LogStart is where the partition's log begins: with an error, too, if the request was held against the partition, else -1.
	LogStart  int64
	Duplicate bool
	// AppendTime is the timestamp given to the records, milliseconds since 1970,
	// where the topic has message.timestamp.type=LogAppendTime, else -1. For a Duplicate it is the largest one of its records.
	AppendTime int64
}

// appending is a request of an Append while it is on its way.
type appending struct {
	partition *partition
	settings  topicSettings
	logStart  int64
	batch     record.Batch
	flush     *flush // the one that has the batch; Log.mu guards it until that flush is done
	refused   error  // by the store; set before the flush is done
	result    AppendResult

	newProducer bool // it was let in to add one to the state
	timeUnknown bool // nobody looked at the timestamps of the records; the header's largest one is the producer's
}

// newProducer is what a request claims whose producer its partition does not know.
var newProducer = claim{adds: Usage{Producers: 1}}

// Append checks the batches and adds those that are good to the current flush, and
// returns at once with the wait for it. Only back pressure makes it block: while
// the unflushed bytes are at their limit, until ctx ends; then it returns
// ErrTimeout, and nothing was taken. An Append that was refused that way must not be
// followed by another one of the same producer, or that one's batches would
// overtake: a door closes the connection.
//
// What is checked of a batch stands in log/record/check.go; [Options.TrustCompressed] leaves a part of it out. The largest
// timestamp in the header is set to that of the records.
//
// Append owns the Records of every request from now on, for good: it patches
// them in place, and readers share them.
//
// Nothing is durable before the Wait returns; see [Pending.Wait].
func (l *Log) Append(ctx context.Context, reqs []AppendRequest) (*Pending[[]AppendResult], error) {
	taken := make([]appending, len(reqs))
	bytes, claims := l.checkAppend(reqs, taken)
	if bytes == 0 {
		return completed(appendResults(taken)), l.Err()
	}
	held := min(bytes, l.o.MaxUnflushedBytes)
	if err := l.acquire(ctx, held); err != nil {
		l.admission.release(claims)
		return nil, fmt.Errorf("%w: %d bytes wait to be flushed: %w", ErrTimeout, l.o.MaxUnflushedBytes, err)
	}
	f, items, err := l.enqueue(taken, claims, bytes, held)
	if err != nil {
		l.admission.release(claims)
		l.unflushed.Release(held)
		return nil, err
	}
	return &Pending[[]AppendResult]{flush: f, next: func() *flush { return l.nextOf(taken) }, result: func() []AppendResult {
		copyOutcomes(items)
		return appendResults(taken)
	}}, nil
}

// nextOf returns a flush that has some of the batches and is not done well, or nil.
func (l *Log) nextOf(taken []appending) *flush {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range taken {
		if f := taken[i].flush; f != nil && !f.landed() {
			return f
		}
	}
	return nil
}

// acquire takes room among the unflushed bytes. While it waits, an open flush that holds some is as good as full:
// nobody else gets into it either, and its room must not wait for the flush interval.
func (l *Log) acquire(ctx context.Context, bytes int64) error {
	if l.unflushed.TryAcquire(bytes) {
		return nil
	}
	l.wantsRoom(1)
	defer l.wantsRoom(-1)
	return l.unflushed.Acquire(ctx, bytes)
}

func (l *Log) wantsRoom(more int) {
	l.mu.Lock()
	l.wantRoom += more
	l.mu.Unlock()
	l.signal()
}

// checkAppend fills taken and returns the bytes that are to be flushed, and what they were let in to add to the state.
func (l *Log) checkAppend(reqs []AppendRequest, taken []appending) (bytes int64, claims claim) {
	now := l.o.Now().UnixMilli()
	l.findPartitions(reqs, taken)
	for i, r := range reqs {
		a := &taken[i]
		a.result.LogStart, a.result.AppendTime = -1, -1
		if a.partition == nil {
			continue
		}
		// Every byte is looked at: not under a lock that others wait for.
		b, err := record.Sent(r.Records)
		if err == nil {
			if err = a.check(b, now, l.o.TrustCompressed); errors.Is(err, ErrInvalidRecord) || errors.Is(err, ErrInvalidTimestamp) {
				a.result.LogStart = a.logStart
			}
		}
		if err != nil {
			a.result.Err, a.result.AppendTime = err, -1
			continue
		}
		a.batch = b
	}
	claims = l.lookUpProducers(taken)
	for i := range taken {
		bytes += int64(len(taken[i].batch))
	}
	return bytes, claims
}

// lookUpProducers looks at the producers of requests that are good so far: it answers for batches that are in the log
// already, claims room for producers that their partitions do not know, and refuses those for which there is none.
func (l *Log) lookUpProducers(taken []appending) (claims claim) {
	idempotent := func(a appending) bool { return a.batch != nil && a.batch.Idempotent() }
	if !slices.ContainsFunc(taken, idempotent) {
		return claims
	}
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	for i := range taken {
		a := &taken[i]
		if !idempotent(*a) {
			continue
		}
		if a.partition.meta.Producers[a.batch.ProducerID()] != nil {
			if a.answerDuplicate() {
				emit0(l.o.Events.Duplicate)
			}
			continue
		}
		if err := l.claimInto(&claims, newProducer); err != nil {
			a.batch, a.result.Err, a.result.AppendTime = nil, err, -1
			continue
		}
		a.newProducer = true
	}
	return claims
}

// findPartitions sets each request's partition, where its log begins, and the settings of its topic; or its error.
func (l *Log) findPartitions(reqs []AppendRequest, taken []appending) {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	for i := range reqs {
		a := &taken[i]
		if a.partition, a.result.Err = l.partitionLocked(reqs[i].Partition); a.partition != nil {
			a.settings, a.logStart = a.partition.topic.settings, a.partition.meta.LogStart
		}
	}
}

// check checks a batch, and sets the timestamps in its header.
func (a *appending) check(b record.Batch, now int64, trustCompressed bool) error {
	topic := &a.settings
	if int64(len(b)) > topic.maxMessageBytes {
		return fmt.Errorf("%w: %d bytes, max.message.bytes of the topic is %d", ErrBatchTooLarge, len(b), topic.maxMessageBytes)
	}
	if err := b.Verify(); err != nil {
		return err
	}
	if b.BaseOffset() != 0 {
		return fmt.Errorf("%w: a base offset of %d, a producer's is 0", ErrInvalidRecord, b.BaseOffset())
	}
	times := topic.timeRange(now)
	trusted := trustCompressed && b.Codec() != 0
	a.timeUnknown = trusted && !topic.logAppendTime
	largest, err := b.MaxTimestamp(), b.CheckTimestampType(times)
	if !trusted {
		largest, err = b.CheckRecords(times)
	}
	switch {
	case errors.Is(err, ErrInvalidTimestamp):
		return fmt.Errorf("%w (message.timestamp.type is %s, .before.max.ms %d, .after.max.ms %d)", err, topic.timestampType(), topic.beforeMax, topic.afterMax)
	case err != nil:
		return err
	case topic.logAppendTime:
		a.result.AppendTime = now
		b.SetAppendTime(now)
	default:
		b.SetMaxTimestamp(largest)
	}
	return nil
}

// answerDuplicate answers for a batch that is in the log already, and so durable: it need not wait for a flush, nor
// take room in one. A client whose patience is shorter than a flush takes would otherwise fill each with what it sends
// again, and never be there when one lands. What is not applied yet is found when it is. stateMu is held for reading.
func (a *appending) answerDuplicate() bool {
	b := segment.Describe(a.batch)
	known, ok := a.partition.meta.Duplicate(&b)
	if ok {
		a.batch = nil
		a.result.Base, a.result.LogStart, a.result.Duplicate = known.Base, a.partition.meta.LogStart, true
		a.result.AppendTime = known.Timestamp
	}
	return ok
}

// enqueue adds the batches to the current flush, all together.
func (l *Log) enqueue(taken []appending, claims claim, bytes, held int64) (*flush, []item, error) {
	items := itemsOf(taken)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.endErrLocked(); err != nil {
		return nil, nil, err
	}
	f := l.openLocked(bytes)
	for i := range items {
		items[i].arrival = int32(len(f.items))
		items[i].owner.flush = f
		f.items = append(f.items, &items[i])
	}
	f.bytes += bytes
	f.held += held
	f.claims.add(claims, 1)
	l.unflushedBytes += bytes
	l.tookLocked(f)
	return f, items, nil
}

func itemsOf(taken []appending) []item {
	items := make([]item, 0, len(taken))
	for i := range taken {
		if a := &taken[i]; a.batch != nil {
			items = append(items, item{owner: a, partition: a.partition, batch: a.batch})
		}
	}
	return items
}

// copyOutcomes copies the outcomes of batches, whose flushes have landed, into their requests.
func copyOutcomes(items []item) {
	for i := range items {
		it := &items[i]
		r := &it.owner.result
		if it.owner.refused != nil {
			r.Err = it.owner.refused
			continue
		}
		out := it.owner.flush.outcomes[it.entry]
		if out.Err != nil {
			r.Err = out.Err
			continue
		}
		b := out.Batches[it.index]
		r.Err, r.Base, r.LogStart, r.Duplicate = b.Err, b.Base, b.LogStart, b.Duplicate
		if b.Duplicate {
			r.AppendTime = b.Timestamp
		}
	}
}

func appendResults(taken []appending) []AppendResult {
	results := make([]AppendResult, len(taken))
	for i := range taken {
		results[i] = taken[i].result
	}
	return results
}
