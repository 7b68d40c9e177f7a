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
// proves that the store honours create-only writes ([ErrUnsafeStore]). It takes nothing over. Until ctx ends it tries
// again what may pass.
func Open(ctx context.Context, store objstore.Store, events Events) (*Journal, error) {
	j := &Journal{store: store, writer: meta.NewID(), events: events}
	var err error
	if j.cluster, err = openCluster(ctx, j); err != nil {
		return nil, err
	}
	return j, j.probe(ctx)
}

// Cluster is the id of the bucket's cluster.
func (j *Journal) Cluster() [16]byte { return j.cluster }

// Encode finishes the segment in w with the commit and this process's footer. The result is valid
// until w is reset.
func (j *Journal) Encode(w *segment.Writer, c *meta.Commit) ([]byte, error) {
	return w.Finish(segment.Footer{Cluster: j.cluster, Writer: j.writer}, c)
}

// Append writes the segment of commit c, as [Journal.Encode] returned it, at its place, and tries for as long
// as ctx lives, always the same bytes under the same key. On nil it is durable; it counts once every place before
// it is durable, too. [ErrFenced]: the place is taken by somebody else. failed is called after each failed
// attempt, in the caller's goroutine. Appends of different places may run at once, [MaxPipeline] of them at most.
func (j *Journal) Append(ctx context.Context, c *meta.Commit, body []byte, failed func(error)) (retries int, err error) {
	key := segment.Key(c.Epoch, c.Seq)
	for {
		err := j.try(ctx, key, body)
		switch {
		case err == nil:
			return retries, nil
		case errors.Is(err, ErrFenced):
			return retries, err
		case ctx.Err() != nil:
			return retries, ctx.Err()
		}
		retries++
		pause := pauses.After(retries)
		failed(err)
		j.trouble(err, retries, pause)
		if err := objstore.Sleep(ctx, pause); err != nil {
			return retries, err
		}
	}
}

// try makes one attempt. A PUT that is refused because the key exists may be
// our own, whose answer got lost: then the object holds our bytes.
func (j *Journal) try(ctx context.Context, key string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	err := j.store.Put(ctx, key, body)
	if !errors.Is(err, objstore.ErrExists) {
		return err
	}
	there, err := j.store.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("look at what stands at %s: %w", key, err)
	}
	if bytes.Equal(there, body) {
		return nil
	}
	return fmt.Errorf("%w: %s was written by another process%s", ErrFenced, key, j.author(there))
}

// author describes who wrote a segment, for an error text.
func (j *Journal) author(object []byte) string {
	f, err := segment.DecodeFooter(object, int64(len(object)))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (%x)", f.Writer)
}
