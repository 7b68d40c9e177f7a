package faulty

import (
	"bytes"
	"context"
	"time"

	"streamhouse/objstore"
)

// Put implements [objstore.Store].
func (f *Store) Put(ctx context.Context, key string, body []byte) error {
	c, err := f.begin(ctx, objstore.OpPut, len(body), key)
	if err != nil {
		return err
	}
	if e, ok := c.effect(failLate); ok {
		return f.putLate(key, bytes.Clone(body), e)
	}
	if err := f.put(ctx, key, body); err != nil {
		return err
	}
	return c.end(ctx)
}

// put notes when the object came to be, which [Lag] looks at.
func (f *Store) put(ctx context.Context, key string, body []byte) error {
	err := f.inner.Put(ctx, key, body)
	if err == nil {
		f.mu.Lock()
		f.born[key] = time.Now()
		f.mu.Unlock()
	}
	return err
}

// putLate refuses a PUT and lets it happen later, whatever has become of its caller. body is the goroutine's.
func (f *Store) putLate(key string, body []byte, e Effect) error {
	f.late.Go(func() {
		time.Sleep(e.delay)
		_ = f.put(context.Background(), key, body) // nobody waits for the answer
	})
	return e.err
}
