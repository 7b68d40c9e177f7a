package journal

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
)

const (
	// replayRun and replayReaders bound what a replay holds in memory and asks at once.
	replayRun     = 1024
	replayReaders = 32
)

// Replay applies what the journal holds behind the state, through as many epochs
// as were sealed, up to the last epoch's first missing place: where this
// broker's seal belongs. A broker that is still at work may fill that place meanwhile, and what a
// listing does not show yet is left out; [Journal.TakeOver] copes with both.
//
// It writes nothing. The state is the caller's alone while it lasts, and on an error stands at some segment before the
// end. Replays of different states may run at once, and beside all other methods. Until ctx ends it tries again what may pass.
// segment.ErrCorrupt, ErrListing: their texts say what was found.
func (j *Journal) Replay(ctx context.Context, state *meta.State) error {
	listing := j.list(reached(state))
	defer listing.close()
	for {
		epoch := state.Epoch
		if err := j.replayEpoch(ctx, state, listing); err != nil {
			return err
		}
		if state.Epoch == epoch {
			return j.checkEnd(ctx, state)
		}
	}
}

// replayEpoch applies the current epoch's segments up to its seal or to its end, as that was when it
// began: a broker that is still at work may write faster than what it writes can be read.
func (j *Journal) replayEpoch(ctx context.Context, state *meta.State, listing *journalListing) error {
	epoch := state.Epoch
	for end := uint64(0); state.Epoch == epoch; {
		run, err := listing.run(ctx, epoch, state.Seq+1, replayRun)
		if err != nil {
			return err
		}
		if len(run) == replayRun && end == 0 {
			if end, err = j.epochEnd(ctx, epoch, state.Seq+replayRun); err != nil {
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

// epochEnd returns the last segment of an epoch, given one that is known to be there: a place that replay
// need not go beyond, though a gap may end the epoch before.
func (j *Journal) epochEnd(ctx context.Context, epoch uint32, known uint64) (end uint64, err error) {
	err = j.retry(ctx, func() error {
		end = known
		for _, err := range j.store.List(ctx, segment.Prefix(epoch), segment.Key(epoch, known)) {
			if err != nil {
				return fmt.Errorf("list the journal: %w", err)
			}
			end++
		}
		return nil
	})
	return end, err
}

// applyRun reads segments side by side and applies them in order, up to a seal.
func (j *Journal) applyRun(ctx context.Context, state *meta.State, run []objstore.Info) error {
	epoch := state.Epoch
	commits := make([]*meta.Commit, len(run))
	readers, gctx := errgroup.WithContext(ctx)
	readers.SetLimit(replayReaders)
	for i, info := range run {
		readers.Go(func() (err error) {
			commits[i], err = j.readListed(gctx, info)
			return err
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
			return fmt.Errorf("%w: %s: %w", segment.ErrCorrupt, run[i].Key, err)
		}
	}
	return nil
}

// readListed returns the commit of a segment that a listing showed. What it finds wrong it reads again, and
// lists it anew before: the listing's size may be what was wrong.
func (j *Journal) readListed(ctx context.Context, info objstore.Info) (c *meta.Commit, err error) {
	again := false
	err = j.retry(ctx, func() error {
		listed := true
		if again {
			now, there, err := j.find(ctx, info.Key)
			if err != nil {
				return err
			}
			if listed = there; there {
				info = now
			}
		}
		again = true
		c, err = j.read(ctx, info.Key, info.Size)
		switch {
		case errors.Is(err, objstore.ErrNotFound) && listed:
			return fmt.Errorf("%w: %s is listed with %d bytes, but the store says that it has no such object", segment.ErrCorrupt, info.Key, info.Size)
		case errors.Is(err, objstore.ErrNotFound):
			return fmt.Errorf("%w: %s was listed, and now it is neither listed nor there", segment.ErrCorrupt, info.Key)
		case errors.Is(err, objstore.ErrRange):
			return fmt.Errorf("%w: %s is listed with %d bytes, but the store says that it has fewer", segment.ErrCorrupt, info.Key, info.Size)
		}
		return err
	})
	return c, err
}

// find lists a single object.
func (j *Journal) find(ctx context.Context, key string) (found objstore.Info, there bool, err error) {
	for info, err := range j.store.List(ctx, key, "") {
		if err != nil {
			return info, false, fmt.Errorf("list %s: %w", key, err)
		}
		if info.Key == key {
			return info, true, nil
		}
	}
	return found, false, nil
}

// read returns the commit of a journal segment.
func (j *Journal) read(ctx context.Context, key string, size int64) (*meta.Commit, error) {
	f, c, err := segment.ReadCommit(size, func(pos, n int64) ([]byte, error) { return j.store.GetRange(ctx, key, pos, n) })
	if err == nil {
		err = j.belongs(key, f)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return c, nil
}

// belongs tells whether a footer is that of the segment at a key.
func (j *Journal) belongs(key string, f segment.Footer) error {
	if f.Cluster != j.cluster {
		return fmt.Errorf("%w: it belongs to cluster %s, this is %s", segment.ErrCorrupt, meta.FormatID(f.Cluster), meta.FormatID(j.cluster))
	}
	if is := segment.Key(f.Epoch, f.Seq); key != is {
		return fmt.Errorf("%w: it says that it is %s", segment.ErrCorrupt, is)
	}
	return nil
}
