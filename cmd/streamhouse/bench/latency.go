package bench

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// latencies counts every duration it is told in buckets that grow with it, so
// percentiles are right within 1 % and memory does not grow. The zero value
// is empty. All methods may be called concurrently.
type latencies struct {
	counts [bucketCount]atomic.Int64
	max    atomic.Int64
}

const (
	// bucketBits gives each power of two 128 buckets.
	bucketBits = 7
	// bucketCount is room for any duration that is not negative: 7,296 counters, 57 KiB.
	bucketCount = (64 - bucketBits) << bucketBits
)

// bucketOf returns the bucket of a duration in nanoseconds: exact below 2^bucketBits,
// above it the leading one says which row and the bits behind it which bucket of the row.
func bucketOf(ns uint64) int {
	shift := bits.Len64(ns >> (bucketBits + 1))
	return shift<<bucketBits + int(ns>>shift)
}

// bucketTop returns the largest duration of a bucket. It is the inverse of bucketOf: what lies
// above it is in the next one.
func bucketTop(i int) time.Duration {
	shift := max(i>>bucketBits-1, 0)
	return time.Duration((int64(i-shift<<bucketBits)+1)<<shift - 1)
}

// add counts a duration; one below 0, from two clocks that disagree, counts as 0.
func (l *latencies) add(d time.Duration) {
	d = max(d, 0)
	l.counts[bucketOf(uint64(d))].Add(1)
	for {
		was := l.max.Load()
		if int64(d) <= was || l.max.CompareAndSwap(was, int64(d)) {
			return
		}
	}
}

// quantiles returns the durations below which the shares qs of all lie; qs ascend and are from 0 to 1. It is 0 where
// nothing was counted. A share of 1 is exact: the largest duration. What is added meanwhile may count or not.
func (l *latencies) quantiles(qs ...float64) []time.Duration {
	var total int64
	for i := range l.counts {
		total += l.counts[i].Load()
	}
	found := make([]time.Duration, len(qs))
	next, seen := 0, int64(0)
	for i := range l.counts {
		seen += l.counts[i].Load()
		for next < len(qs) && seen > 0 && float64(seen) >= qs[next]*float64(total) {
			found[next] = min(bucketTop(i), time.Duration(l.max.Load()))
			next++
		}
	}
	return found
}
