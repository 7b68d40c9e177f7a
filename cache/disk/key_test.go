package disk

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeys(t *testing.T) {
	for _, k := range []Key{{"a", 0, 1}, {strings.Repeat("a", maxObjectBytes), math.MaxInt64 - 1, 1}} {
		require.NoError(t, k.Validate())
	}
	for _, k := range []Key{{}, {"", 0, 1}, {"a", -1, 1}, {"a", 0, 0}, {"a", 0, -1}, {"a", math.MaxInt64, 1}, {strings.Repeat("a", maxObjectBytes+1), 0, 1}} {
		err := k.Validate()
		require.ErrorIs(t, err, ErrKey)
		require.Less(t, len(err.Error()), 2*maxObjectBytes)
	}
	require.Equal(t, `"a" bytes 5+7`, Key{"a", 5, 7}.String())
	require.EqualValues(t, 12, Key{"a", 5, 7}.End())
}
