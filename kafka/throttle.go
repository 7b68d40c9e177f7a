package kafka

import (
	"errors"
	"time"

	"streamhouse/log"
)

// throttleMillis returns how long a client is to wait before it asks again, rounded up to a millisecond, where errors say that partitions
// are created and deleted too fast, else 0. Requests whose version knows THROTTLING_QUOTA_EXCEEDED are refused with it topic by topic; older
// ones wait, as on a Kafka that mutes their connection (KIP-599).
func throttleMillis(errs ...error) int32 {
	var longest time.Duration
	for _, err := range errs {
		if e, ok := errors.AsType[*log.ThrottledError](err); ok {
			longest = max(longest, e.RetryAfter)
		}
	}
	return int32((longest + time.Millisecond - 1) / time.Millisecond)
}
