package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"streamhouse/log/segment"
	"streamhouse/objstore"
)

// putTimeout ends one attempt of a PUT that hangs; the next attempt has the same bytes.
const putTimeout = time.Minute

// Place is one place of the journal while a commit is being written to it.
//
// What stands at a place is decided by the store, create-only: of all bodies that were ever sent there the first to land. So
// a body that was given up may be followed by another one for the same place, even if an attempt of it timed out and may
// yet land: whatever a later attempt is told, what stands is read, and is one of those that were sent, or another
// process's. A place has one caller at a time.
type Place struct {
	j    *Journal
	key  string
	sent [][sha256.Size]byte // bodies that were given up
}

// Place returns a place that is this process's to fill.
func (j *Journal) Place(epoch uint32, seq uint64) *Place {
	return &Place{j: j, key: segment.Key(epoch, seq)}
}

// Append writes a segment, as [Journal.Encode] returned it, and tries for as long as ctx lives, always the same
// bytes under the same key. On nil the place is filled and durable, and stands says by what: by the body of the
// stands-th Append to this place, from 0. Mostly that is the last one. It counts once every place before it is durable, too.
// After any other error than [objstore.ErrTooLarge] it may be in the bucket, now or later: the caller must not
// acknowledge it, nor anything behind it, and must not write other bytes at its place.
//
//   - [ErrFenced]: another process's segment stands there.
//   - [objstore.ErrTooLarge]: the store refuses a body of this size; it may stand there all the same if an attempt
//     before had no answer. Then the caller appends a smaller one. A body that cannot be made smaller is final: it is tried on.
//   - segment.ErrCorrupt: what stands there is neither ours, whole, nor another process's segment, and stays so.
//   - ctx's error.
//
// failed is called after each failed attempt, in the caller's goroutine. Only the owner appends, which is who
// last returned from [Journal.TakeOver]; its appends to different places may run at once, [MaxPipeline] of
// them at most, and beside [Journal.CheckFence] and [Journal.Replay].
func (p *Place) Append(ctx context.Context, body []byte, final bool, failed func(error)) (stands, retries int, err error) {
	judge := judgeAppend
	if !final {
		judge = judgeSmaller
	}
	retries, err = p.j.repeat(ctx, judge, failed, func() (err error) {
		stands, err = p.try(ctx, body)
		return err
	})
	switch {
	case err == nil || errors.Is(err, ErrFenced):
	case ctx.Err() != nil:
		err = ctx.Err()
	case !final && errors.Is(err, objstore.ErrTooLarge):
		p.sent = append(p.sent, sha256.Sum256(body))
	}
	return stands, retries, err
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

// judgeSmaller is judgeAppend for a body that can be cut.
func judgeSmaller(err error) verdict {
	if errors.Is(err, objstore.ErrTooLarge) {
		return final
	}
	return judgeAppend(err)
}

// try makes one attempt. A PUT that is refused because the key exists may be our own, whose answer got
// lost, or one that was given up: then the object holds our bytes, and that is the success.
func (p *Place) try(ctx context.Context, body []byte) (stands int, err error) {
	ctx, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	err = p.j.store.Put(ctx, p.key, body)
	if !errors.Is(err, objstore.ErrExists) {
		return len(p.sent), err
	}
	there, err := p.j.look(ctx, p.key)
	if err != nil {
		return 0, err
	}
	if bytes.Equal(there, body) {
		return len(p.sent), nil
	}
	for i, digest := range p.sent {
		if digest == sha256.Sum256(there) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%w: the PUT of %s found it taken, and what stands there has this process's footer and other bytes than it wrote: %s",
		segment.ErrCorrupt, p.key, difference(there, body))
}
