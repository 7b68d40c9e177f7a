package log

import "streamhouse/meta"

// submit adds entries, each nil or the i-th result's own, to the open flush.
// Once it has landed, settle fills each such result from its outcome. Where the log takes nothing
// any more, refuse does. All entries of one call are in one commit.
func submit[R any](l *Log, entries []meta.Entry, results []R, settle func(*R, *meta.Commit, meta.Outcome), refuse func(*R, error)) *Pending[[]R] {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refusesLocked(); err != nil {
		for i, e := range entries {
			if e != nil {
				refuse(&results[i], err)
			}
		}
		return settled(results)
	}
	f := l.open
	first := len(f.entries)
	wake := f.empty()
	for _, e := range entries {
		if e != nil {
			f.entries = append(f.entries, e)
		}
	}
	if len(f.entries) == first {
		return settled(results)
	}
	if wake {
		l.signal()
	}
	return &Pending[[]R]{flush: f, result: func() []R {
		// The appends of a flush come before its other entries.
		at := len(f.outcomes) - len(f.entries) + first
		for i, e := range entries {
			if e != nil {
				settle(&results[i], f.commit, f.outcomes[at])
				at++
			}
		}
		return results
	}}
}

// submitErrors is submit for changes whose result is an error.
func submitErrors(l *Log, entries []meta.Entry, errs []error) *Pending[[]error] {
	return submit(l, entries, errs, func(r *error, _ *meta.Commit, o meta.Outcome) { *r = o.Err }, func(r *error, err error) { *r = err })
}
