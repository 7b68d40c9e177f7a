package dir

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSmallestKeepsTheFirst(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 60 {
		for limit := 1; limit < 20; limit++ {
			var all []string
			for i := range n {
				all = append(all, fmt.Sprintf("%03d", i))
			}
			s := smallest{limit: limit}
			for _, i := range rnd.Perm(n) {
				s.add(all[i])
				if rnd.IntN(4) == 0 {
					s.add(all[i]) // a folder that changes may be read so
				}
				require.LessOrEqual(t, len(s.names), 2*limit)
			}
			names, more := s.sorted()
			require.True(t, slices.Equal(all[:min(n, limit)], names))
			require.Equal(t, n > limit, more)
		}
	}
}
