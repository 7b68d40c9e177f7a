package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/integration/faultproxy"
)

// PUTs fail in every way at random while producers keep several flushes in the
// air: no flush steps over one that failed.
func TestScenario10_FailingPutsLeaveNoHole(t *testing.T) {
	t.Parallel()
	s := s3Store(t)
	b := startBroker(t, s)
	createTopic(t, b, "holes", 4)
	random := seeded(t)
	s.proxy.SetFault(some(random, 0.35, faultproxy.SlowDown, faultproxy.Fail, faultproxy.Cut, faultproxy.FailAfter, faultproxy.CutAfter))

	promised := newLedger()
	for _, name := range []string{"a-", "b-"} {
		cl := newClient(t, b, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(4_000))
		for i, v := range numbered(name, 2_000) {
			promised.produce(t, cl, "holes", int32(i%4), v)
			if i%100 == 99 {
				require.NoError(t, cl.Flush(guarded(t)))
			}
		}
	}
	require.Equal(t, 4_000, promised.acknowledged())
	s.proxy.SetFault(nil)
	promised.verify(t, b, "holes")
	b.Kill()
	require.NoError(t, b.ForgetMetadata())
	require.NoError(t, b.Start())
	promised.verify(t, b, "holes")
}
