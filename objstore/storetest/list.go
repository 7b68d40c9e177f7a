package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
)

// ListAll returns a whole listing, or what came before its error with that. Other tests use it, too.
func ListAll(ctx context.Context, store objstore.Store, prefix, after string) (infos []objstore.Info, err error) {
	for info, err := range store.List(ctx, prefix, after) {
		if err != nil {
			return infos, err
		}
		infos = append(infos, info)
	}
	return infos, nil
}

func (s *suite) list(prefix, after string) []objstore.Info {
	s.Helper()
	infos, err := ListAll(s.Context(), s.store, prefix, after)
	require.NoError(s, err)
	return infos
}

func (s *suite) keys(prefix, after string) (keys []string) {
	s.Helper()
	for _, info := range s.list(prefix, after) {
		keys = append(keys, info.Key)
	}
	return keys
}

// putMany puts objects of one byte side by side.
func (s *suite) putMany(keys []string) {
	s.Helper()
	var wg sync.WaitGroup
	for chunk := range slices.Chunk(keys, (len(keys)+15)/16) {
		wg.Go(func() {
			for _, key := range chunk {
				if err := s.store.Put(s.Context(), key, []byte{1}); err != nil {
					s.Errorf("%s: %v", key, err)
				}
			}
		})
	}
	wg.Wait()
}

// expected is the listing of keys by its definition.
func expected(keys []string, prefix, after string) (want []string) {
	for _, key := range slices.Sorted(slices.Values(keys)) {
		if strings.HasPrefix(key, prefix) && key > after {
			want = append(want, key)
		}
	}
	return want
}

// ordered are keys in whose order a slash counts as a byte like any other, while
// a walk over folders would take it for less than all others.
func (s *suite) ordered() []string {
	keys := []string{
		"cluster", "journal/0000000001/00000000000000000001", "journal/0000000001/00000000000000000002",
		"journal/0000000002/00000000000000000003", "journal/0000000010/00000000000000000004",
		"segments/A", "segments/a", "segments/b", "snapshots/00000000000000000001", "z",
	}
	if !s.NoListOrder {
		keys = append(keys, "a/b", "a-b/c", "a.b", "a0", "a/b-c", "a/b0/x", "a!/x", "a/-", "a/0/b/c/d", "a/0-", "a/0.b/c")
	}
	return keys
}

// listNothing: a listing of nothing is empty and no error, also under the name of an object.
func listNothing(s *suite) {
	require.Empty(s, s.list("", ""))
	require.Empty(s, s.list("no/such/", ""))
	s.put("some/thing", []byte("x"))
	require.Empty(s, s.list("no/such/", ""))
	require.Empty(s, s.list("some/thing/else", ""))
}

// listInOrder: the order is that of the bytes of the keys, as the replay of the journal needs it.
func listInOrder(s *suite) {
	keys := s.ordered()
	s.putMany(keys)
	require.Equal(s, expected(keys, "", ""), s.keys("", ""))
}

// listByPrefix: a prefix is a beginning of the key, not a folder.
func listByPrefix(s *suite) {
	keys := s.ordered()
	s.putMany(keys)
	prefixes := []string{"journal", "journal/", "journal/0", "journal/0000000001", "journal/0000000001/", "segments/a", "c", "zz"}
	if !s.NoListOrder {
		prefixes = append(prefixes, "a", "a/", "a/b", "a/0", "a/0/", "a-", "a!")
	}
	for _, prefix := range prefixes {
		require.Equal(s, expected(keys, prefix, ""), s.keys(prefix, ""), "prefix %q", prefix)
	}
}

// listAfter: after is left out itself, need not be there, and may lie outside the prefix.
func listAfter(s *suite) {
	keys := s.ordered()
	s.putMany(keys)
	prefixes := []string{"", "journal/", "journal/0000000001/"}
	afters := []string{"0", "journal", "journal/", "journal/0000000001", "journal/0000000001/", "journal/0000000005", "zz", "~"}
	if !s.NoListOrder {
		prefixes = append(prefixes, "a", "a/")
		afters = append(afters, "a", "a/", "a/b", "a-", "a/0", "a/0/", "a/0/b/c/d")
	}
	for _, prefix := range prefixes {
		for _, after := range append(afters, keys...) {
			require.Equal(s, expected(keys, prefix, after), s.keys(prefix, after), "prefix %q after %q", prefix, after)
		}
	}
}

// listInPages: the seams between the pages of a store do not show, and its neighbours are not in it.
func listInPages(s *suite) {
	keys := make([]string, s.ListObjects)
	for i := range keys {
		keys[i] = fmt.Sprintf("pages/%d/%06d", i%3, i)
	}
	s.putMany(append(keys, "page", "pages0"))
	require.Equal(s, expected(keys, "pages/", ""), s.keys("pages/", ""))
	middle := expected(keys, "pages/", "")[len(keys)/2]
	require.Equal(s, expected(keys, "pages/", middle), s.keys("pages/", middle))
}

// listStopsEarly: a loop may end when it likes, and the same listing may be run again from its start.
func listStopsEarly(s *suite) {
	s.putMany([]string{"stop/1", "stop/2", "stop/3"})
	for info, err := range s.store.List(s.Context(), "stop/", "") {
		require.NoError(s, err)
		require.Equal(s, "stop/1", info.Key)
		break
	}
	listing := s.store.List(s.Context(), "stop/", "")
	for range 2 { // a listing can be run again
		n := 0
		for _, err := range listing {
			require.NoError(s, err)
			n++
		}
		require.Equal(s, 3, n)
	}
}

// listSeesEveryPut: a listing has every object whose Put returned before it began. The test also puts and deletes from
// within the loop, which must not lock up.
func listSeesEveryPut(s *suite) {
	for i := range 20 {
		s.put(fmt.Sprintf("seen/%02d", i), []byte("x"))
		require.Len(s, s.keys("seen/", ""), i+1)
	}
	for info, err := range s.store.List(s.Context(), "seen/", "") {
		require.NoError(s, err)
		s.put("other/"+info.Key, []byte("x"))
		require.NoError(s, s.store.Delete(s.Context(), info.Key))
	}
	require.Empty(s, s.keys("seen/", ""))
	require.Len(s, s.keys("other/", ""), 20)
}
