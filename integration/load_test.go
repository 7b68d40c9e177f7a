package integration

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// load is an idempotent producer at work: whatever becomes of the broker, it
// goes on until it is stopped.
type load struct {
	t        *testing.T
	promised *ledger
	client   *kgo.Client
	quit     chan struct{}
	worker   sync.WaitGroup
}

// startLoad writes numbered values to all partitions of a topic.
func startLoad(t *testing.T, topic string, partitions int, opts ...kgo.Opt) *load {
	t.Helper()
	cl, err := kgo.NewClient(slices.Concat(impatient(), []kgo.Opt{
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchMaxBytes(20_000),
		kgo.MaxBufferedRecords(500), // what is in flight when the broker dies
		kgo.UnknownTopicRetries(-1),
	}, opts)...)
	require.NoError(t, err)
	l := &load{t: t, promised: newLedger(), client: cl, quit: make(chan struct{})}
	l.worker.Go(func() { l.work(topic, partitions) })
	t.Cleanup(func() {
		l.end()
		cl.Close()
	})
	return l
}

func (l *load) work(topic string, partitions int) {
	pace := time.NewTicker(2 * time.Millisecond) // leaves the machine to the broker
	defer pace.Stop()
	for i := 0; ; {
		select {
		case <-l.quit:
			return
		case <-pace.C:
		}
		for range 10 {
			l.promised.produce(l.t, l.client, topic, int32(i%partitions), "load-"+strconv.Itoa(i))
			i++
		}
	}
}

// awaitAcknowledged waits until so many records are acknowledged.
func (l *load) awaitAcknowledged(n int) {
	l.t.Helper()
	l.promised.await(l.t, n)
}

// stop ends the load and waits until everything it sent is acknowledged.
func (l *load) stop() {
	l.t.Helper()
	l.end()
	require.NoError(l.t, l.client.Flush(guarded(l.t)))
}

func (l *load) end() {
	select {
	case <-l.quit:
	default:
		close(l.quit)
	}
	l.worker.Wait()
}
