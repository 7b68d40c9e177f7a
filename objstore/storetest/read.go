package storetest

import (
	"bytes"
	"math"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
)

func (s *suite) requireRange(body []byte, key string, offset, length int64) {
	s.Helper()
	got, err := s.store.GetRange(s.Context(), key, offset, length)
	require.NoError(s, err, "%d from %d", length, offset)
	require.NotNil(s, got)
	require.True(s, bytes.Equal(body[offset:offset+length], got), "%d from %d", length, offset)
}

// readsAreTheCallers: what a read returns may be written over without harm to the object.
func readsAreTheCallers(s *suite) {
	s.put("mine", noise(1000))
	whole, err := s.store.Get(s.Context(), "mine")
	require.NoError(s, err)
	part, err := s.store.GetRange(s.Context(), "mine", 10, 100)
	require.NoError(s, err)
	clear(whole)
	clear(part)
	s.requireBody(noise(1000), "mine")
	s.requireRange(noise(1000), "mine", 10, 100)
}

// missingObject: a missing object is objstore.ErrNotFound and nothing that somebody has to mend, also above and below a
// key that there is.
func missingObject(s *suite) {
	s.put("there/is/one", []byte("x"))
	for _, key := range []string{"nothing", "there/is/two", "there/is", "there/is/one/more"} {
		_, err := s.store.Get(s.Context(), key)
		require.ErrorIs(s, err, objstore.ErrNotFound, key)
		require.NotErrorIs(s, err, objstore.ErrPermanent, key)
		for _, length := range []int64{0, 1} {
			_, err = s.store.GetRange(s.Context(), key, 0, length)
			require.ErrorIs(s, err, objstore.ErrNotFound, key)
		}
	}
}

// ranges: parts from the first to the last byte; no bytes, which are not nil, may be read anywhere up to the end.
func ranges(s *suite) {
	body := noise(1000)
	s.put("ranged", body)
	for _, r := range [][2]int64{{0, 1}, {0, 1000}, {999, 1}, {1, 999}, {500, 100}, {0, 0}, {500, 0}, {1000, 0}} {
		s.requireRange(body, "ranged", r[0], r[1])
	}
}

// rangesBeyondTheEnd: a range that the object does not hold whole is objstore.ErrRange, never a short answer, and no sum
// of offset and length overflows.
func rangesBeyondTheEnd(s *suite) {
	s.put("short", noise(1000))
	for _, r := range [][2]int64{
		{0, 1001}, {999, 2}, {1000, 1}, {1001, 0}, {1001, 1}, {5000, 5000}, {-1, 1}, {-1, 0}, {0, -1}, {500, -1},
		{0, math.MaxInt64}, {1, math.MaxInt64}, {math.MaxInt64, 1}, {math.MaxInt64, 0}, {math.MaxInt64, math.MaxInt64},
	} {
		got, err := s.store.GetRange(s.Context(), "short", r[0], r[1])
		require.ErrorIs(s, err, objstore.ErrRange, "%d from %d", r[1], r[0])
		require.Nil(s, got)
	}
}

// rangesOfAnEmptyObject: HTTP has no range that fits an empty object; the interface has one.
func rangesOfAnEmptyObject(s *suite) {
	s.put("hollow", nil)
	s.requireRange(nil, "hollow", 0, 0)
	for _, r := range [][2]int64{{0, 1}, {1, 0}} {
		_, err := s.store.GetRange(s.Context(), "hollow", r[0], r[1])
		require.ErrorIs(s, err, objstore.ErrRange)
	}
}
