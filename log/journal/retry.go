package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"streamhouse/log/segment"
	"streamhouse/objstore"
)

// pauses lie between attempts: short enough at first that a hiccup costs little, long enough in the end that a
// store in distress gets air.
var pauses = objstore.Backoff{First: 50 * time.Millisecond, Most: 5 * time.Second}

// maxDoubts is how many answers that would end the work are heard before they are believed. The pauses between
// them add up to four seconds or so.
const maxDoubts = 8

// verdict is what an attempt's error means for the next attempt.
type verdict uint8

const (
	passing  verdict = iota // try again, as long as the context lives
	doubtful                // wrong bytes, or what must be there is not: believed only when it stays so
	final                   // to try again will not help
)

// repeat calls f until it succeeds, fails for good, or ctx ends: then it returns f's last error. failed is
// called before each pause.
func (j *Journal) repeat(ctx context.Context, judge func(error) verdict, failed func(error), f func() error) (retries int, err error) {
	for doubts := 0; ; {
		if err = f(); err == nil || ctx.Err() != nil {
			return retries, err
		}
		switch judge(err) {
		case final:
			return retries, err
		case doubtful:
			if doubts++; doubts == maxDoubts {
				return retries, fmt.Errorf("%w (%d attempts gave the same)", err, doubts)
			}
		}
		retries++
		pause := pauses.After(retries)
		failed(err)
		j.trouble(err, retries, pause)
		if objstore.Sleep(ctx, pause) != nil {
			return retries, err
		}
	}
}

// retry is repeat while the journal is opened or replayed, when a storm must not end the start.
func (j *Journal) retry(ctx context.Context, f func() error) error {
	retries, err := j.repeat(ctx, judge, func(error) {}, f)
	if err == nil && retries > 0 {
		j.recovered()
	}
	return err
}

func judge(err error) verdict {
	switch {
	case isAny(err, objstore.ErrPermanent, objstore.ErrExists, objstore.ErrKey, objstore.ErrTooLarge, ErrFenced):
		return final
	case isAny(err, objstore.ErrNotFound, objstore.ErrRange, segment.ErrCorrupt, ErrUnsafeStore, ErrFormat, ErrListing):
		return doubtful
	}
	return passing
}

func isAny(err error, those ...error) bool {
	for _, e := range those {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
