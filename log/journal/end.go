package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
)

// checkEnd refuses to take the place where the replay stopped for the journal's end, if that is a loss. That
// it is one is believed only when neither listings nor the store itself show the place's segment several times.
func (j *Journal) checkEnd(ctx context.Context, state *meta.State) error {
	key := segment.Key(state.Epoch, state.Seq+1)
	return j.retry(ctx, func() error {
		beyond, err := j.beyondEnd(ctx, state)
		if err != nil || beyond == "" {
			return err
		}
		switch there, err := j.exists(ctx, key); {
		case err != nil:
			return err
		case there:
			return nil // written meanwhile, by a broker that is still at work, or not listed yet
		}
		return fmt.Errorf("%w: %s is missing, though %s exists: restore it before you start the broker again", segment.ErrCorrupt, key, beyond)
	})
}

// exists asks the store for an object itself, not for a listing.
func (j *Journal) exists(ctx context.Context, key string) (bool, error) {
	switch _, err := j.store.GetRange(ctx, key, 0, 1); {
	case err == nil, errors.Is(err, objstore.ErrRange):
		return true, nil
	case errors.Is(err, objstore.ErrNotFound):
		return false, nil
	default:
		return false, fmt.Errorf("look for %s: %w", key, err)
	}
}

// beyondEnd looks for proof that the place where the replay stopped is a loss
// and not the journal's end: a segment farther behind than any pipeline
// reaches, or a later epoch, which only a seal can have begun. Sealing there
// would void what was acknowledged. A fence post proves nothing; see [Journal.seal]. Nor
// does a place that is filled by now.
func (j *Journal) beyondEnd(ctx context.Context, state *meta.State) (key string, err error) {
	next, reach := segment.Key(state.Epoch, state.Seq+1), segment.Key(state.Epoch, state.Seq+MaxPipeline)
	for info, err := range j.listBehind(ctx, reached(state)) {
		if err != nil || info.Key == next {
			return "", err
		}
		if info.Key <= reach {
			continue
		}
		if post, err := j.isPost(ctx, state.Epoch, info); err != nil || !post {
			return info.Key, err
		}
	}
	return "", nil
}

// isPost tells whether an object is a seal of an epoch.
func (j *Journal) isPost(ctx context.Context, epoch uint32, info objstore.Info) (bool, error) {
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
func (j *Journal) checkBase(ctx context.Context, state *meta.State) error {
	if state.Seq == 0 {
		return nil
	}
	key := segment.Key(state.SeqEpoch, state.Seq)
	return j.retry(ctx, func() error {
		_, listed, err := j.find(ctx, key)
		if err != nil || listed {
			return err
		}
		switch there, err := j.exists(ctx, key); {
		case err != nil:
			return err
		case there:
			return fmt.Errorf("%w: %s is not in them, but there", ErrListing, key)
		}
		return fmt.Errorf("%w: the metadata file has reached %s, which the bucket does not hold: the bucket is older than the file or incomplete: restore it; only to go on without what it lacks, move the file away", segment.ErrCorrupt, key)
	})
}
