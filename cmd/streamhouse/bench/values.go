package bench

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// minRecordSize is room for the stamp.
	minRecordSize = 16
	// maxRecordSize is what brokers may be set to take; by default they take 1 MB.
	maxRecordSize = 64 << 20
)

// values makes record values: a stamp, then random bytes up to the random
// share of the value, then text that repeats. The same seed makes the same values. It may be used concurrently.
type values struct {
	// size is the bytes of a value, random how many of them, from the first, are random.
	size, random int

	mu  sync.Mutex
	rng *rand.ChaCha8
}

func newValues(size int, random float64, seed uint64) *values {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return &values{size: size, random: int(float64(size) * random), rng: rand.NewChaCha8(key)}
}

// next returns a new value, which is the caller's, with room for the stamp in its first 16 bytes.
func (v *values) next() []byte {
	const text = "the quick brown fox jumps over the lazy dog; "
	value := make([]byte, v.size)
	v.mu.Lock()
	_, _ = v.rng.Read(value[:v.random]) // never fails
	v.mu.Unlock()
	for rest := value[v.random:]; len(rest) > 0; {
		rest = rest[copy(rest, text):]
	}
	return value
}

// stampMagic tells a stamped value from one that another program wrote: "SHBENCH1".
const stampMagic = 0x5348_4245_4e43_4831

// stamp writes into a value when its record was due, over its first 16 bytes: the magic, and nanoseconds
// since 1970. Both are big endian.
func stamp(value []byte, due time.Time) {
	binary.BigEndian.PutUint64(value, stampMagic)
	binary.BigEndian.PutUint64(value[8:], uint64(due.UnixNano()))
}

// stamped returns the time in a value, and whether it has one.
func stamped(value []byte) (time.Time, bool) {
	if len(value) < 16 || binary.BigEndian.Uint64(value) != stampMagic {
		return time.Time{}, false
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(value[8:]))), true
}
