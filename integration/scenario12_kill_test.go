package integration

import (
	"flag"
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
		began, killed := time.Now(), kills()
		for kill := range killed {
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
		t.Logf("%d kills in %v: %d records and %d commits of offsets were acknowledged, and all of them are there; %d segments",
			killed, time.Since(began).Round(time.Second), load.promised.acknowledged(), group.acknowledged()+1, len(s.journal(t)))
	})
}

// killCount overrules how often the broker is killed.
var killCount = flag.Int("kills", 0, "how often TestScenario12 kills the broker on each store; 0 is 6, and 100 with -long")

func kills() int {
	switch {
	case *killCount > 0:
		return *killCount
	case *long:
		return 100
	}
	return 6
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

// acknowledged is the last offset whose commit was acknowledged, -1 before the first.
func (c *committer) acknowledged() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.acked
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
	acked := c.acknowledged()
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
