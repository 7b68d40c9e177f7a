package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestErrorsComeWithAdvice(t *testing.T) {
	for _, a := range advice {
		err := explain(fmt.Errorf("open: %w", a.when))
		require.ErrorIs(t, err, a.when)
		require.ErrorContains(t, err, a.do)
	}
	other := errors.New("other")
	require.Equal(t, other, explain(other))
}
