package log

import (
	"fmt"

	"streamhouse/meta"
)

// submit adds entries, each nil or the i-th result's own, to the current flush.
// Once it has landed, fill sets each such result from its outcome. Where the log takes nothing
// any more, fail does. All entries of one call are in one commit.
func submit[R any](l *Log, entries []meta.Entry, results []R, fill func(*R, *meta.Commit, meta.Outcome), fail func(*R, error)) *Pending[[]R] {
	size := int64(0)
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
		size += int64(meta.EntrySize(e))
	}
	if size == 0 {
		return completed(results)
	}
	f, first, err := l.enqueueChanges(entries, size)
	if err != nil {
		for i, e := range entries {
			if e != nil {
				fail(&results[i], err)
			}
		}
		return completed(results)
	}
	return &Pending[[]R]{flush: f, result: func() []R {
		// The appends of a flush come before its other entries.
		at := len(f.outcomes) - len(f.entries) + first
		for i, e := range entries {
			if e != nil {
				fill(&results[i], f.commit, f.outcomes[at])
				at++
			}
		}
		return results
	}}
}

// enqueueChanges adds entries to the current flush, and says which of its entries is the first of them.
func (l *Log) enqueueChanges(entries []meta.Entry, size int64) (f *flush, first int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.endErrLocked(); err != nil {
		return nil, 0, err
	}
	if l.unflushedChanges > 0 && l.unflushedChanges+size > maxUnflushedChanges {
		return nil, 0, fmt.Errorf("%w: %d bytes of changes wait for it", ErrUnavailable, l.unflushedChanges)
	}
	f = l.current
	if f.empty() {
		l.signal()
	}
	first = len(f.entries)
	for _, e := range entries {
		if e != nil {
			f.entries = append(f.entries, e)
		}
	}
	f.changes += size
	l.unflushedChanges += size
	return f, first, nil
}

// submitErrors is submit for changes whose result is an error.
func submitErrors(l *Log, entries []meta.Entry, errs []error) *Pending[[]error] {
	return submit(l, entries, errs, func(r *error, _ *meta.Commit, o meta.Outcome) { *r = o.Err }, func(r *error, err error) { *r = err })
}
