package objstore

import (
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestValidKey(t *testing.T) {
	for _, key := range []string{"a", "a/b", "journal/0000000001/00000000000000000001", "...", ".a", "a b", "~!@", strings.Repeat("a", 255), strings.Repeat("a/", 511) + "aa"} {
		require.NoError(t, ValidKey(key), key)
	}
	for _, key := range []string{"", "/", "a/", "/a", "a//b", ".", "..", "a/.", "../a", "a/../b", "a\x00", "a\x1f", "a\x7f", "\x80", "é", `a\b`, strings.Repeat("a", 256), strings.Repeat("a/", 512) + "a"} {
		require.ErrorIs(t, ValidKey(key), ErrKey, "%q", key)
	}
}

// FuzzValidKey checks that a valid key stays within its folder, and that all of
// its beginnings are valid prefixes.
func FuzzValidKey(f *testing.F) {
	for _, key := range []string{"a/b", "../a", "a//b", "journal/0000000001/00000000000000000001", "...", "a\x00"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if ValidKey(key) != nil {
			return
		}
		require.True(t, filepath.IsLocal(filepath.FromSlash(key)), key)
		require.Equal(t, key, path.Clean(key))
		for i := range len(key) + 1 {
			require.NoError(t, ValidPrefix(key[:i]), key[:i])
		}
	})
}
