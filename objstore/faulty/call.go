package faulty

import (
	"context"
	"slices"

	"streamhouse/objstore"
)

// call is a call with the rules that spoil it, in the order in which they were made. The zero value is a call that
// nothing spoils.
type call struct {
	rules []*Rule
	draw  uint64 // what is random about the damage
}

// begin finds the rules for a call and does what they do before it happens. A call that is refused counts as spoilt
// for all rules that match it. size is that of the object to be Put, 0 for other calls.
func (f *Store) begin(ctx context.Context, op objstore.Op, size int, keys ...string) (call, error) {
	var c call
	for _, r := range f.inForce() {
		if draw, spoilt := r.matches(op, size, keys); spoilt {
			c.rules = append(c.rules, r)
			c.draw = draw
		}
	}
	for _, r := range c.rules {
		if err := r.before(ctx); err != nil {
			return c, err
		}
	}
	return c, nil
}

// before fails, waits or does nothing, as the effect has it.
func (r *Rule) before(ctx context.Context) error {
	switch r.fault.Do.kind {
	case failBefore:
		return r.fault.Do.err
	case slow:
		return objstore.Sleep(ctx, r.fault.Do.delay)
	case hang:
		return r.hang(ctx)
	}
	return nil
}

// hang holds the call until the rule is mended, then it goes on, or until ctx ends.
func (r *Rule) hang(ctx context.Context) error {
	select {
	case <-r.mend:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// end does what the rules do after a call has happened. It is not called where the call itself has failed.
func (c call) end(ctx context.Context) error {
	for _, r := range c.rules {
		switch r.fault.Do.kind {
		case failAfter:
			return r.fault.Do.err
		case hangAfter:
			if err := r.hang(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c call) has(kind effectKind) bool {
	return slices.ContainsFunc(c.rules, func(r *Rule) bool { return r.fault.Do.kind == kind })
}

// effect returns the first of the rules that has this effect.
func (c call) effect(kind effectKind) (e Effect, found bool) {
	for _, r := range c.rules {
		if r.fault.Do.kind == kind {
			return r.fault.Do, true
		}
	}
	return e, false
}
