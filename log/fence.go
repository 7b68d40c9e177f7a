package log

import (
	"context"
	"errors"

	"streamhouse/objstore"
)

// watchFence looks every interval whether somebody else stands at the journal's next
// place, so that a broker that writes nothing does not serve old data for long after another
// one took over. Nor does one whose PUTs hang, for they would not tell.
func (l *Log) watchFence(ctx context.Context) {
	for last := uint64(0); objstore.Sleep(ctx, l.o.FenceInterval) == nil; {
		epoch, first, next := l.places()
		if first == next || first == last {
			err := l.journal.CheckFence(ctx, epoch, first, next)
			// What stands there and stays damaged ends the log, too: nothing can be written any more. A store that
			// does not answer says nothing.
			if errors.Is(err, ErrFenced) || errors.Is(err, ErrCorruptLog) {
				l.stop(err)
				return
			}
		}
		last = first
	}
}
