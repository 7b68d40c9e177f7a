package integration

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/integration/broker"
	"streamhouse/integration/faultproxy"
	"streamhouse/integration/wire"
)

// A thousand readers that lag read a partition from its start, all at once,
// from a broker whose caches are empty: all get everything, and the store is not
// asked a thousand times.
func TestScenario26_ThousandCatchUpReaders(t *testing.T) {
	s := s3Store(t)
	b := startBroker(t, s)
	createTopic(t, b, "crowd", 1)
	const readers, batches = 1_000, 20
	sent := make([][]byte, batches)
	c := dial(t, b)
	for i := range sent {
		sent[i] = wire.Plain(1, wire.Record{Value: incompressible(10_000 + i)}).Bytes()
		got, err := c.Produce("crowd", 0, sent[i])
		require.NoError(t, err)
		require.NoError(t, got.Err)
	}
	restartCold(t, b)
	s.proxy.Reset()

	var crowd sync.WaitGroup
	failures := make(chan error, readers)
	for range min(readers, spareFiles(t)) {
		crowd.Go(func() { failures <- catchUp(b, sent) })
	}
	crowd.Wait()
	close(failures)
	for err := range failures {
		require.NoError(t, err)
	}
	require.LessOrEqual(t, len(s.proxy.Requests(faultproxy.Get)), 2*batches, "readers of one block share a GET")
}

// catchUp reads the partition on a connection of its own.
func catchUp(b *broker.Broker, want [][]byte) error {
	c, err := wire.Dial(b.Kafka)
	if err != nil {
		return err
	}
	defer c.Close()
	for at := 0; at < len(want); {
		got, err := c.Fetch("crowd", patient, wire.Position{Offset: int64(at)})
		if err != nil {
			return err
		}
		batches, err := wire.Split(got[0].Records)
		if err = errors.Join(err, got[0].Err); err != nil {
			return err
		}
		for _, batch := range batches {
			if !wire.SameButPlace(want[at], batch) {
				return errors.New("a batch is not as it was sent")
			}
			at++
		}
	}
	return nil
}

// Ten thousand connections, or as many as this machine gives a process, are open
// and idle: the broker serves others meanwhile, and holds little for each.
func TestScenario26_TenThousandIdleConnections(t *testing.T) {
	b := startBroker(t, localStore(t))
	createTopic(t, b, "visible", 1)
	n := min(10_000, spareFiles(t))
	t.Logf("%d connections", n)
	before := residentBytes(t, b)
	for range n {
		dial(t, b)
	}
	got, err := dial(t, b).Produce("visible", 0, valueBatch(0))
	require.NoError(t, err)
	require.Equal(t, wire.Produced{}, got)
	requireFetched(t, dial(t, b), 0, atOnce)
	require.Less(t, (residentBytes(t, b)-before)/int64(n), int64(64<<10), "bytes for an idle connection")
}

// spareFiles is how many connections this process may open.
func spareFiles(t *testing.T) int {
	t.Helper()
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	const ours = 500
	require.Greater(t, limit.Cur, uint64(2*ours))
	return int(min(limit.Cur, 1<<20)) - ours
}

// The broker runs out of file descriptors: who is connected is served, who comes
// in vain does not hang for ever, and afterwards all is well.
func TestScenario26_FileDescriptorsRunOut(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := newBroker(t, s)
		b.LimitFiles(760) // with fewer it refuses to start
		require.NoError(t, b.Start())
		createTopic(t, b, "visible", 1)
		early := dial(t, b)
		first, err := early.Produce("visible", 0, valueBatch(0))
		require.NoError(t, err)
		require.Equal(t, wire.Produced{}, first)

		var crowd []net.Conn
		for range 200 {
			c, err := net.Dial("tcp", b.Kafka) // the broker closes those that are too many
			require.NoError(t, err)
			crowd = append(crowd, c)
		}
		requireFetched(t, early, 0, atOnce)
		for _, c := range crowd {
			require.NoError(t, c.Close())
		}
		require.Eventually(t, func() bool { // the broker has to notice that they have left
			got, err := dial(t, b).Produce("visible", 0, valueBatch(1))
			return err == nil && got.Err == nil
		}, time.Minute, 10*time.Millisecond)
		late, err := early.Produce("visible", 0, valueBatch(2))
		require.NoError(t, err)
		require.NoError(t, late.Err)
		select {
		case <-b.Done():
			t.Fatal("the broker ended")
		default:
		}
	})
}

// More connections than the setting allows are refused, not left hanging.
func TestScenario26_ConnectionLimit(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t), "STREAMHOUSE_KAFKA_MAX_CONNECTIONS=10")
	refused := 0
	var crowd []*wire.Conn
	for range 20 {
		crowd = append(crowd, dial(t, b))
	}
	for _, c := range crowd {
		if _, _, err := c.ProducerID(); err != nil {
			refused++
		}
	}
	require.Equal(t, 10, refused)
	for _, c := range crowd {
		require.NoError(t, c.Close())
	}
	createTopic(t, b, "visible", 1) // there is room again
}
