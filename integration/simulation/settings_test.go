package simulation

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// settings is what a seed decides before a run begins.
type settings struct {
	flushInterval    time.Duration
	flushBytes       int64
	maxUnflushed     int64
	maxInFlight      int
	tailBytes        int64
	cacheBytes       int64
	diskBytes        int64
	prefetchBytes    int64
	fenceInterval    time.Duration
	metadataInterval time.Duration

	latency time.Duration // of the store, at most
	length  time.Duration // of the run, before the faults end
	pace    time.Duration // between two acts of a client, on average
}

func drawSettings(seed uint64) settings {
	r := random(seed, "settings")
	s := settings{
		// The seeds take turns, so that a few of them have met all three.
		flushInterval:    []time.Duration{0, 250 * time.Millisecond, 4 * time.Minute}[seed%3],
		flushBytes:       pick[int64](r, 0, 16<<10, 256<<10),
		maxInFlight:      pick(r, 1, 4, 16),
		tailBytes:        pick[int64](r, 1, 16<<10, 0), // next to none: reads go to the store
		cacheBytes:       pick[int64](r, 1, 64<<10, 0),
		diskBytes:        pick[int64](r, 0, 8<<20),
		prefetchBytes:    pick[int64](r, 1, 64<<10, 0),
		fenceInterval:    pick(r, 500*time.Millisecond, 3*time.Second),
		metadataInterval: pick(r, time.Second, 20*time.Second),
		latency:          pick(r, time.Millisecond, 20*time.Millisecond, 200*time.Millisecond),
		length:           90 * time.Second,
		pace:             time.Second,
	}
	if s.flushBytes > 0 { // next to none: clients wait for room
		s.maxUnflushed = s.flushBytes * pick[int64](r, 1, 4, 1000)
	}
	if s.flushInterval > time.Minute {
		s.length, s.pace = 30*time.Minute, 20*time.Second
	}
	return s
}

// random returns the source of chance of one part of a run: what one part draws
// does not depend on when the others do.
func random(seed uint64, part string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(part))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

func pick[T any](r *rand.Rand, among ...T) T { return among[r.IntN(len(among))] }

// about is a random duration around d.
func about(r *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(r.Int64N(int64(2*d) + 1))
}
