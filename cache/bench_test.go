package cache

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// echo is a Loader that costs nothing: every block is zeros.
type echo struct{ zeros []byte }

func (e echo) Load(_ context.Context, keys []Key) ([][]byte, error) {
	stored := make([][]byte, len(keys))
	for i, k := range keys {
		stored[i] = e.zeros[:k.Length:k.Length]
	}
	return stored, nil
}

func (e echo) Decode(_ Key, stored []byte) ([]byte, error) { return stored, nil }

const benchBytes = 64 << 10

func benchKeys(n int) []Key {
	keys := make([]Key, n)
	for i := range keys {
		keys[i] = Key{Object: "journal/0000000001/00000000000000000042", Offset: int64(i) * benchBytes, Length: benchBytes}
	}
	return keys
}

func benchCache(b *testing.B, o Options) *Cache {
	return open(b, o, echo{make([]byte, benchBytes)})
}

func BenchmarkMemoryHit(b *testing.B) {
	c, keys := benchCache(b, Options{MemoryBytes: 1 << 30}), benchKeys(1024)
	for _, k := range keys {
		_, _ = c.Get(b.Context(), k)
	}
	ctx := b.Context()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := c.Get(ctx, keys[i%len(keys)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMemoryHitParallel(b *testing.B) {
	c, keys := benchCache(b, Options{MemoryBytes: 1 << 30}), benchKeys(1024)
	for _, k := range keys {
		_, _ = c.Get(b.Context(), k)
	}
	ctx := b.Context()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := c.Get(ctx, keys[i%len(keys)]); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkDiskHit(b *testing.B) {
	c, keys := benchCache(b, Options{DiskPath: b.TempDir(), DiskBytes: 1 << 28}), benchKeys(256)
	for _, k := range keys {
		_, _ = c.Get(b.Context(), k)
	}
	c.disk.Flush()
	b.SetBytes(benchBytes)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_, _ = c.Get(b.Context(), keys[i%len(keys)])
	}
	require.Equal(b, int64(len(keys)), c.Stats().Misses)
}

func BenchmarkMiss(b *testing.B) {
	c, keys := benchCache(b, Options{}), benchKeys(256)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_, _ = c.Get(b.Context(), keys[i%len(keys)])
	}
}

// BenchmarkScan reads blocks in order with the next 32 prefetched, through a memory tier that is too small for all.
func BenchmarkScan(b *testing.B) {
	c, keys := benchCache(b, Options{MemoryBytes: 64 * benchBytes}), benchKeys(1024)
	b.SetBytes(benchBytes)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at := i % len(keys)
		if at%16 == 0 {
			c.Prefetch(keys[at:min(at+32, len(keys))])
		}
		_, _ = c.Get(b.Context(), keys[at])
	}
}
