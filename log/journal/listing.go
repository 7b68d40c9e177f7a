package journal

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
)

// journalPrefix begins the keys of all segments.
const journalPrefix = "journal/"

// place is where an object stands that the bucket is known to hold: a segment, or the object "cluster" where seq is 0.
type place struct {
	epoch uint32
	seq   uint64
}

// reached is the place of the segment that the state has reached.
func reached(state *meta.State) place { return place{state.SeqEpoch, state.Seq} }

// listBehind lists the segments behind an object that is known to be there, which a listing
// must show first. So one that comes back empty, or ends too early, is [ErrListing] and not the journal's end.
func (j *Journal) listBehind(ctx context.Context, from place) iter.Seq2[objstore.Info, error] {
	known, prefix, before := clusterKey, "", clusterKey[:len(clusterKey)-1]
	if from.seq > 0 {
		known, prefix, before = segment.Key(from.epoch, from.seq), journalPrefix, segment.Key(from.epoch, from.seq-1)
	}
	return func(yield func(objstore.Info, error) bool) {
		shown := false
		for info, err := range j.store.List(ctx, prefix, before) {
			if err != nil {
				yield(info, fmt.Errorf("list the journal: %w", err))
				return
			}
			shown = shown || info.Key == known
			if info.Key < journalPrefix || info.Key <= known {
				continue
			}
			if !shown || !strings.HasPrefix(info.Key, journalPrefix) {
				break
			}
			if !yield(info, nil) {
				return
			}
		}
		if !shown {
			yield(objstore.Info{}, fmt.Errorf("list the journal: %w: %s is not in it", ErrListing, known))
		}
	}
}

// journalListing goes through the journal in runs, with one listing for all of
// them: to begin a listing can cost as much as the whole of it.
type journalListing struct {
	journal *Journal
	known   place // the last object that is known to be there

	ahead *objstore.Info // taken from the listing, and not yet given out
	next  func() (objstore.Info, error, bool)
	stop  func() // nil: no listing is under way
}

// list begins behind an object that is known to be there. The caller closes the listing.
func (j *Journal) list(known place) *journalListing {
	return &journalListing{journal: j, known: known}
}

// run returns the segments of an epoch from the sequence number seq on that follow each other without a gap, limit
// at most; fewer where the epoch, or what the listing knows of it, ends. What stands before them is passed over, so
// the places asked for must ascend. A listing that fails is begun anew where it came to, and so is one that has ended.
func (l *journalListing) run(ctx context.Context, epoch uint32, seq uint64, limit int) (run []objstore.Info, err error) {
	err = l.journal.retry(ctx, func() error {
		for len(run) < limit {
			info, ok, err := l.peek(ctx)
			if err != nil || !ok {
				return err
			}
			want := segment.Key(epoch, seq+uint64(len(run)))
			if info.Key > want {
				return nil
			}
			l.ahead = nil
			if info.Key == want {
				l.known = place{epoch, seq + uint64(len(run))}
				run = append(run, info)
			}
		}
		return nil
	})
	return run, err
}

// peek returns the listing's next object.
func (l *journalListing) peek(ctx context.Context) (info objstore.Info, ok bool, err error) {
	if l.ahead != nil {
		return *l.ahead, true, nil
	}
	if l.stop == nil {
		l.next, l.stop = iter.Pull2(l.journal.listBehind(ctx, l.known))
	}
	if info, err, ok = l.next(); err != nil || !ok {
		l.close()
		return info, false, err
	}
	l.ahead = &info
	return info, true, nil
}

func (l *journalListing) close() {
	if l.stop != nil {
		l.stop()
	}
	l.ahead, l.next, l.stop = nil, nil, nil
}
