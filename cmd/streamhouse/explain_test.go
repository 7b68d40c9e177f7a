package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/log"
	"streamhouse/objstore"
)

func TestErrorsComeWithAdvice(t *testing.T) {
	for _, a := range advice {
		err := explain(fmt.Errorf("open: %w", a.when))
		require.ErrorIs(t, err, a.when)
		require.ErrorContains(t, err, a.do)
	}
	other := errors.New("other")
	require.Equal(t, other, explain(other))

	// A store that refuses for good is named as that, whatever the engine calls it.
	err := explain(fmt.Errorf("%w: %w", log.ErrUnavailable, objstore.ErrPermanent))
	require.ErrorContains(t, err, "STREAMHOUSE_BUCKET")
}
