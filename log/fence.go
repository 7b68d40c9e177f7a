package log

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
)

// probe refuses a store that ignores create-only writes: on such a store two
// brokers would overwrite each other without noticing.
func (j *journal) probe(ctx context.Context) error {
	key := "probe/" + formatID(j.writer)
	err := j.retry(ctx, func() error {
		err := j.store.Put(ctx, key, []byte(key))
		if errors.Is(err, objstore.ErrExists) {
			return nil // an attempt whose answer got lost
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("write a probe: %w", err)
	}
	defer func() {
		// A probe that is left behind does no harm.
		_ = j.store.Delete(ctx, key)
	}()
	var second error
	err = j.retry(ctx, func() error {
		second = j.store.Put(ctx, key, []byte("again"))
		if errors.Is(second, objstore.ErrExists) {
			return nil
		}
		return second
	})
	if err != nil {
		return fmt.Errorf("write the probe again: %w", err)
	}
	if second == nil {
		return fmt.Errorf("%w: it let an existing object (%s) be written again; use a store that honours If-None-Match: * on PUT", ErrUnsafeStore, key)
	}
	return nil
}

// seal takes the bucket over: it ends the epoch of the broker before this one at
// its first missing place, and applies what that one still gets in before.
//
// A broker that is busy writes on faster than its end can be read. So when the next place is
// taken, places farther and farther ahead are tried until a seal stands in its way as a
// fence post. Up to there the journal is then filled: by that broker, or by another seal at the
// first missing place, which makes the post void.
func (j *journal) seal(ctx context.Context, state *meta.State) error {
	ahead, post := uint64(1), uint64(0)
	for {
		epoch, seq := state.Epoch, state.Seq+ahead
		c, err := j.putSeal(ctx, epoch, seq)
		switch {
		case err == nil && ahead == 1:
			_, err = state.Apply(c)
			return err
		case err == nil:
			ahead, post = 1, seq
		case !errors.Is(err, ErrFenced):
			return fmt.Errorf("seal epoch %d at %d: %w", epoch, seq, err)
		case post == 0:
			ahead *= 2
			continue
		}
		if err := j.replay(ctx, state); err != nil {
			return err
		}
		if state.SeqEpoch == epoch && state.Seq == post && state.Epoch == epoch+1 {
			return nil
		}
		if state.Epoch != epoch {
			ahead, post = 1, 0 // somebody else has sealed it: begin with theirs
		}
	}
}

// putSeal writes a seal at a place. ErrFenced: something stands there.
func (j *journal) putSeal(ctx context.Context, epoch uint32, seq uint64) (*meta.Commit, error) {
	c := &meta.Commit{
		Epoch: epoch, Seq: seq, Time: time.Now().UnixMilli(),
		Entries: []meta.Entry{&meta.Seal{Next: epoch + 1, Owner: j.writer}},
	}
	w := segment.NewWriter(nil)
	w.Reset(false)
	body, err := w.Finish(segment.Footer{Cluster: j.cluster, Writer: j.writer}, c)
	if err != nil {
		return nil, err
	}
	return c, j.retry(ctx, func() error { return j.try(ctx, segment.Key(epoch, seq), body) })
}

// watchFence looks every interval whether somebody else stands at the journal's next
// place, so that a broker that writes nothing does not serve old data for long after another
// one took over. Nor does one whose PUTs hang, for they would not tell.
func (l *Log) watchFence(ctx context.Context) {
	for last := uint64(0); sleep(ctx, l.o.FenceInterval) == nil; {
		epoch, first, next := l.places()
		if first == next || first == last {
			if err := l.lookAt(ctx, epoch, first, next); err != nil {
				l.stop(err)
				return
			}
		}
		last = first
	}
}

// lookAt returns ErrFenced if another process wrote a segment at a place from first to
// next: the first one that is not ours. A store that does not answer says nothing about the fence.
func (l *Log) lookAt(ctx context.Context, epoch uint32, first, next uint64) error {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	for seq := first; seq <= next; seq++ {
		key := segment.Key(epoch, seq)
		object, err := l.journal.store.Get(ctx, key)
		if err != nil {
			return nil
		}
		f, err := segment.DecodeFooter(object, int64(len(object)))
		if err != nil || f.Writer != l.journal.writer {
			return fmt.Errorf("%w: %s was written by another process%s", ErrFenced, key, l.journal.author(object))
		}
	}
	return nil
}

// newID returns a random id of 122 bits: a UUID of version 4, as Kafka's topic ids are.
func newID() (id [16]byte) {
	rand.Read(id[:]) // never fails
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}
