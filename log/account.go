package log

import "sync"

// account counts bytes that are held in memory against a limit. All methods may be called concurrently.
type account struct {
	limit int64

	mu    sync.Mutex
	used  int64
	drawn int64 // the most that were used at once
}

// draw takes n bytes, or none and returns false where they do not fit. Where nothing is taken any
// number fits: what is larger than the limit goes through alone.
func (a *account) draw(n int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.used > 0 && a.used+n > a.limit {
		return false
	}
	a.used += n
	a.drawn = max(a.drawn, a.used)
	return true
}

// release gives back n bytes. A negative n takes more, whatever the limit says: for what has
// turned out larger than it was drawn for.
func (a *account) release(n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used -= n
	a.drawn = max(a.drawn, a.used)
	if a.used < 0 {
		panic("log: more was released than drawn")
	}
}

// figures returns how many bytes are taken, and the most that ever were.
func (a *account) figures() (used, most int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.used, a.drawn
}
