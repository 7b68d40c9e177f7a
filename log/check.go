package log

import (
	"context"
	"errors"
	"fmt"
	"time"

	"streamhouse/log/record"
	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
)

// Check verifies every invariant over the state and the bucket: the state by
// itself, that every extent's block is there, whole and holds what the extent
// says, that a replay of the journal gives the same state, and that what the engine keeps beside the state
// (topics, tail, waiting reads, what is unflushed, read-ahead) agrees with it and adds up. It reads all
// of the bucket: it is for tests and for an operator in doubt. What is appended meanwhile does not disturb
// it, except that the comparisons with the replay and of the engine's counts need a log that is at rest.
func (l *Log) Check(ctx context.Context) error {
	l.stateMu.RLock()
	errs := []error{l.state.Check()}
	work := l.blocksLocked()
	l.stateMu.RUnlock()
	for key, extents := range work {
		errs = append(errs, again(ctx, func() error { return l.checkSegment(ctx, key, extents) }))
	}
	return errors.Join(append(errs, l.checkReplay(ctx), l.checkViews(), l.cache.Check())...)
}

// partitionExtent is an extent with the partition that it belongs to.
type partitionExtent struct {
	partition PartitionID
	meta.Extent
}

// blocksLocked lists all extents by the object that they are in.
func (l *Log) blocksLocked() map[string][]partitionExtent {
	work := make(map[string][]partitionExtent)
	for t := range l.state.Topics() {
		for _, p := range t.Partitions {
			for e := range p.Extents.All() {
				if g := l.state.Segment(e.Segment); g != nil {
					key := segment.Key(g.Epoch, g.ID)
					work[key] = append(work[key], partitionExtent{p.ID, e})
				}
			}
		}
	}
	return work
}

// checkLooks is how often Check looks before it believes that something is wrong with the bucket.
const checkLooks = 5

// checkPauses are between them.
var checkPauses = objstore.Backoff{First: 100 * time.Millisecond, Most: time.Second}

// again calls f until it finds nothing wrong, and returns what it found at the last look.
func again(ctx context.Context, f func() error) error {
	for n := 1; ; n++ {
		err := f()
		if err == nil || n == checkLooks || checkPauses.Wait(ctx, n) != nil {
			return err
		}
	}
}

func (l *Log) checkSegment(ctx context.Context, key string, extents []partitionExtent) error {
	object, err := l.store.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	var errs []error
	for _, e := range extents {
		if err := l.checkExtent(object, e); err != nil {
			errs = append(errs, fmt.Errorf("%s: offset %d of partition %d of topic %s: %w", key, e.Base, e.partition.Index, meta.FormatID(e.partition.Topic), err))
		}
	}
	return errors.Join(errs...)
}

func (l *Log) checkExtent(object []byte, e partitionExtent) error {
	if e.Pos+int64(e.Len) > int64(len(object)) {
		return fmt.Errorf("%w: block of %d bytes at %d in an object of %d", ErrCorruptLog, e.Len, e.Pos, len(object))
	}
	p, raw, err := l.compressor.Block(object[e.Pos : e.Pos+int64(e.Len)])
	if err != nil {
		return err
	}
	if p != e.partition || int(e.To) > len(raw) {
		return fmt.Errorf("%w: the block has %d bytes of partition %d of topic %s", ErrCorruptLog, len(raw), p.Index, meta.FormatID(p.Topic))
	}
	offsets, latest := int64(0), int64(-1<<63)
	for rest := raw[e.From:e.To]; len(rest) > 0; {
		var b record.Batch
		if b, rest, err = record.Next(rest); err == nil {
			err = b.Verify()
		}
		if err != nil {
			return err
		}
		offsets += b.Offsets()
		latest = max(latest, b.MaxTimestamp())
	}
	if offsets != int64(e.Count) || latest != e.MaxTimestamp && !e.TimeUnknown {
		return fmt.Errorf("%w: the block has %d offsets up to time %d, the extent says %d up to %d", ErrCorruptLog, offsets, latest, e.Count, e.MaxTimestamp)
	}
	return nil
}

// checkReplay builds the state anew from the first commit on. Listings may be behind, the log may not.
func (l *Log) checkReplay(ctx context.Context) error {
	fresh := meta.NewState()
	fresh.Cluster = l.journal.Cluster()
	return again(ctx, func() error {
		if err := l.journal.Replay(ctx, fresh); err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		l.stateMu.RLock()
		defer l.stateMu.RUnlock()
		if diff := l.state.Diff(fresh); diff != "" {
			return fmt.Errorf("%w: a replay gives another state:\n%s", ErrCorruptLog, diff)
		}
		return nil
	})
}
