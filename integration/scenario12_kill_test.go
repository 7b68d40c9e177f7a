package integration

import (
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/integration/broker"
	"streamhouse/integration/faultproxy"
	"streamhouse/integration/wire"
)

// The broker is killed under load, many times, at random moments; every other
// time its metadata file is lost with it. No acknowledged record is lost, none
// of the idempotent producer's is there twice, and committed offsets are never behind what was
// acknowledged.
func TestScenario12_KilledUnderLoad(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		random := seeded(t)
		if s.proxy != nil {
			s.proxy.SetFault(some(random, 1, faultproxy.Pass)) // a delay each, for kills to fall into
		}
		b := startBroker(t, s)
		createTopic(t, b, "killed", 4)
		load := startLoad(t, "killed", 4, kgo.SeedBrokers(b.Kafka))
		group := startCommitter(t, b, "killed")
		for kill := range kills(t) {
			load.awaitAcknowledged(load.promised.acknowledged() + 1)
			time.Sleep(random.between(0, 400*time.Millisecond)) // the moment is the point
			b.Kill()
			if kill%2 == 1 {
				require.NoError(t, b.ForgetMetadata())
			}
			require.NoError(t, b.Start())
			group.requireKept()
		}
		load.stop()
		group.stop()
		load.promised.verify(t, b, "killed")

		stopBroker(t, b)
		require.NoError(t, b.ForgetMetadata())
		require.NoError(t, b.ForgetCache())
		require.NoError(t, b.Start())
		load.promised.verify(t, b, "killed")
		group.requireKept()
	})
}

// kills is how often the broker is killed.
func kills(t *testing.T) int {
	t.Helper()
	s := os.Getenv("KILLS")
	if s == "" {
		return 6
	}
	n, err := strconv.Atoi(s)
	require.NoError(t, err, "KILLS")
	return n
}

// committer commits ever larger offsets for a group and remembers which one the
// broker acknowledged last.
type committer struct {
	t      *testing.T
	b      *broker.Broker
	topic  string
	quit   chan struct{}
	worker sync.WaitGroup

	mu    sync.Mutex
	acked int64
}

func startCommitter(t *testing.T, b *broker.Broker, topic string) *committer {
	t.Helper()
	c := &committer{t: t, b: b, topic: topic, quit: make(chan struct{}), acked: -1}
	c.worker.Go(c.work)
	t.Cleanup(c.stop)
	return c
}

// work commits on a connection for as long as that lives, then on the next one.
func (c *committer) work() {
	for next := int64(0); ; {
		conn, err := wire.Dial(c.b.Kafka)
		for err == nil {
			if c.stopped(0) {
				_ = conn.Close() // nothing is under way
				return
			}
			if err = conn.Commit("committer", c.topic, 0, next); err == nil {
				c.mu.Lock()
				c.acked = next
				c.mu.Unlock()
				next++
			}
		}
		if conn != nil {
			_ = conn.Close() // it is broken
		}
		if c.stopped(20 * time.Millisecond) { // the broker is down: do not spin
			return
		}
	}
}

func (c *committer) stopped(wait time.Duration) bool {
	select {
	case <-c.quit:
		return true
	case <-time.After(wait):
		return false
	}
}

// requireKept checks that the broker still has what it acknowledged. One commit
// that was not acknowledged may have been stored.
func (c *committer) requireKept() {
	c.t.Helper()
	c.mu.Lock()
	acked := c.acked
	c.mu.Unlock()
	conn := dial(c.t, c.b)
	got, err := conn.Committed("committer", c.topic, 0)
	require.NoError(c.t, err)
	require.GreaterOrEqual(c.t, got, acked, "the committed offset went back")
}

func (c *committer) stop() {
	select {
	case <-c.quit:
	default:
		close(c.quit)
	}
	c.worker.Wait()
}
