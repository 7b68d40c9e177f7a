package kafka

import "time"

// sparse lets what may happen a thousand times a second into the log once in a while.
// It may not be used concurrently.
type sparse struct {
	told    time.Time
	pending int
}

// sparsePause is how long it stays silent after it has told something.
const sparsePause = 10 * time.Second

// count counts one more, and says whether to tell how many there were since it last did.
func (s *sparse) count(now time.Time) (times int, tell bool) {
	s.pending++
	if now.Sub(s.told) < sparsePause {
		return 0, false
	}
	times = s.pending
	s.told, s.pending = now, 0
	return times, true
}
