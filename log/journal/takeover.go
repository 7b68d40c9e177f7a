package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"streamhouse/log/segment"
	"streamhouse/meta"
)

// TakeOver makes this process the journal's only writer: it brings the state, which may be as old as it likes, to the
// journal's end, seals the epoch that another broker may still write in, and so begins the next one. On nil the
// seal is durable, the next commit's place is the one after the state's, and no other process's append behind the seal will ever
// count. After an error nothing is owned, though a seal may be in the bucket, now or later, and fence whoever was the owner.
//
// It is called once, before any [Place.Append]. Several processes may call it at once: each that
// returns nil has fenced those before it. The state is the caller's alone and must belong to this bucket: segment.ErrCorrupt
// where it is ahead of it, or where a segment was lost or damaged. Until ctx ends it tries again what may pass.
// now is the clock that the seal's time comes from.
func (j *Journal) TakeOver(ctx context.Context, state *meta.State, now func() time.Time) error {
	if err := j.checkBase(ctx, state); err != nil {
		return err
	}
	if err := j.Replay(ctx, state); err != nil {
		return err
	}
	return j.seal(ctx, state, now)
}

// seal takes the bucket over: it ends the epoch of the broker before this one at
// its first missing place, and applies what that one still gets in before.
//
// A broker that is busy writes on faster than its end can be read. So when the next place is
// taken, places farther and farther ahead are tried until a seal stands in its way as a
// fence post. Up to there the journal is then filled: by that broker, or by another seal at the
// first missing place, which makes the post void.
//
// A place that is taken and that listings do not show is waited for.
func (j *Journal) seal(ctx context.Context, state *meta.State, now func() time.Time) error {
	var post *meta.Commit
	for ahead, unlisted := uint64(1), 0; ; {
		epoch, last := state.Epoch, state.Seq
		if post != nil && post.Seq == last+1 {
			_, err := state.Apply(post) // reached, though perhaps not listed yet
			return err
		}
		c, err := j.putSeal(ctx, epoch, last+ahead, now())
		switch {
		case err == nil && ahead == 1:
			_, err = state.Apply(c)
			return err
		case err == nil:
			ahead, post = 1, c
		case !errors.Is(err, ErrFenced):
			return fmt.Errorf("seal epoch %d at %d: %w", epoch, last+ahead, err)
		case post == nil:
			ahead *= 2
			continue
		}
		if err := j.Replay(ctx, state); err != nil {
			return err
		}
		switch {
		case state.SeqEpoch == epoch && state.Seq == post.Seq && state.Epoch == epoch+1:
			return nil
		case state.Epoch != epoch:
			ahead, post = 1, nil // somebody else has sealed it: begin with theirs
		case state.Seq == last && err != nil:
			if unlisted++; unlisted == maxDoubts {
				return fmt.Errorf("%w: %s is not in them, but there", ErrListing, segment.Key(epoch, last+1))
			}
			if err := pauses.Wait(ctx, unlisted); err != nil {
				return err
			}
		}
	}
}

// putSeal writes a seal at a place. ErrFenced: another process's segment stands there.
func (j *Journal) putSeal(ctx context.Context, epoch uint32, seq uint64, now time.Time) (*meta.Commit, error) {
	c := &meta.Commit{
		Epoch: epoch, Seq: seq, Time: now.UnixMilli(),
		Entries: []meta.Entry{&meta.Seal{Next: epoch + 1, Owner: j.writer}},
	}
	w := segment.NewWriter(nil)
	w.Reset(false)
	body, err := j.Encode(w, c)
	if err != nil {
		return nil, err
	}
	place := j.Place(epoch, seq)
	return c, j.retry(ctx, func() error {
		_, err := place.try(ctx, body)
		return err
	})
}
