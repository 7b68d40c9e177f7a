package log

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What is drawn stays within the limit, but what is larger than all of it goes through alone.
func TestAccount(t *testing.T) {
	a := account{limit: 10}
	require.True(t, a.draw(4))
	require.True(t, a.draw(6))
	require.False(t, a.draw(1))
	a.release(4)
	require.False(t, a.draw(5))
	require.True(t, a.draw(4))
	a.release(10)
	require.True(t, a.draw(1000), "alone")
	require.False(t, a.draw(1))
	a.release(995)
	require.False(t, a.draw(6))
	a.release(-7) // turned out larger
	used, most := a.figures()
	require.Equal(t, []int64{12, 1000}, []int64{used, most})
	require.False(t, a.draw(1))
	a.release(12)
	require.Panics(t, func() { a.release(1) })
}
