package cache

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var errDecode = errors.New("checksum is wrong")

// store is a Loader that keeps every Load and lets a test hold it up, fail it or
// spoil blocks. A stored block is a checksum and what the block decodes to: its
// key, repeated.
type store struct {
	mu    sync.Mutex
	loads [][]Key
	fail  error       // of every Load
	spoil map[Key]int // how often yet the block comes out wrong
	short bool        // leave the last block out
	hold  chan struct{}
	now   int // Loads under way
	most  int // at once
	raw   bool
}

func plain(k Key) []byte {
	n := int(k.Length) - 4
	return []byte(strings.Repeat(k.String()+"\n", n/len(k.String())+1)[:n])
}

func storedForm(k Key) []byte {
	body := plain(k)
	return append(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)), body...)
}

func (s *store) Load(ctx context.Context, keys []Key) ([][]byte, error) {
	s.mu.Lock()
	s.loads = append(s.loads, keys)
	s.now++
	s.most = max(s.most, s.now)
	hold := s.hold
	s.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now--
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.fail != nil {
		return nil, s.fail
	}
	return s.answerLocked(keys), nil
}

// answerLocked returns the blocks as parts of one array, as a ranged read gives them.
func (s *store) answerLocked(keys []Key) [][]byte {
	var span []byte
	for _, k := range keys {
		b := storedForm(k)
		if s.spoil[k] > 0 {
			s.spoil[k]--
			b[len(b)/2] ^= 1
		}
		span = append(span, b...)
	}
	var blocks [][]byte
	for _, k := range keys {
		blocks = append(blocks, span[:k.Length])
		span = span[k.Length:]
	}
	if s.short {
		blocks = blocks[:len(blocks)-1]
	}
	return blocks
}

// Decode returns a part of what was stored if s.raw, else a copy.
func (s *store) Decode(k Key, stored []byte) ([]byte, error) {
	if len(stored) < 4 || binary.BigEndian.Uint32(stored) != crc32.ChecksumIEEE(stored[4:]) {
		return nil, fmt.Errorf("%w: %s", errDecode, k)
	}
	if s.raw {
		return stored[4:], nil
	}
	return append(make([]byte, 0, len(stored)-4), stored[4:]...), nil
}

func (s *store) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// asked returns the keys of every Load so far.
func (s *store) asked() [][]Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([][]Key(nil), s.loads...)
}

// block is the n-th block of 1000 bytes of an object.
func block(object string, n int) Key {
	return Key{Object: object, Offset: int64(n) * 1000, Length: 1000}
}

func blocks(object string, from, to int) []Key {
	var keys []Key
	for n := from; n < to; n++ {
		keys = append(keys, block(object, n))
	}
	return keys
}

// blockCost is what a block of 1000 stored bytes costs in memory.
const blockCost = 996 + BlockOverhead

// open opens a cache that is checked and closed at the end of the test.
func open(t testing.TB, o Options, l Loader) *Cache {
	t.Helper()
	c, err := Open(o, l)
	require.NoError(t, err)
	t.Cleanup(func() { shut(t, c) })
	return c
}

// shut closes a cache and checks what must hold before and after, and that no goroutine of it is left.
func shut(t testing.TB, c *Cache) {
	t.Helper()
	require.NoError(t, c.Check())
	require.NoError(t, c.Close())
	require.Zero(t, c.Stats().InFlight)
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	// Frames of closures do not name their cache; no test has another one at work meanwhile.
	require.NotContains(t, string(stacks), "cache.(*Cache).dispatchLocked.func1(", "a span is left")
}

func get(t testing.TB, c *Cache, k Key) {
	t.Helper()
	got, err := c.Get(t.Context(), k)
	require.NoError(t, err)
	require.Equal(t, string(plain(k)), string(got))
}
