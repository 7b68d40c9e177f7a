package faulty

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"streamhouse/objstore"
)

// Store wraps a store and makes calls go wrong as its rules say. Without rules
// it changes nothing. What chance decides follows from the seed. It keeps time by
// package time and waits on channels, so it works under testing/synctest.
//
// All methods may be called concurrently.
type Store struct {
	inner objstore.Store
	seed  uint64

	late sync.WaitGroup // PUTs that happen after their caller gave up

	mu    sync.Mutex
	rules []*Rule // replaced, never changed
	// added counts the rules that there ever were: it numbers them, for the draws.
	added int
	born  map[string]time.Time // when an object was put
}

var _ objstore.Store = (*Store)(nil)

// New wraps a store; the faults are in force at once, numbered in their order. Two stores with the same seed, faults
// and calls make the same draws.
func New(inner objstore.Store, seed uint64, faults ...Fault) *Store {
	f := &Store{inner: inner, seed: seed, born: make(map[string]time.Time)}
	for _, fault := range faults {
		f.Break(fault)
	}
	return f
}

// Break puts a fault in force for the calls that begin from now on. Where several
// rules match a call, all apply, in the order in which they were made; the
// first error ends it.
func (f *Store) Break(fault Fault) *Rule {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.added++
	r := &Rule{
		fault: fault, number: f.added, faulty: f,
		hit: make(chan struct{}), mend: make(chan struct{}), seen: make(map[string]int),
	}
	f.rules = append(slices.Clip(f.rules), r)
	return r
}

// Mend ends all rules, and lets go of all calls that hang.
func (f *Store) Mend() {
	for _, r := range f.inForce() {
		r.Mend()
	}
}

// inForce is the list of the moment, which is never changed.
func (f *Store) inForce() []*Rule {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rules
}

func (f *Store) remove(r *Rule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = slices.DeleteFunc(slices.Clone(f.rules), func(other *Rule) bool { return other == r })
}

// Wait waits for the PUTs that [FailLate] left under way. No call may begin one meanwhile.
func (f *Store) Wait() { f.late.Wait() }

// hash mixes the seed with a decision to be made. It must stay as it is: a run is repeated by its seed.
func (f *Store) hash(rule int, call string, nth int) uint64 {
	h := fnv.New64a()
	for _, n := range []uint64{f.seed, uint64(rule), uint64(nth)} {
		h.Write(binary.LittleEndian.AppendUint64(nil, n))
	}
	h.Write([]byte(call))
	// FNV leaves the high bits of short input poorly mixed; splitmix64 ends it.
	x := h.Sum64() + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Delete implements [objstore.Store].
func (f *Store) Delete(ctx context.Context, keys ...string) error {
	c, err := f.begin(ctx, objstore.OpDelete, 0, keys...)
	if err != nil {
		return err
	}
	if err := f.inner.Delete(ctx, keys...); err != nil {
		return err
	}
	return c.end(ctx)
}
