package integration

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/integration/faultproxy"
	"streamhouse/integration/wire"
)

// The store does not answer for one partition's object: fetches over all
// partitions are answered by their max_wait with what the others have.
func TestScenario16_SlowPartitionDelaysNobody(t *testing.T) {
	t.Parallel()
	s := s3Store(t)
	b := startBroker(t, s)
	const partitions = 5
	createTopic(t, b, "slow", partitions)
	hanging := s.key(t, journalFileOf(t, s, func() { produce(t, b, "slow", 0, "slow") }))
	for p := int32(1); p < partitions; p++ {
		produce(t, b, "slow", p, "quick")
	}
	restartCold(t, b)
	s.proxy.SetFault(func(r faultproxy.Request) faultproxy.Action {
		if r.Kind == faultproxy.Get && strings.HasSuffix(r.Key, hanging) {
			return faultproxy.Action{Fate: faultproxy.Hang}
		}
		return faultproxy.Action{}
	})

	c := dial(t, b)
	open := map[int32]bool{0: true, 1: true, 2: true, 3: true, 4: true}
	fetch := func() {
		var positions []wire.Position
		for p := range open {
			positions = append(positions, wire.Position{Partition: p})
		}
		// More bytes than there are: only max_wait ends it.
		got, err := c.Fetch("slow", wire.FetchOptions{MinBytes: 1 << 20, MaxBytes: 1 << 20, MaxWaitMillis: 300}, positions...)
		require.NoError(t, err)
		for p, f := range got {
			require.NoError(t, f.Err)
			if len(f.Records) > 0 {
				delete(open, p)
			}
		}
	}
	for i := 0; len(open) > 1; i++ { // a busy machine may need more than one
		require.Less(t, i, 100, "partitions starve: %v", open)
		fetch()
	}
	require.True(t, open[0], "its object hangs")
	s.proxy.SetFault(nil)
	for i := 0; len(open) > 0; i++ {
		require.Less(t, i, 100, "the slow partition is never served")
		fetch()
	}
}
