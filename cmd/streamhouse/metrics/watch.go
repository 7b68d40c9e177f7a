package metrics

import (
	"context"
	"iter"
	"time"

	"streamhouse/objstore"
)

// StoreCall is one call to the object store that is over.
type StoreCall struct {
	Op    objstore.Op
	Bytes int64 // of the object or of the range; 0 for listings and deletions
	Took  time.Duration
	Err   error
}

// WatchStore returns the store with the functions called after every call to
// it. They are quick and may be called concurrently.
func WatchStore(store objstore.Store, called ...func(StoreCall)) objstore.Store {
	return &watchedStore{store, called}
}

type watchedStore struct {
	store  objstore.Store
	called []func(StoreCall)
}

func (w *watchedStore) tell(op objstore.Op, start time.Time, bytes int, err error) {
	c := StoreCall{Op: op, Bytes: int64(bytes), Took: time.Since(start), Err: err}
	for _, called := range w.called {
		called(c)
	}
}

func (w *watchedStore) Put(ctx context.Context, key string, body []byte) error {
	start := time.Now()
	err := w.store.Put(ctx, key, body)
	w.tell(objstore.OpPut, start, len(body), err)
	return err
}

func (w *watchedStore) Get(ctx context.Context, key string) ([]byte, error) {
	start := time.Now()
	body, err := w.store.Get(ctx, key)
	w.tell(objstore.OpGet, start, len(body), err)
	return body, err
}

func (w *watchedStore) GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	start := time.Now()
	body, err := w.store.GetRange(ctx, key, offset, length)
	w.tell(objstore.OpGetRange, start, len(body), err)
	return body, err
}

// List counts only the time that the store takes, not that of the loop over it.
func (w *watchedStore) List(ctx context.Context, prefix, after string) iter.Seq2[objstore.Info, error] {
	return func(yield func(objstore.Info, error) bool) {
		var failed error
		start, outside := time.Now(), time.Duration(0)
		defer func() { w.tell(objstore.OpList, start.Add(outside), 0, failed) }()
		for info, err := range w.store.List(ctx, prefix, after) {
			failed = err
			left := time.Now()
			goOn := yield(info, err)
			outside += time.Since(left)
			if !goOn {
				return
			}
		}
	}
}

func (w *watchedStore) Delete(ctx context.Context, keys ...string) error {
	start := time.Now()
	err := w.store.Delete(ctx, keys...)
	w.tell(objstore.OpDelete, start, 0, err)
	return err
}
