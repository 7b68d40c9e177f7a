package kafka

import "time"

// clientTimeout is how long a client waits for an answer, within bounds.
func clientTimeout(millis int32, most time.Duration) time.Duration {
	if d := time.Duration(millis) * time.Millisecond; d > 0 && d < most {
		return d
	}
	return most
}
