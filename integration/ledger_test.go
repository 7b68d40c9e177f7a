package integration

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/integration/broker"
)

// ledger holds what producers were promised, to be compared with what is there.
// All methods may be called concurrently.
type ledger struct {
	mu     sync.Mutex
	grown  chan struct{}    // closed and renewed when a record is acknowledged
	sent   map[string]bool  // values given to a producer
	acked  map[place]string // values acknowledged, by the place that the broker named
	errors []error
}

type place struct {
	topic     string
	partition int32
	offset    int64
}

func newLedger() *ledger {
	return &ledger{grown: make(chan struct{}), sent: make(map[string]bool), acked: make(map[place]string)}
}

// produce sends a value through an idempotent client and notes its fate.
func (l *ledger) produce(t *testing.T, cl *kgo.Client, topic string, partition int32, value string) {
	l.mu.Lock()
	l.sent[value] = true
	l.mu.Unlock()
	cl.Produce(t.Context(), &kgo.Record{Topic: topic, Partition: partition, Value: []byte(value)}, l.settle)
}

func (l *ledger) settle(r *kgo.Record, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.errors = append(l.errors, fmt.Errorf("%s: %w", r.Value, err))
		return
	}
	at := place{r.Topic, r.Partition, r.Offset}
	if other, taken := l.acked[at]; taken {
		l.errors = append(l.errors, fmt.Errorf("%v was promised to %s and to %s", at, other, r.Value))
	}
	l.acked[at] = string(r.Value)
	close(l.grown)
	l.grown = make(chan struct{})
}

// await waits until n records are acknowledged.
func (l *ledger) await(t *testing.T, n int) {
	t.Helper()
	hang := guarded(t).Done()
	for {
		l.mu.Lock()
		have, grown, failed := len(l.acked), l.grown, l.errors
		l.mu.Unlock()
		require.Empty(t, failed)
		if have >= n {
			return
		}
		select {
		case <-grown:
		case <-hang:
			t.Fatalf("%d records are acknowledged, of %d", have, n)
		}
	}
}

// acknowledged is how many records were.
func (l *ledger) acknowledged() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked)
}

// verify reads the topic and checks that every acknowledged record is where the
// broker said, that no value is there twice or was never sent, that offsets have no
// holes, and that each producer's values stand in the order in which it sent them. Values are
// written <producer>-<number>.
func (l *ledger) verify(t *testing.T, b *broker.Broker, topic string) {
	t.Helper()
	there := readAll(t, b, topic)
	l.mu.Lock()
	defer l.mu.Unlock()
	require.Empty(t, l.errors)
	seen := make(map[string]place)
	for partition, records := range there {
		latest := make(map[string]int)
		for i, r := range records {
			at, value := place{topic, partition, r.Offset}, string(r.Value)
			require.Equal(t, int64(i), r.Offset, "a hole in partition %d", partition)
			if first, twice := seen[value]; twice {
				t.Fatalf("%s is there twice, at %v and at %v", value, first, at)
			}
			require.True(t, l.sent[value], "%s was never sent", value)
			seen[value] = at
			producer, number := parseValue(t, value)
			if before, ok := latest[producer]; ok {
				require.Greater(t, number, before, "order of %s in partition %d", producer, partition)
			}
			latest[producer] = number
		}
	}
	for at, value := range l.acked {
		if at.topic == topic {
			require.Equal(t, at, seen[value], "%s was acknowledged", value)
		}
	}
}

func parseValue(t *testing.T, value string) (producer string, number int) {
	t.Helper()
	producer, digits, ok := strings.Cut(value, "-")
	require.True(t, ok, value)
	number, err := strconv.Atoi(digits)
	require.NoError(t, err)
	return producer, number
}
