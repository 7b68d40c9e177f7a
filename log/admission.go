package log

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"streamhouse/meta"
)

// Usage counts what clients have made the state hold; as [Options.Limits] it bounds that.
type Usage = meta.Usage

// limit is one bound of the state. The setting is what its refusals name.
type limit struct {
	setting string
	def     int64
	of      func(*Usage) *int64
}

// limits declares every bound of what clients can make the state hold for good. The state is in memory. One of each
// thing costs what stands beside its default, with names of 30 bytes (BenchmarkStateBytes); all defaults together are about
// 600 MB, and 200 MB more where all groups and producers have the longest names.
var limits = []limit{
	{"max-topics", 100_000, func(u *Usage) *int64 { return &u.Topics }},                             // 330 bytes
	{"max-partitions", 200_000, func(u *Usage) *int64 { return &u.Partitions }},                     // 270
	{"max-groups", 100_000, func(u *Usage) *int64 { return &u.Groups }},                             // 560
	{"max-offsets", 1_000_000, func(u *Usage) *int64 { return &u.Offsets }},                         // 220
	{"max-offset-metadata-size", 64 << 20, func(u *Usage) *int64 { return &u.OffsetMetadataBytes }}, // what it says
	{"max-producers", 500_000, func(u *Usage) *int64 { return &u.Producers }},                       // 280
	{"max-producer-names", 100_000, func(u *Usage) *int64 { return &u.ProducerNames }},              // 140
}

// LimitError is the [ErrLimit] of something new that goes beyond a bound of the state.
type LimitError struct {
	Setting           string // that has the bound, as it is called in the settings
	Limit, Have, More int64  // Have counts what is on its way, too
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%v: %s is %d, there are %d, and %d more were asked for", ErrLimit, e.Setting, e.Limit, e.Have, e.More)
}

func (e *LimitError) Unwrap() error { return ErrLimit }

// ThrottledError is the [ErrThrottled] of a change that may be tried again after a time.
type ThrottledError struct {
	RetryAfter time.Duration
	Rate       int64 // partitions per second
}

func (e *ThrottledError) Error() string {
	return fmt.Sprintf("%v: partition-change-rate is %d a second: try again in %v", ErrThrottled, e.Rate, e.RetryAfter.Round(time.Millisecond))
}

func (e *ThrottledError) Unwrap() error { return ErrThrottled }

// claim is what a proposed change may add to the state, and how many partitions it creates or deletes.
type claim struct {
	adds    Usage
	changes int64
}

func (c *claim) add(o claim, sign int64) {
	for _, l := range limits {
		*l.of(&c.adds) += sign * *l.of(&o.adds)
	}
	c.changes += sign * o.changes
}

// admission decides what may be proposed: whether the state has room for it, together with all that is proposed and
// not applied yet, and whether partitions come and go slowly enough. What it lets in, it lets in before the
// journal sees it; a replay asks nobody.
//
// A position or a producer that exists costs nothing. Where it is deleted while that commit is on its way, it
// comes back uncounted: a bound is exceeded by no more than such meetings, and only until the commit is applied.
type admission struct {
	limits Usage
	pace   *rate.Limiter
	rate   int64

	// mu is taken last: with the log's locks held, or without.
	mu      sync.Mutex
	applied Usage // of the state
	pending claim // proposed and not applied yet
}

func newAdmission(o Options) admission {
	return admission{limits: o.Limits, rate: o.PartitionChangeRate, pace: rate.NewLimiter(rate.Limit(o.PartitionChangeRate), changeBurst)}
}

// claim lets a change in, or refuses it with a LimitError or a ThrottledError. What was let in is given back with
// settle, once, when it is known what became of it.
func (a *admission) claim(c claim, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.checkLocked(c.adds); err != nil {
		return err
	}
	if c.changes > 0 {
		if err := a.throttleLocked(c.changes, now); err != nil {
			return err
		}
	}
	a.pending.add(c, 1)
	return nil
}

// checkWith tells whether the state has room for one more change beside those of sum, which it joins then. It takes
// none of the room, and the pace does not count.
func (a *admission) checkWith(sum *claim, c claim) error {
	with := *sum
	with.add(c, 1)
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.checkLocked(with.adds)
	if err == nil {
		*sum = with
	}
	return err
}

func (a *admission) checkLocked(adds Usage) error {
	for _, l := range limits {
		more, most := *l.of(&adds), *l.of(&a.limits)
		if have := *l.of(&a.applied) + *l.of(&a.pending.adds); more > 0 && have+more > most {
			return &LimitError{l.setting, most, have, more}
		}
	}
	return nil
}

// throttleLocked takes the partitions out of the bucket, as Kafka's controller mutation quota does (KIP-599): while
// anything is in it a topic may take more, so that a large one is never starved by small ones.
func (a *admission) throttleLocked(partitions int64, now time.Time) error {
	if a.pending.changes >= maxPendingChanges {
		return &ThrottledError{pendingPause, a.rate}
	}
	if tokens := a.pace.TokensAt(now); tokens < 1 {
		wait := time.Duration((1 - tokens) / float64(a.rate) * float64(time.Second))
		return &ThrottledError{max(wait, time.Millisecond), a.rate}
	}
	a.pace.ReserveN(now, int(min(partitions, changeBurst)))
	return nil
}

// settle gives back what was let in, because it is applied and so part of the usage now.
func (a *admission) settle(c claim, now Usage) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending.add(c, -1)
	a.applied = now
}

// release gives back what was let in, because nothing comes of it.
func (a *admission) release(c claim) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending.add(c, -1)
}

// usage returns what the state holds.
func (a *admission) usage() Usage {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.applied
}

// beyond lists the settings whose bound the state exceeds already.
func (a *admission) beyond() []*LimitError {
	u := a.usage()
	var all []*LimitError
	for _, l := range limits {
		if have, most := *l.of(&u), *l.of(&a.limits); have > most {
			all = append(all, &LimitError{Setting: l.setting, Limit: most, Have: have})
		}
	}
	return all
}

// claim asks the admission, and tells who listens of what it refuses.
func (l *Log) claim(c claim) error {
	err := l.admission.claim(c, time.Now())
	if err != nil {
		l.refused(err)
	}
	return err
}

func (l *Log) refused(err error) {
	if l.o.Events.Refused != nil {
		l.o.Events.Refused(err)
	}
}

// claimInto adds a claim that is let in to those of its call.
func (l *Log) claimInto(held *claim, c claim) error {
	err := l.claim(c)
	if err == nil {
		held.add(c, 1)
	}
	return err
}
