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
	Bytes int64         // of the object or of the range; 0 for listings and deletions
	Took  time.Duration // of a listing without the loop over it
	Err   error         // as the store returned it; nil after success
}

// WatchStore returns the store with the functions called after every call to
// it, in their order and before the call returns. They are quick and may be called concurrently. The
// result keeps the contract of [objstore.Store] as store does.
func WatchStore(store objstore.Store, called ...func(StoreCall)) objstore.Store {
	return &watchedStore{store, called}
}

// watchedStore passes everything on as it is, errors among it.
type watchedStore struct {
	store  objstore.Store
	called []func(StoreCall)
}

// tell is called once for each call. Bytes are those that were asked to go out, or that came in.
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
		// A loop that is left early has not failed; a listing that failed tells its error last.
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
