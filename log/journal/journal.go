package journal

import (
	"context"
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
	// StoreRecovered: the first success after StoreTrouble, of anything but a [Place.Append], whose caller knows.
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
