package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
)

// MaxPipeline is how many appends may be under way at once. Replay relies on it: after a
// journal's first missing sequence number at most so many void segments can
// follow; more mean that one was lost.
const MaxPipeline = 16

// putTimeout ends one attempt of a PUT that hangs; the next attempt has the same bytes.
const putTimeout = time.Minute

// Journal is the totally ordered sequence of commits, kept as one object each under journal/<epoch>/<seq>.
// All that orders the log lies behind its methods: to write a commit with its data at the next place, to replay
// from a place, to take over from another writer, and to notice that another one did.
type Journal struct {
	store   objstore.Store
	cluster [16]byte
	writer  [16]byte // this process
	events  Events
}

// Events are called as things happen; each may be nil. They must be quick.
type Events struct {
	// StoreTrouble: an attempt failed and will be made again after the pause.
	StoreTrouble func(err error, attempt int, pause time.Duration)
	// StoreRecovered: the first success after StoreTrouble, of anything but an Append, whose caller knows.
	StoreRecovered func()
}

func (j *Journal) trouble(err error, attempt int, pause time.Duration) {
	if j.events.StoreTrouble != nil {
		j.events.StoreTrouble(err, attempt, pause)
	}
}

func (j *Journal) recovered() {
	if j.events.StoreRecovered != nil {
		j.events.StoreRecovered()
	}
}

// Open opens the journal in a bucket: it reads the cluster's id, founds the cluster in an empty bucket, and
// proves that the store honours create-only writes ([ErrUnsafeStore]). It takes nothing over, so any
// number of processes may open a bucket at once; those that meet in an empty one agree on one cluster, which is durable
// on return. Until ctx ends it tries again what may pass. [ErrFormat], segment.ErrCorrupt: the bucket is not one of ours.
func Open(ctx context.Context, store objstore.Store, events Events) (*Journal, error) {
	j := &Journal{store: store, writer: meta.NewID(), events: events}
	var err error
	if j.cluster, err = openCluster(ctx, j); err != nil {
		return nil, err
	}
	return j, j.probe(ctx)
}

// Cluster is the id of the bucket's cluster. It never changes; anybody may call it.
func (j *Journal) Cluster() [16]byte { return j.cluster }

// Encode finishes the segment in w with the commit and this process's footer. The result is valid
// until w is reset. It writes nothing to the store. Calls with different writers may run at once.
func (j *Journal) Encode(w *segment.Writer, c *meta.Commit) ([]byte, error) {
	return w.Finish(segment.Footer{Cluster: j.cluster, Writer: j.writer}, c)
}

// Append writes the segment of commit c, as [Journal.Encode] returned it, at its place, and tries for as long
// as ctx lives, always the same bytes under the same key. On nil it is durable; it counts once every place before
// it is durable, too. After any error it may be in the bucket, now or later: the caller must not acknowledge
// it, nor anything behind it, and must not write other bytes at its place.
//
//   - [ErrFenced]: another process's segment stands there.
//   - segment.ErrCorrupt: what stands there is neither ours, whole, nor another process's segment, and stays so.
//   - ctx's error.
//
// failed is called after each failed attempt, in the caller's goroutine. Only the owner appends, which is who
// last returned from [Journal.TakeOver]; its appends of different places may run at once, [MaxPipeline] of
// them at most, and beside [Journal.CheckFence] and [Journal.Replay].
func (j *Journal) Append(ctx context.Context, c *meta.Commit, body []byte, failed func(error)) (retries int, err error) {
	retries, err = j.repeat(ctx, judgeAppend, failed, func() error { return j.try(ctx, c.Epoch, c.Seq, body) })
	if err != nil && ctx.Err() != nil && !errors.Is(err, ErrFenced) {
		err = ctx.Err()
	}
	return retries, err
}

// judgeAppend lets only evidence end an append: a store that refuses may be mended, and what it refused has its place.
func judgeAppend(err error) verdict {
	switch {
	case errors.Is(err, ErrFenced):
		return final
	case errors.Is(err, segment.ErrCorrupt):
		return doubtful
	}
	return passing
}

// try makes one attempt. A PUT that is refused because the key exists may be
// our own, whose answer got lost: then that is the success.
func (j *Journal) try(ctx context.Context, epoch uint32, seq uint64, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	key := segment.Key(epoch, seq)
	err := j.store.Put(ctx, key, body)
	if !errors.Is(err, objstore.ErrExists) {
		return err
	}
	there, err := j.look(ctx, key)
	switch {
	case err != nil || bytes.Equal(there, body):
		return err
	default:
		return fmt.Errorf("%w: the PUT of %s found it taken, and what stands there has this process's footer and other bytes than it wrote: %s",
			segment.ErrCorrupt, key, difference(there, body))
	}
}

// look reads the segment that stands at a place. Its footer has a checksum, so it is the evidence of whose it is: nil is
// this process's, [ErrFenced] another's. segment.ErrCorrupt: what was read is not this place's segment.
func (j *Journal) look(ctx context.Context, key string) (there []byte, err error) {
	if there, err = j.store.Get(ctx, key); err != nil {
		return nil, fmt.Errorf("look at what stands at %s: %w", key, err)
	}
	f, err := segment.DecodeFooter(there, int64(len(there)))
	if err == nil {
		err = j.belongs(key, f)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s is taken; what stands there (%d bytes) does not tell by whom: %w", key, len(there), err)
	case f.Writer != j.writer:
		return nil, fmt.Errorf("%w: %s was written by another process (%x)", ErrFenced, key, f.Writer)
	}
	return there, nil
}

// difference tells where two objects part.
func difference(there, body []byte) string {
	at := 0
	for at < min(len(there), len(body)) && there[at] == body[at] {
		at++
	}
	return fmt.Sprintf("%d bytes, not %d, that differ from byte %d on", len(there), len(body), at)
}
