package faulty

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"iter"
	"slices"
	"sync"

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

	mu    sync.Mutex
	rules []*Rule // replaced, never changed
	added int
}

var _ objstore.Store = (*Store)(nil)

// New wraps a store; the faults are in force at once.
func New(inner objstore.Store, seed uint64, faults ...Fault) *Store {
	f := &Store{inner: inner, seed: seed}
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

// Mend ends all rules.
func (f *Store) Mend() {
	for _, r := range f.inForce() {
		r.Mend()
	}
}

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

// hash mixes the seed with a decision to be made.
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

// call is a call with the rules that spoil it.
type call struct {
	rules []*Rule
	draw  uint64 // what is random about the damage
}

// begin finds the rules for a call and does what they do before it happens.
func (f *Store) begin(ctx context.Context, op objstore.Op, keys ...string) (call, error) {
	var c call
	for _, r := range f.inForce() {
		if draw, spoilt := r.matches(op, keys); spoilt {
			c.rules = append(c.rules, r)
			c.draw = draw
		}
	}
	for _, r := range c.rules {
		if err := r.before(ctx); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (r *Rule) before(ctx context.Context) error {
	switch r.fault.Do.kind {
	case failBefore:
		return r.fault.Do.err
	case slow:
		return objstore.Sleep(ctx, r.fault.Do.delay)
	case hang:
		return r.hang(ctx)
	}
	return nil
}

func (r *Rule) hang(ctx context.Context) error {
	select {
	case <-r.mend:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// end does what the rules do after a call has happened.
func (c call) end(ctx context.Context) error {
	for _, r := range c.rules {
		switch r.fault.Do.kind {
		case failAfter:
			return r.fault.Do.err
		case hangAfter:
			if err := r.hang(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c call) has(kind effectKind) bool {
	return slices.ContainsFunc(c.rules, func(r *Rule) bool { return r.fault.Do.kind == kind })
}

// Put implements [objstore.Store].
func (f *Store) Put(ctx context.Context, key string, body []byte) error {
	c, err := f.begin(ctx, objstore.OpPut, key)
	if err != nil {
		return err
	}
	if err := f.inner.Put(ctx, key, body); err != nil {
		return err
	}
	return c.end(ctx)
}

// Get implements [objstore.Store].
func (f *Store) Get(ctx context.Context, key string) ([]byte, error) {
	c, err := f.begin(ctx, objstore.OpGet, key)
	if err != nil {
		return nil, err
	}
	body, err := f.inner.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	if c.has(truncate) {
		body = body[:len(body)/2]
	}
	return c.answer(ctx, body)
}

// GetRange implements [objstore.Store].
func (f *Store) GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	c, err := f.begin(ctx, objstore.OpGetRange, key)
	if err != nil {
		return nil, err
	}
	if c.has(truncate) {
		if err := f.truncated(ctx, key, offset, length); err != nil {
			return nil, err
		}
	}
	body, err := f.inner.GetRange(ctx, key, offset, length)
	if err != nil {
		return nil, err
	}
	return c.answer(ctx, body)
}

// truncated refuses a range that the first half of an object does not hold.
func (f *Store) truncated(ctx context.Context, key string, offset, length int64) error {
	if err := objstore.ValidRange(key, offset, length); err != nil {
		return err
	}
	whole, err := f.inner.Get(ctx, key)
	if err != nil {
		return err
	}
	return objstore.RangeWithin(key, offset, length, int64(len(whole)/2))
}

// answer ends a read. The body is the caller's, so it may be changed.
func (c call) answer(ctx context.Context, body []byte) ([]byte, error) {
	if err := c.end(ctx); err != nil {
		return nil, err
	}
	if c.has(flipBit) && len(body) > 0 {
		bit := c.draw % uint64(8*len(body))
		body[bit/8] ^= 1 << (bit % 8)
	}
	return body, nil
}

// List implements [objstore.Store].
func (f *Store) List(ctx context.Context, prefix, after string) iter.Seq2[objstore.Info, error] {
	return func(yield func(objstore.Info, error) bool) {
		c, err := f.begin(ctx, objstore.OpList, prefix)
		if err != nil {
			yield(objstore.Info{}, err)
			return
		}
		left := -1 // objects before the fault; none where negative
		if c.has(failAfter) {
			left = int(c.draw % 8)
		}
		for info, err := range f.inner.List(ctx, prefix, after) {
			if left == 0 && err == nil {
				break
			}
			left--
			if !yield(info, err) || err != nil {
				return
			}
		}
		if err := c.end(ctx); err != nil {
			yield(objstore.Info{}, err)
		}
	}
}

// Delete implements [objstore.Store].
func (f *Store) Delete(ctx context.Context, keys ...string) error {
	c, err := f.begin(ctx, objstore.OpDelete, keys...)
	if err != nil {
		return err
	}
	if err := f.inner.Delete(ctx, keys...); err != nil {
		return err
	}
	return c.end(ctx)
}
