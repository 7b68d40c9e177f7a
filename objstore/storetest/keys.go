package storetest

import (
	"context"
	"strings"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
)

// invalidKeys: every method refuses what [objstore.ValidKey] does, with objstore.ErrKey and without having done anything, also for the
// valid keys beside it.
func invalidKeys(s *suite) {
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/../b", "a/./b", "a\x00b", `a\b`, "ä", "a\nb", "a\x7f", "a\xff",
		strings.Repeat("a", 256), strings.Repeat("a/", 512) + "a",
	} {
		require.ErrorIs(s, s.store.Put(s.Context(), key, []byte("x")), objstore.ErrKey, "%q", key)
		_, err := s.store.Get(s.Context(), key)
		require.ErrorIs(s, err, objstore.ErrKey, "%q", key)
		_, err = s.store.GetRange(s.Context(), key, 0, 1)
		require.ErrorIs(s, err, objstore.ErrKey, "%q", key)
		require.ErrorIs(s, s.store.Delete(s.Context(), "fine", key), objstore.ErrKey, "%q", key)
	}
	for _, prefix := range []string{"/", "../", "a/../", "a//", "a\x00", "./a"} {
		requireListError(s, s.Context(), prefix, objstore.ErrKey)
	}
	require.Empty(s, s.keys("", ""))
}

// unusualKeys: what is valid is stored under its own name, however much of it has a meaning in URLs, XML or shells.
func unusualKeys(s *suite) {
	keys := []string{
		"with space/a b", "signs/!\"#$%&'()*+,-.:;<=>?@[]^_`{|}~", "percent/%2F%20+", "dots/...", "dots/.hidden", "dots/a..b",
		"long/" + strings.Repeat("x", 255), strings.Repeat("deep/", 40) + "end",
	}
	for _, key := range keys {
		s.put(key, []byte(key))
		s.requireBody([]byte(key), key)
		s.requireRange([]byte(key), key, 1, 2)
	}
	require.Equal(s, expected(keys, "", ""), s.keys("", ""))
	for _, key := range keys {
		require.Equal(s, []string{key}, s.keys(key, ""))
	}
	require.NoError(s, s.store.Delete(s.Context(), keys...))
	require.Empty(s, s.keys("", ""))
}

// endedContext: with a context that has ended every method returns its error and does nothing.
func endedContext(s *suite) {
	s.put("before", []byte("x"))
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	require.ErrorIs(s, s.store.Put(ctx, "after", []byte("x")), context.Canceled)
	_, err := s.store.Get(ctx, "before")
	require.ErrorIs(s, err, context.Canceled)
	_, err = s.store.GetRange(ctx, "before", 0, 1)
	require.ErrorIs(s, err, context.Canceled)
	require.ErrorIs(s, s.store.Delete(ctx, "before"), context.Canceled)
	requireListError(s, ctx, "", context.Canceled)
	require.Equal(s, []string{"before"}, s.keys("", ""))
}

// requireListError requires a listing that yields one error and nothing else.
func requireListError(s *suite, ctx context.Context, prefix string, want error) {
	s.Helper()
	n := 0
	for _, err := range s.store.List(ctx, prefix, "") {
		require.ErrorIs(s, err, want, "prefix %q", prefix)
		n++
	}
	require.Equal(s, 1, n)
}
