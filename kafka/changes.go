package kafka

import (
	"context"

	"streamhouse/log"
)

// awaitChange waits for a change as long as the client wants, within bounds. After an error of the wait the change may still
// take effect.
func awaitChange[T any](ctx context.Context, pending *log.Pending[T], millis int32) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, clientTimeout(millis, maxAdminWait))
	defer cancel()
	return pending.Wait(ctx)
}

// awaitPaced is awaitChange for a change of versions that wait for the pace themselves.
func awaitPaced(ctx context.Context, start func(context.Context) []error, millis int32) []error {
	ctx, cancel := context.WithTimeout(ctx, clientTimeout(millis, maxAdminWait))
	defer cancel()
	return start(ctx)
}

// errorSlot is where a response has the error code and text of one change. Both point into the response.
type errorSlot struct {
	code *int16
	text **string
}

func (o errorSlot) set(err error) { *o.code, *o.text = codeOf(err), textOf(err) }

// tellOnce sets the error of a topic for its i-th partition, and its text for the first: it may be long, and there may be many.
func tellOnce(slot errorSlot, err error, i int) {
	if *slot.code = codeOf(err); i == 0 {
		*slot.text = textOf(err)
	}
}

// fillErrors fills in what became of changes: their errors, one for each slot, or one for all.
func fillErrors(slots []errorSlot, errs []error, all error) {
	for i, slot := range slots {
		if all != nil {
			slot.set(all)
			continue
		}
		slot.set(errs[i])
	}
}
