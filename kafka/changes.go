package kafka

import (
	"context"

	"streamhouse/log"
)

// await waits for a change as long as the client wants, within bounds.
func await[T any](ctx context.Context, pending *log.Pending[T], millis int32) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, patience(millis, maxAdminWait))
	defer cancel()
	return pending.Wait(ctx)
}

// outcomeSlot is where an answer has the code and the text of one change.
type outcomeSlot struct {
	code *int16
	text **string
}

func (o outcomeSlot) set(err error) { *o.code, *o.text = codeOf(err), textOf(err) }

// fillOutcomes fills in what became of changes: their errors, or one for all.
func fillOutcomes(slots []outcomeSlot, errs []error, all error) {
	for i, slot := range slots {
		if all != nil {
			slot.set(all)
			continue
		}
		slot.set(errs[i])
	}
}
