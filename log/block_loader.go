package log

import (
	"context"
	"errors"
	"fmt"

	"streamhouse/cache"
	"streamhouse/log/segment"
	"streamhouse/objstore"
)

// blockLoader brings blocks from the store for the cache.
type blockLoader struct {
	store      objstore.Store
	compressor *segment.Compressor
}

// Load reads the span that holds all keys with one GET.
func (b blockLoader) Load(ctx context.Context, keys []cache.Key) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, getTimeout)
	defer cancel()
	first, last := keys[0], keys[len(keys)-1]
	span, err := b.store.GetRange(ctx, first.Object, first.Offset, last.Offset+last.Length-first.Offset)
	if errors.Is(err, objstore.ErrNotFound) || errors.Is(err, objstore.ErrRange) {
		// The state refers to it, so it must be there, whole.
		return nil, fmt.Errorf("%w: %w", ErrCorruptLog, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	blocks := make([][]byte, len(keys))
	for i, k := range keys {
		from := k.Offset - first.Offset
		blocks[i] = span[from : from+k.Length : from+k.Length]
	}
	return blocks, nil
}

// Decode checks a block and uncompresses it.
func (b blockLoader) Decode(k cache.Key, stored []byte) ([]byte, error) {
	_, raw, err := b.compressor.Block(stored)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k, err)
	}
	return raw, nil
}
