package kafka

import "time"

// logSampler lets what may happen a thousand times a second into the log once in a while.
// It may not be used concurrently.
type logSampler struct {
	told    time.Time
	pending int
}

// count counts one more, and says whether to tell how many there were since it last did.
func (s *logSampler) count(now time.Time) (times int, tell bool) {
	s.pending++
	if now.Sub(s.told) < samplerPause {
		return 0, false
	}
	times = s.pending
	s.told, s.pending = now, 0
	return times, true
}
