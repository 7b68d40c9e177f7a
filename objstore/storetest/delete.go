package storetest

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
)

// deleteThenRead: what is deleted is gone from reads and listings at once, and nothing else is.
func deleteThenRead(s *suite) {
	s.putMany([]string{"gone/1", "gone/2", "gone/3"})
	require.NoError(s, s.store.Delete(s.Context(), "gone/1", "gone/3"))
	require.Equal(s, []string{"gone/2"}, s.keys("", ""))
	_, err := s.store.Get(s.Context(), "gone/1")
	require.ErrorIs(s, err, objstore.ErrNotFound)
	_, err = s.store.GetRange(s.Context(), "gone/3", 0, 1)
	require.ErrorIs(s, err, objstore.ErrNotFound)
}

// deleteMissing: a key that holds no object is no error, whether another key lies below it, above it, or it is named twice.
func deleteMissing(s *suite) {
	s.put("folder/stays", []byte("x"))
	require.NoError(s, s.store.Delete(s.Context(), "never/there", "nor/this", "folder", "folder/stays/more"))
	require.NoError(s, s.store.Delete(s.Context(), "never/there", "never/there"))
	require.Equal(s, []string{"folder/stays"}, s.keys("", ""))
}

// deleteNothing: without keys nothing is deleted. Some servers refuse an empty request, so there must be none.
func deleteNothing(s *suite) {
	s.put("stays", []byte("x"))
	require.NoError(s, s.store.Delete(s.Context()))
	require.Equal(s, []string{"stays"}, s.keys("", ""))
}

// deleteMany deletes more than S3 takes at once, missing ones among them.
func deleteMany(s *suite) {
	keys := make([]string, s.ListObjects)
	for i := range keys {
		keys[i] = fmt.Sprintf("bulk/%d/%06d", i%5, i)
	}
	s.putMany(keys)
	s.put("bulk/stays", []byte("x"))
	for i := range 10 {
		keys = append(keys, fmt.Sprintf("bulk/missing/%d", i))
	}
	require.NoError(s, s.store.Delete(s.Context(), keys...))
	require.Equal(s, []string{"bulk/stays"}, s.keys("", ""))
}
