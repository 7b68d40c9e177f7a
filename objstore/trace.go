package objstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Trace wraps a store and records every call to it, in the order in which they
// began, for tests that state what an operation costs. All methods may be called
// concurrently.
type Trace struct {
	inner Store

	mu    sync.Mutex
	calls []*Call // changed under mu
}

var _ Store = (*Trace)(nil)

// Call is one call to a store.
type Call struct {
	Op     Op
	Key    string   // or the prefix of a listing; empty for a delete
	Keys   []string // of a delete
	After  string   // of a listing
	Offset int64    // of a range
	Bytes  int64    // put, asked for by a range, or returned by a get
	Count  int      // objects that a listing yielded
	Done   bool     // false while it is under way
	Err    error
}

// NewTrace wraps a store.
func NewTrace(inner Store) *Trace { return &Trace{inner: inner} }

// Calls returns a copy of what was recorded since the last Reset.
func (t *Trace) Calls() []Call {
	t.mu.Lock()
	defer t.mu.Unlock()
	calls := make([]Call, len(t.calls))
	for i, c := range t.calls {
		calls[i] = *c
	}
	return calls
}

// Count returns how many calls of the kinds, or'ed together, were recorded.
func (t *Trace) Count(ops Op) (n int) {
	for _, c := range t.Calls() {
		if c.Op&ops != 0 {
			n++
		}
	}
	return n
}

// Reset forgets what was recorded.
func (t *Trace) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls = nil
}

// String returns a line per call; see [Call.String].
func (t *Trace) String() string {
	var b strings.Builder
	for _, c := range t.Calls() {
		fmt.Fprintln(&b, c)
	}
	return b.String()
}

// String tells a call in one line, such as
//
//	put segments/17 1048576 bytes: ok
//	get-range segments/17 4096 bytes from 0: not found
//	list "journal/" after journal/7: 12 objects: ok
//	delete segments/17 segments/18: ok
func (c Call) String() string {
	what := ""
	switch c.Op {
	case OpPut, OpGet:
		what = fmt.Sprintf("%s %d bytes", c.Key, c.Bytes)
	case OpGetRange:
		what = fmt.Sprintf("%s %d bytes from %d", c.Key, c.Bytes, c.Offset)
	case OpList:
		what = strconv.Quote(c.Key)
		if c.After != "" {
			what += " after " + c.After
		}
		what += fmt.Sprintf(": %d objects", c.Count)
	case OpDelete:
		what = strings.Join(c.Keys, " ")
	}
	return fmt.Sprintf("%s %s: %s", c.Op, what, c.Outcome())
}

// Outcome names how the call ended, in words that do not change from run to run.
func (c Call) Outcome() string {
	if !c.Done {
		return "under way"
	}
	outcomes := []struct {
		err  error
		name string
	}{
		{ErrExists, "exists"}, {ErrNotFound, "not found"}, {ErrRange, "out of range"},
		{ErrPermanent, "refused"}, {ErrKey, "bad key"},
		{context.Canceled, "canceled"}, {context.DeadlineExceeded, "timed out"}, {io.ErrUnexpectedEOF, "cut short"},
	}
	for _, o := range outcomes {
		if errors.Is(c.Err, o.err) {
			return o.name
		}
	}
	if c.Err != nil {
		return "failed"
	}
	return "ok"
}

// begin records a call.
func (t *Trace) begin(c Call) *Call {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls = append(t.calls, &c)
	return &c
}

// end records how a call went.
func (t *Trace) end(c *Call, err error) { t.endWith(c, func() {}, err) }

// endWith records how a call went and what it found.
func (t *Trace) endWith(c *Call, found func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	found()
	c.Done, c.Err = true, err
}

// Put implements [Store].
func (t *Trace) Put(ctx context.Context, key string, body []byte) error {
	c := t.begin(Call{Op: OpPut, Key: key, Bytes: int64(len(body))})
	err := t.inner.Put(ctx, key, body)
	t.end(c, err)
	return err
}

// Get implements [Store].
func (t *Trace) Get(ctx context.Context, key string) ([]byte, error) {
	c := t.begin(Call{Op: OpGet, Key: key})
	body, err := t.inner.Get(ctx, key)
	t.endWith(c, func() { c.Bytes = int64(len(body)) }, err)
	return body, err
}

// GetRange implements [Store].
func (t *Trace) GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	c := t.begin(Call{Op: OpGetRange, Key: key, Offset: offset, Bytes: length})
	body, err := t.inner.GetRange(ctx, key, offset, length)
	t.end(c, err)
	return body, err
}

// List implements [Store]. The call lasts as long as the loop over it.
func (t *Trace) List(ctx context.Context, prefix, after string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		c := t.begin(Call{Op: OpList, Key: prefix, After: after})
		var failed error
		count := 0
		defer func() { t.endWith(c, func() { c.Count = count }, failed) }()
		for info, err := range t.inner.List(ctx, prefix, after) {
			if failed = err; err == nil {
				count++
			}
			if !yield(info, err) {
				return
			}
		}
	}
}

// Delete implements [Store].
func (t *Trace) Delete(ctx context.Context, keys ...string) error {
	c := t.begin(Call{Op: OpDelete, Keys: slices.Clone(keys)})
	err := t.inner.Delete(ctx, keys...)
	t.end(c, err)
	return err
}
