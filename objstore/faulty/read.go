package faulty

import (
	"context"

	"streamhouse/objstore"
)

// Get implements [objstore.Store].
func (f *Store) Get(ctx context.Context, key string) ([]byte, error) {
	c, err := f.begin(ctx, objstore.OpGet, 0, key)
	if err != nil {
		return nil, err
	}
	if key, err = f.found(ctx, c, key); err != nil {
		return nil, err
	}
	body, err := f.inner.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	return c.answer(ctx, body[:c.left(int64(len(body)))])
}

// GetRange implements [objstore.Store].
func (f *Store) GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	c, err := f.begin(ctx, objstore.OpGetRange, 0, key)
	if err != nil {
		return nil, err
	}
	if key, err = f.found(ctx, c, key); err != nil {
		return nil, err
	}
	if c.has(truncate) || c.has(empty) {
		if err := f.cut(ctx, c, key, offset, length); err != nil {
			return nil, err
		}
	}
	body, err := f.inner.GetRange(ctx, key, offset, length)
	if err != nil {
		return nil, err
	}
	return c.answer(ctx, body)
}

// found returns the key that a read is answered from, or objstore.ErrNotFound. A key that is not valid keeps its own error.
func (f *Store) found(ctx context.Context, c call, key string) (string, error) {
	switch {
	case objstore.ValidKey(key) != nil:
		return key, nil
	case c.has(missing):
		return key, objstore.NotFound(key)
	case c.has(otherObject):
		return f.other(ctx, key)
	}
	return key, nil
}

// other returns the key of another object, or the same one where there is none.
func (f *Store) other(ctx context.Context, key string) (string, error) {
	for _, after := range []string{key, ""} {
		for info, err := range f.inner.List(ctx, "", after) {
			return info.Key, err
		}
	}
	return key, nil
}

// left is how much an object of size bytes looks to have. Empty counts before Truncate.
func (c call) left(size int64) int64 {
	switch {
	case c.has(empty):
		return 0
	case c.has(truncate):
		return size / 2
	}
	return size
}

// cut refuses a range that what is left of an object does not hold. It reads the whole of it: the interface has no
// other way to its size.
func (f *Store) cut(ctx context.Context, c call, key string, offset, length int64) error {
	if err := objstore.ValidRange(key, offset, length); err != nil {
		return err
	}
	whole, err := f.inner.Get(ctx, key)
	if err != nil {
		return err
	}
	return objstore.RangeWithin(key, offset, length, c.left(int64(len(whole))))
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
