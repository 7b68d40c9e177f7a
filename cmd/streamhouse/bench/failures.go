package bench

import "sync"

// failures counts errors and keeps the first. It may be used concurrently.
type failures struct {
	mu    sync.Mutex
	count int64
	first error
}

// add takes no nil.
func (f *failures) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count++; f.first == nil {
		f.first = err
	}
}

// get returns how many there were and the text of the first, "" where there was none.
func (f *failures) get() (int64, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.first == nil {
		return 0, ""
	}
	return f.count, f.first.Error()
}
