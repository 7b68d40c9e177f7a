package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
)

func (s *suite) put(key string, body []byte) {
	s.Helper()
	require.NoError(s, s.store.Put(s.Context(), key, body))
}

func (s *suite) requireBody(want []byte, key string) {
	s.Helper()
	got, err := s.store.Get(s.Context(), key)
	require.NoError(s, err)
	require.True(s, bytes.Equal(want, got), "%s: %d bytes, want %d", key, len(got), len(want))
}

// noise returns bytes that repeat nowhere, the same ones for every n: a store or a proxy that mixes up parts of an
// object cannot hide it.
func noise(n int) []byte {
	body := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(body)
	return body
}

// putThenRead: small objects and such as do not fit into one buffer come back as they were.
func putThenRead(s *suite) {
	for _, n := range []int{1, 100, 4096, 70_000} {
		key := fmt.Sprintf("a/b/%d", n)
		s.put(key, noise(n))
		s.requireBody(noise(n), key)
	}
}

// putIsCreateOnly: a key that is taken is objstore.ErrExists whatever the body, and the object stays what it was.
func putIsCreateOnly(s *suite) {
	s.put("one/key", []byte("first"))
	for _, body := range []string{"second", "first", ""} {
		require.ErrorIs(s, s.store.Put(s.Context(), "one/key", []byte(body)), objstore.ErrExists)
	}
	s.requireBody([]byte("first"), "one/key")
}

// putIsCreateOnlyAmongMany: of Puts side by side exactly one succeeds, and its object is the one that is read. This is
// what the broker's fence stands on.
func putIsCreateOnlyAmongMany(s *suite) {
	const rounds, writers = 8, 8
	for round := range rounds {
		key := fmt.Sprintf("race/%d", round)
		var won atomic.Pointer[[]byte]
		var wg sync.WaitGroup
		for writer := range writers {
			wg.Go(func() {
				body := bytes.Repeat([]byte{byte(writer)}, 10_000)
				err := s.store.Put(s.Context(), key, body)
				if err == nil && !won.CompareAndSwap(nil, &body) {
					s.Errorf("%s: a second Put succeeded", key)
				}
				if err != nil && !errors.Is(err, objstore.ErrExists) {
					s.Errorf("%s: %v", key, err)
				}
			})
		}
		wg.Wait()
		require.NotNil(s, won.Load(), "no Put succeeded")
		s.requireBody(*won.Load(), key)
	}
}

// putsOfManyKeysAtOnce: Puts of different keys do not disturb each other, also into the same folders.
func putsOfManyKeysAtOnce(s *suite) {
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			key := fmt.Sprintf("many/%d/%d", i%4, i)
			if err := s.store.Put(s.Context(), key, []byte(key)); err != nil {
				s.Errorf("%s: %v", key, err)
			}
		})
	}
	wg.Wait()
	require.Len(s, s.keys("many/", ""), 32)
	for _, key := range s.keys("many/", "") {
		s.requireBody([]byte(key), key)
	}
}

// putKeepsNoReference: the body is the caller's again when Put has returned.
func putKeepsNoReference(s *suite) {
	body := noise(100_000)
	s.put("kept", body)
	clear(body)
	s.requireBody(noise(100_000), "kept")
}

// putAfterDelete: a key that was deleted is free.
func putAfterDelete(s *suite) {
	s.put("again/key", []byte("first"))
	require.NoError(s, s.store.Delete(s.Context(), "again/key"))
	s.put("again/key", []byte("second"))
	s.requireBody([]byte("second"), "again/key")
}

// emptyObject: no bytes are an object as well, and nil is the same as none.
func emptyObject(s *suite) {
	s.put("empty/nil", nil)
	s.put("empty/zero", []byte{})
	for _, key := range []string{"empty/nil", "empty/zero"} {
		body, err := s.store.Get(s.Context(), key)
		require.NoError(s, err)
		require.Empty(s, body)
		require.ErrorIs(s, s.store.Put(s.Context(), key, []byte("x")), objstore.ErrExists)
	}
	require.Equal(s, []objstore.Info{{Key: "empty/nil"}, {Key: "empty/zero"}}, s.list("empty/", ""))
}

// largeObject: an object that takes more than one write on any connection, read as a whole and in part.
func largeObject(s *suite) {
	body := noise(s.LargeBytes)
	s.put("large", body)
	s.requireBody(body, "large")
	middle := int64(len(body) / 2)
	s.requireRange(body, "large", middle, 1<<20)
	require.Equal(s, []objstore.Info{{Key: "large", Size: int64(len(body))}}, s.list("", ""))
}
