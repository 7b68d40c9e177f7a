package mem

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"slices"
	"sort"
	"strings"
	"sync"

	"streamhouse/objstore"
)

// pageObjects is how many objects a listing copies under the lock at a time.
const pageObjects = 1000

// Store keeps objects in memory, for tests. It waits for nothing but its mutex, so
// it works under testing/synctest. All methods may be called concurrently. An object lasts as long as the store: what a
// test calls a crash is a new broker over the same one.
type Store struct {
	mu     sync.RWMutex
	bodies map[string][]byte // the stored slices are never changed
	keys   []string          // of bodies, ascending
}

var _ objstore.Store = (*Store)(nil)

// New returns an empty store, which holds nothing that must be closed.
func New() *Store {
	return &Store{bodies: make(map[string][]byte)}
}

// Put implements [objstore.Store]. It copies the body, as all stores do in their way.
func (m *Store) Put(ctx context.Context, key string, body []byte) error {
	if err := cmp.Or(objstore.ValidKey(key), ctx.Err()); err != nil {
		return err
	}
	body = append(make([]byte, 0, len(body)), body...) // not nil where empty
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.bodies[key]; taken {
		return objstore.Exists(key)
	}
	m.bodies[key] = body
	at, _ := slices.BinarySearch(m.keys, key)
	m.keys = slices.Insert(m.keys, at, key)
	return nil
}

// Get implements [objstore.Store].
func (m *Store) Get(ctx context.Context, key string) ([]byte, error) {
	body, err := m.body(ctx, key)
	return bytes.Clone(body), err
}

// GetRange implements [objstore.Store].
func (m *Store) GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	if err := cmp.Or(objstore.ValidKey(key), objstore.ValidRange(key, offset, length)); err != nil {
		return nil, err
	}
	body, err := m.body(ctx, key)
	if err != nil {
		return nil, err
	}
	if err := objstore.RangeWithin(key, offset, length, int64(len(body))); err != nil {
		return nil, err
	}
	return bytes.Clone(body[offset : offset+length]), nil
}

// body returns the stored slice, which must not be changed.
func (m *Store) body(ctx context.Context, key string) ([]byte, error) {
	if err := cmp.Or(objstore.ValidKey(key), ctx.Err()); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	body, found := m.bodies[key]
	if !found {
		return nil, objstore.NotFound(key)
	}
	return body, nil
}

// List implements [objstore.Store]. The store may be changed while the listing goes on.
func (m *Store) List(ctx context.Context, prefix, after string) iter.Seq2[objstore.Info, error] {
	return func(yield func(objstore.Info, error) bool) {
		if err := objstore.ValidPrefix(prefix); err != nil {
			yield(objstore.Info{}, err)
			return
		}
		for after := after; ; {
			if err := ctx.Err(); err != nil {
				yield(objstore.Info{}, err)
				return
			}
			page := m.page(prefix, after)
			for _, info := range page {
				if !yield(info, nil) {
					return
				}
			}
			if len(page) < pageObjects {
				return
			}
			after = page[len(page)-1].Key
		}
	}
}

// page copies the next objects behind after, at most pageObjects: the loop over a listing runs without the lock, and may
// call the store.
func (m *Store) page(prefix, after string) (page []objstore.Info) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	first := sort.Search(len(m.keys), func(i int) bool { return m.keys[i] > after && m.keys[i] >= prefix })
	for _, key := range m.keys[first:] {
		if !strings.HasPrefix(key, prefix) || len(page) == pageObjects {
			break
		}
		page = append(page, objstore.Info{Key: key, Size: int64(len(m.bodies[key]))})
	}
	return page
}

// Delete implements [objstore.Store]. All keys go at once.
func (m *Store) Delete(ctx context.Context, keys ...string) error {
	if err := cmp.Or(objstore.ValidKeys(keys), ctx.Err()); err != nil {
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
