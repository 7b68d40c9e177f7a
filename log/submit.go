package log

import (
	"fmt"

	"streamhouse/meta"
)

// submit adds entries, each nil or the i-th result's own, to the current flush.
// Once it has landed, fill sets each such result from its outcome. Where the log or the store does not take them,
// fail does. All entries of one call are in one commit.
func submit[R any](l *Log, entries []meta.Entry, results []R, fill func(*R, *meta.Commit, meta.Outcome), fail func(*R, error)) *Pending[[]R] {
	return submitClaimed(l, entries, claim{}, results, fill, fail)
}

// submitClaimed is submit for entries that add to the state: claims are what they were let in to add together.
func submitClaimed[R any](l *Log, entries []meta.Entry, claims claim, results []R, fill func(*R, *meta.Commit, meta.Outcome), fail func(*R, error)) *Pending[[]R] {
	c := &change{claims: claims}
	for i, e := range entries {
		if e == nil {
			continue
		}
		// One invalid entry would make the whole commit invalid, with what others have in it.
		if err := e.Validate(); err != nil {
			fail(&results[i], fmt.Errorf("%w: %w", meta.ErrInvalid, err))
			entries[i] = nil
			continue
		}
		c.entries = append(c.entries, e)
		c.bytes += int64(meta.EntrySize(e))
	}
	if len(c.entries) == 0 {
		l.admission.release(c.claims)
		return completed(results)
	}
	// each calls f for the results that have an entry, with the entry's number.
	each := func(f func(*R, int)) {
		n := 0
		for i, e := range entries {
			if e != nil {
				f(&results[i], n)
				n++
			}
		}
	}
	f, err := l.enqueueChange(c)
	if err != nil {
		l.admission.release(c.claims)
		each(func(r *R, _ int) { fail(r, err) })
		return completed(results)
	}
	return &Pending[[]R]{flush: f, next: func() *flush { return l.nextOfChange(c) }, result: func() []R {
		each(func(r *R, n int) {
			if c.err != nil {
				fail(r, c.err)
			} else {
				fill(r, c.flush.commit, c.flush.outcomes[c.at+n])
			}
		})
		return results
	}}
}

// enqueueChange adds a change to the flush that takes it, which it returns.
func (l *Log) enqueueChange(c *change) (*flush, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.endErrLocked(); err != nil {
		return nil, err
	}
	if l.unflushedChanges > 0 && l.unflushedChanges+c.bytes > maxUnflushedChanges {
		return nil, fmt.Errorf("%w: %d bytes of changes wait for it", ErrUnavailable, l.unflushedChanges)
	}
	f := l.openLocked(c.bytes)
	c.flush = f
	f.changes = append(f.changes, c)
	f.changeBytes += c.bytes
	f.claims.add(c.claims, 1)
	l.unflushedChanges += c.bytes
	l.tookLocked(f)
	return f, nil
}

// nextOfChange returns the flush that has a change if it is not done well, or nil.
func (l *Log) nextOfChange(c *change) *flush {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.flush.landed() {
		return nil
	}
	return c.flush
}

// submitErrorsClaimed is submitClaimed for changes whose result is an error.
func submitErrorsClaimed(l *Log, entries []meta.Entry, claims claim, errs []error) *Pending[[]error] {
	return submitClaimed(l, entries, claims, errs, func(r *error, _ *meta.Commit, o meta.Outcome) { *r = o.Err }, func(r *error, err error) { *r = err })
}

// submitErrors is submit for changes whose result is an error.
func submitErrors(l *Log, entries []meta.Entry, errs []error) *Pending[[]error] {
	return submitErrorsClaimed(l, entries, claim{}, errs)
}
