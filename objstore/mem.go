package objstore

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"slices"
	"sort"
	"strings"
	"sync"
)

// memPage is how many objects a listing copies under the lock at a time.
const memPage = 1000

// Mem keeps objects in memory, for tests. It waits for nothing but its mutex, so
// it works under testing/synctest. All methods may be called concurrently.
type Mem struct {
	mu     sync.RWMutex
	bodies map[string][]byte // the stored slices are never changed
	keys   []string          // of bodies, ascending
}

var _ Store = (*Mem)(nil)

// NewMem returns an empty store.
func NewMem() *Mem {
	return &Mem{bodies: make(map[string][]byte)}
}

// Put implements [Store].
func (m *Mem) Put(ctx context.Context, key string, body []byte) error {
	if err := cmp.Or(ValidKey(key), ctx.Err()); err != nil {
		return err
	}
	body = append(make([]byte, 0, len(body)), body...) // not nil where empty
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.bodies[key]; taken {
		return exists(key)
	}
	m.bodies[key] = body
	at, _ := slices.BinarySearch(m.keys, key)
	m.keys = slices.Insert(m.keys, at, key)
	return nil
}

// Get implements [Store].
func (m *Mem) Get(ctx context.Context, key string) ([]byte, error) {
	body, err := m.body(ctx, key)
	return bytes.Clone(body), err
}

// GetRange implements [Store].
func (m *Mem) GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	if err := cmp.Or(ValidKey(key), validRange(key, offset, length)); err != nil {
		return nil, err
	}
	body, err := m.body(ctx, key)
	if err != nil {
		return nil, err
	}
	if err := rangeWithin(key, offset, length, int64(len(body))); err != nil {
		return nil, err
	}
	return bytes.Clone(body[offset : offset+length]), nil
}

// body returns the stored slice, which must not be changed.
func (m *Mem) body(ctx context.Context, key string) ([]byte, error) {
	if err := cmp.Or(ValidKey(key), ctx.Err()); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	body, found := m.bodies[key]
	if !found {
		return nil, notFound(key)
	}
	return body, nil
}

// List implements [Store]. The store may be changed while the listing goes on.
func (m *Mem) List(ctx context.Context, prefix, after string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if err := validPrefix(prefix); err != nil {
			yield(Info{}, err)
			return
		}
		for after := after; ; {
			if err := ctx.Err(); err != nil {
				yield(Info{}, err)
				return
			}
			page := m.page(prefix, after)
			for _, info := range page {
				if !yield(info, nil) {
					return
				}
			}
			if len(page) < memPage {
				return
			}
			after = page[len(page)-1].Key
		}
	}
}

func (m *Mem) page(prefix, after string) (page []Info) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	first := sort.Search(len(m.keys), func(i int) bool { return m.keys[i] > after && m.keys[i] >= prefix })
	for _, key := range m.keys[first:] {
		if !strings.HasPrefix(key, prefix) || len(page) == memPage {
			break
		}
		page = append(page, Info{Key: key, Size: int64(len(m.bodies[key]))})
	}
	return page
}

// Delete implements [Store].
func (m *Mem) Delete(ctx context.Context, keys ...string) error {
	if err := cmp.Or(validKeys(keys), ctx.Err()); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range keys {
		if _, found := m.bodies[key]; !found {
			continue
		}
		delete(m.bodies, key)
		at, _ := slices.BinarySearch(m.keys, key)
		m.keys = slices.Delete(m.keys, at, at+1)
	}
	return nil
}
