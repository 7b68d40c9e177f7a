package log

import (
	"context"
	"time"
)

// watchFence looks every interval whether somebody else stands at the journal's next
// place, so that a broker that writes nothing does not serve old data for long after another
// one took over. Nor does one whose PUTs hang, for they would not tell.
func (l *Log) watchFence(ctx context.Context) {
	for last := uint64(0); sleep(ctx, l.o.FenceInterval) == nil; {
		epoch, first, next := l.places()
		if first == next || first == last {
			if err := l.journal.CheckFence(ctx, epoch, first, next); err != nil {
				l.stop(err)
				return
			}
		}
		last = first
	}
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
