package faulty

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"streamhouse/objstore"
)

// ErrInjected is the passing fault that a [Store] returns by default. What [Refuse] and [TooLarge] make wraps it, too,
// so that a test can tell an injected fault from a real one.
var ErrInjected = errors.New("injected fault")

// Fault says which calls go wrong, and how. The zero value of a condition
// matches every call; the zero value of Do spoils nothing, but counts.
type Fault struct {
	Ops    objstore.Op // kinds of calls, or'ed together
	Prefix string      // of the key; for a listing, of its prefix; for a delete, of any of its keys
	Above  int         // only Puts of an object of more bytes; 0 is any call
	Nth    int         // only the nth call that the above match, from 1
	Times  int         // only so many calls, then never again
	Chance float64     // each call with this probability; 0 is always

	Do Effect
}

// Effect is what a fault does to a call. Make one with FailBefore, FailAfter, FailLate,
// Refuse, TooLarge, Slow, Hang, HangAfter, Truncate, Empty, FlipBit, OtherObject, Missing or Lag. Those that
// concern one kind of call change no other.
type Effect struct {
	kind  effectKind
	err   error
	delay time.Duration
}

type effectKind uint8

const (
	_ effectKind = iota
	failBefore
	failAfter
	slow
	hang
	hangAfter
	failLate
	truncate
	empty
	flipBit
	otherObject
	missing
	lag
)

// FailBefore makes a call fail without having happened; nil means ErrInjected. A listing fails before its first object.
func FailBefore(err error) Effect { return Effect{kind: failBefore, err: orInjected(err)} }

// FailAfter makes a call fail although it happened, as when the answer is lost;
// nil means ErrInjected. A listing yields some of its objects before it fails. A
// call that did not happen keeps its own error.
func FailAfter(err error) Effect { return Effect{kind: failAfter, err: orInjected(err)} }

// FailLate makes a PUT fail at once and lets it happen after the delay, long after its caller gave up; nil means
// ErrInjected. It is decided then whether the key is free. [Store.Wait] waits for those under way.
func FailLate(err error, delay time.Duration) Effect {
	return Effect{kind: failLate, err: orInjected(err), delay: delay}
}

// Refuse makes a call fail, without having happened, with objstore.ErrPermanent.
func Refuse() Effect {
	return FailBefore(fmt.Errorf("%w: %w", objstore.ErrPermanent, ErrInjected))
}

// TooLarge makes a Put fail, without having happened, with objstore.ErrTooLarge. With
// Fault.Above it is a store that takes no larger objects.
func TooLarge() Effect {
	return FailBefore(fmt.Errorf("%w: %w", objstore.ErrTooLarge, ErrInjected))
}

// Slow makes a call wait first, or fail when its context ends before.
func Slow(delay time.Duration) Effect { return Effect{kind: slow, delay: delay} }

// Hang holds a call until the rule is mended, and then lets it happen, or until
// its context ends.
func Hang() Effect { return Effect{kind: hang} }

// HangAfter lets a call happen, but holds its answer as Hang does.
func HangAfter() Effect { return Effect{kind: hangAfter} }

// Truncate makes an object look as if its second half were missing: Get returns
// the first half and GetRange beyond it objstore.ErrRange. It matters to reads alone.
func Truncate() Effect { return Effect{kind: truncate} }

// Empty makes an object look as if it had no bytes, and a listing as if it had no objects.
func Empty() Effect { return Effect{kind: empty} }

// FlipBit flips one bit of what a read returns, which one is drawn. It changes no empty answer.
func FlipBit() Effect { return Effect{kind: flipBit} }

// OtherObject makes a read return the bytes of another object, as a confused cache does: of the one behind it in the
// order of keys, or of the first one. Where there is no other one it changes nothing.
func OtherObject() Effect { return Effect{kind: otherObject} }

// Missing makes a read say that there is no such object. A listing still has it.
func Missing() Effect { return Effect{kind: missing} }

// Lag makes a listing leave out the objects that were put through this store in the time before it: a store whose
// listings are only in the end consistent.
func Lag(behind time.Duration) Effect { return Effect{kind: lag, delay: behind} }

func orInjected(err error) error {
	if err == nil {
		return ErrInjected
	}
	return err
}

// Rule is a Fault in force. All methods may be called concurrently.
type Rule struct {
	fault  Fault
	number int // of the rule, among those of its store
	faulty *Store

	mu sync.Mutex
	// matched counts the calls that the conditions before Nth match, hits those of them that were spoilt.
	matched int
	hits    int
	hit     chan struct{}  // closed at the next hit
	seen    map[string]int // calls per kind and key
	mended  bool
	mend    chan struct{} // closed by Mend
}

// Mend ends the rule and lets go of the calls that hang because of it. It may be
// called again.
func (r *Rule) Mend() {
	r.faulty.remove(r)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.mended {
		r.mended = true
		close(r.mend)
	}
}

// Hits returns how many calls the rule has spoilt so far.
func (r *Rule) Hits() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hits
}

// Wait returns when the rule has spoilt n calls, those under way included, or
// with the context's error.
func (r *Rule) Wait(ctx context.Context, n int) error {
	for {
		r.mu.Lock()
		hits, next := r.hits, r.hit
		r.mu.Unlock()
		if hits >= n {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// matches decides whether the rule spoils a call, counts, and draws what is
// random about the damage. size is that of the object to be Put, 0 for other calls.
func (r *Rule) matches(op objstore.Op, size int, keys []string) (draw uint64, spoilt bool) {
	f := &r.fault
	if f.Above != 0 && size <= f.Above || f.Ops != 0 && f.Ops&op == 0 || !anyPrefixed(keys, f.Prefix) {
		return 0, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.matched++
	draw = r.drawLocked(op, keys)
	switch {
	case f.Nth != 0 && r.matched != f.Nth:
		return 0, false
	case f.Times != 0 && r.hits >= f.Times:
		return 0, false
	case f.Chance != 0 && float64(draw>>11)/(1<<53) >= f.Chance:
		return 0, false
	}
	r.hits++
	close(r.hit)
	r.hit = make(chan struct{})
	return draw, true
}

// drawLocked returns a number that depends on the seed, the rule, the call and
// how often this very call was made: not on what other goroutines do
// meanwhile, so a run with a seed repeats however it is scheduled.
func (r *Rule) drawLocked(op objstore.Op, keys []string) uint64 {
	call := op.String() + " " + strings.Join(keys, " ")
	r.seen[call]++
	return r.faulty.hash(r.number, call, r.seen[call])
}

// anyPrefixed reports that one of the keys has the prefix. A call without keys, a Delete of nothing, has the empty one alone.
func anyPrefixed(keys []string, prefix string) bool {
	for _, key := range keys {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return prefix == ""
}
