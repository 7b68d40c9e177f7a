package log

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
)

// journal is the totally ordered sequence of commits, kept as one object each
// under journal/<epoch>/<seq>. It is all that the engine needs of an ordering
// service: write a commit with its data at the next place, replay from a place.
type journal struct {
	store   objstore.Store
	cluster [16]byte
	writer  [16]byte // this process
	events  Events
}

// write PUTs a segment at its place and tries for as long as ctx lives, always
// the same bytes under the same key. On nil it is durable. ErrFenced: the place
// is taken by somebody else. trouble is called after each failure.
func (j *journal) write(ctx context.Context, key string, body []byte, trouble func(error)) (retries int, err error) {
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
		pause := backoff(retries)
		trouble(err)
		if j.events.StoreTrouble != nil {
			j.events.StoreTrouble(err, retries, pause)
		}
		if err := sleep(ctx, pause); err != nil {
			return retries, err
		}
	}
}

// try makes one attempt. A PUT that is refused because the key exists may be
// our own, whose answer got lost: then the object holds our bytes.
func (j *journal) try(ctx context.Context, key string, body []byte) error {
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
func (j *journal) author(object []byte) string {
	f, err := segment.DecodeFooter(object, int64(len(object)))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (%x)", f.Writer)
}

// backoff is the pause before the n-th retry: exponential, with full jitter so
// that brokers that share a store do not return all at once.
func backoff(n int) time.Duration {
	ceiling := min(retryCeiling, retryFloor<<min(n, 16))
	return retryFloor + rand.N(ceiling)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retry calls f until it succeeds, fails for good, or ctx ends: for reads while the
// journal is opened, when a storm must not end the start.
func (j *journal) retry(ctx context.Context, f func() error) error {
	for n := 1; ; n++ {
		err := f()
		if err == nil && n > 1 {
			emit0(j.events.StoreRecovered)
		}
		if err == nil || ctx.Err() != nil || permanent(err) {
			return err
		}
		pause := backoff(n)
		if j.events.StoreTrouble != nil {
			j.events.StoreTrouble(err, n, pause)
		}
		if sleep(ctx, pause) != nil {
			return err
		}
	}
}

// permanent says that trying again will not help.
func permanent(err error) bool {
	for _, e := range []error{objstore.ErrPermanent, objstore.ErrNotFound, objstore.ErrExists, objstore.ErrKey, ErrCorruptLog, ErrFenced, ErrUnsafeStore} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// replay applies what the journal holds behind the state, through as many epochs
// as were sealed, up to the last epoch's first missing place: where this
// broker's seal belongs. A broker that is still at work may fill that place meanwhile.
func (j *journal) replay(ctx context.Context, state *meta.State) error {
	for {
		epoch := state.Epoch
		if err := j.replayEpoch(ctx, state); err != nil {
			return err
		}
		if state.Epoch == epoch {
			return j.checkEnd(ctx, state)
		}
	}
}

// replayEpoch applies the current epoch's segments up to its seal or to its end, as that was when it
// began: a broker that is still at work may write faster than what it writes can be read.
func (j *journal) replayEpoch(ctx context.Context, state *meta.State) error {
	epoch := state.Epoch
	for end := uint64(0); state.Epoch == epoch; {
		run, err := j.listRun(ctx, epoch, state.Seq, replayRun)
		if err != nil {
			return err
		}
		if end == 0 {
			if end, err = j.epochEnd(ctx, epoch, state.Seq, run); err != nil {
				return err
			}
		}
		if err := j.applyRun(ctx, state, run); err != nil {
			return err
		}
		if len(run) < replayRun || state.Seq >= end {
			return nil
		}
	}
	return nil
}

// epochEnd returns the last segment of an epoch. The run that follows after is known.
func (j *journal) epochEnd(ctx context.Context, epoch uint32, after uint64, run []objstore.Info) (end uint64, err error) {
	end = after + uint64(len(run))
	if len(run) < replayRun {
		return end, nil
	}
	err = j.retry(ctx, func() error {
		for _, err := range j.store.List(ctx, segment.Prefix(epoch), segment.Key(epoch, end)) {
			if err != nil {
				return fmt.Errorf("list the journal: %w", err)
			}
			end++
		}
		return nil
	})
	return end, err
}

// listRun lists the segments that follow seq without a gap, limit at most.
func (j *journal) listRun(ctx context.Context, epoch uint32, seq uint64, limit int) (run []objstore.Info, err error) {
	err = j.retry(ctx, func() error {
		run = run[:0]
		for info, err := range j.store.List(ctx, segment.Prefix(epoch), segment.Key(epoch, seq)) {
			if err != nil {
				return fmt.Errorf("list the journal: %w", err)
			}
			if info.Key != segment.Key(epoch, seq+uint64(len(run))+1) {
				break
			}
			if run = append(run, info); len(run) == limit {
				break
			}
		}
		return nil
	})
	return run, err
}

// applyRun reads segments side by side and applies them in order, up to a seal.
func (j *journal) applyRun(ctx context.Context, state *meta.State, run []objstore.Info) error {
	epoch := state.Epoch
	commits := make([]*meta.Commit, len(run))
	readers, gctx := errgroup.WithContext(ctx)
	readers.SetLimit(replayReaders)
	for i, info := range run {
		readers.Go(func() error {
			return j.retry(gctx, func() (err error) {
				commits[i], err = j.read(gctx, info.Key, info.Size)
				return err
			})
		})
	}
	if err := readers.Wait(); err != nil {
		return err
	}
	for i, c := range commits {
		if state.Epoch != epoch {
			return nil // behind the seal: void
		}
		if _, err := state.Apply(c); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrCorruptLog, run[i].Key, err)
		}
	}
	return nil
}

// read returns the commit of a journal segment.
func (j *journal) read(ctx context.Context, key string, size int64) (*meta.Commit, error) {
	f, c, err := segment.ReadCommit(size, func(pos, n int64) ([]byte, error) { return j.store.GetRange(ctx, key, pos, n) })
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	if f.Cluster != j.cluster {
		return nil, fmt.Errorf("%w: %s belongs to cluster %s, this is %s", ErrCorruptLog, key, formatID(f.Cluster), formatID(j.cluster))
	}
	if want := segment.Key(f.Epoch, f.Seq); key != want {
		return nil, fmt.Errorf("%w: %s says that it is %s", ErrCorruptLog, key, want)
	}
	return c, nil
}

// checkEnd refuses to take the place where the replay stopped for the journal's end, if that is a loss.
func (j *journal) checkEnd(ctx context.Context, state *meta.State) error {
	beyond, err := j.beyondEnd(ctx, state)
	if err != nil || beyond == "" {
		return err
	}
	// A broker that is still at work may have written all that meanwhile.
	run, err := j.listRun(ctx, state.Epoch, state.Seq, 1)
	if err != nil || len(run) > 0 {
		return err
	}
	return fmt.Errorf("%w: %s is missing, though %s exists: restore it before you start the broker again",
		ErrCorruptLog, segment.Key(state.Epoch, state.Seq+1), beyond)
}

// beyondEnd looks for proof that the place where the replay stopped is a loss
// and not the journal's end: a segment farther behind than any pipeline
// reaches, or a later epoch, which only a seal can have begun. Sealing there
// would void what was acknowledged. A fence post proves nothing; see [journal.seal].
func (j *journal) beyondEnd(ctx context.Context, state *meta.State) (key string, err error) {
	err = j.retry(ctx, func() error {
		key = ""
		for info, err := range j.store.List(ctx, "journal/", segment.Key(state.Epoch, state.Seq+MaxPipeline)) {
			if err != nil {
				return fmt.Errorf("list the journal: %w", err)
			}
			post, err := j.isPost(ctx, state.Epoch, info)
			if err != nil {
				return err
			}
			if !post {
				key = info.Key
				break
			}
		}
		return nil
	})
	return key, err
}

// isPost tells whether an object is a seal of an epoch.
func (j *journal) isPost(ctx context.Context, epoch uint32, info objstore.Info) (bool, error) {
	if !strings.HasPrefix(info.Key, segment.Prefix(epoch)) {
		return false, nil
	}
	c, err := j.read(ctx, info.Key, info.Size)
	if err != nil {
		return false, err
	}
	if len(c.Entries) != 1 {
		return false, nil
	}
	_, seal := c.Entries[0].(*meta.Seal)
	return seal, nil
}

// checkBase makes sure that a state from bbolt belongs to what the bucket
// holds: the segment that it reached is still there.
func (j *journal) checkBase(ctx context.Context, state *meta.State) error {
	if state.Seq == 0 {
		return nil
	}
	key := segment.Key(state.SeqEpoch, state.Seq)
	return j.retry(ctx, func() error {
		for info, err := range j.store.List(ctx, key, "") {
			if err != nil {
				return fmt.Errorf("list the journal: %w", err)
			}
			if info.Key == key {
				return nil
			}
		}
		return fmt.Errorf("%w: the metadata file has reached %s, which the bucket does not hold: the bucket is older than the file or incomplete; to go on with what the bucket holds, move the file away", ErrCorruptLog, key)
	})
}
