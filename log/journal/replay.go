package journal

import (
	"context"
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
// broker's seal belongs. A broker that is still at work may fill that place meanwhile.
// The caller owns the state. segment.ErrCorrupt says by its text what to do.
func (j *Journal) Replay(ctx context.Context, state *meta.State) error {
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
func (j *Journal) replayEpoch(ctx context.Context, state *meta.State) error {
	epoch := state.Epoch
	for end := uint64(0); state.Epoch == epoch; {
		run, err := j.listRun(ctx, epoch, state.Seq, replayRun)
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

// listRun lists the segments that follow seq without a gap, limit at most.
func (j *Journal) listRun(ctx context.Context, epoch uint32, seq uint64, limit int) (run []objstore.Info, err error) {
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
func (j *Journal) applyRun(ctx context.Context, state *meta.State, run []objstore.Info) error {
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
			return fmt.Errorf("%w: %s: %w", segment.ErrCorrupt, run[i].Key, err)
		}
	}
	return nil
}

// read returns the commit of a journal segment.
func (j *Journal) read(ctx context.Context, key string, size int64) (*meta.Commit, error) {
	f, c, err := segment.ReadCommit(size, func(pos, n int64) ([]byte, error) { return j.store.GetRange(ctx, key, pos, n) })
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	if f.Cluster != j.cluster {
		return nil, fmt.Errorf("%w: %s belongs to cluster %s, this is %s", segment.ErrCorrupt, key, meta.FormatID(f.Cluster), meta.FormatID(j.cluster))
	}
	if want := segment.Key(f.Epoch, f.Seq); key != want {
		return nil, fmt.Errorf("%w: %s says that it is %s", segment.ErrCorrupt, key, want)
	}
	return c, nil
}

// checkBase makes sure that a state from bbolt belongs to what the bucket
// holds: the segment that it reached is still there.
func (j *Journal) checkBase(ctx context.Context, state *meta.State) error {
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
		return fmt.Errorf("%w: the metadata file has reached %s, which the bucket does not hold: the bucket is older than the file or incomplete; to go on with what the bucket holds, move the file away", segment.ErrCorrupt, key)
	})
}
