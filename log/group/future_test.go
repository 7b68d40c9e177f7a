package group

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFuture(t *testing.T) {
	over, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)

	value, err := resolved(7, nil).Wait(over)
	require.NoError(t, err, "a result that is there comes first")
	require.Equal(t, 7, value)

	var left *Future[int]
	f := newFuture(9, func(f *Future[int]) { left = f })
	value, err = f.Wait(over)
	require.ErrorIs(t, err, ErrCanceled)
	require.ErrorIs(t, err, gone)
	require.Equal(t, 9, value)
	require.Same(t, f, left)

	left = nil
	f = newFuture(9, func(f *Future[int]) { left = f })
	go f.resolve(8, nil)
	value, err = f.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, 8, value)
	require.Nil(t, left)
}
