package log

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/meta"
)

// onDisk is the state that the metadata file of a log that has ended holds.
func (e *engine) onDisk() *meta.State {
	e.t.Helper()
	db, err := meta.OpenDB(e.o.MetadataPath)
	require.NoError(e.t, err)
	s, err := db.Load()
	require.NoError(e.t, err)
	require.NoError(e.t, db.Close())
	return s
}

func (e *engine) unsaved() int {
	e.commitMu.Lock()
	defer e.commitMu.Unlock()
	return e.state.Unsaved()
}

// Many changes are written without waiting for the interval, so that no transaction is too large.
func TestManyChangesAreWrittenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, func(o *Options) { o.MetadataInterval = time.Hour })
		synctest.Wait()
		specs := make([]TopicSpec, 2)
		for i := range specs {
			specs[i] = TopicSpec{Name: fmt.Sprint("few", i), Partitions: 100}
		}
		outcome(t, e.CreateTopics(specs))
		synctest.Wait()
		require.Greater(t, e.unsaved(), 200, "few wait")
		specs = make([]TopicSpec, maxUnsaved/MaxPartitions)
		for i := range specs {
			specs[i] = TopicSpec{Name: fmt.Sprint("many", i), Partitions: MaxPartitions}
		}
		for _, r := range e.CreateTopicsPaced(t.Context(), specs) {
			require.NoError(t, r.Err)
		}
		synctest.Wait()
		require.Zero(t, e.unsaved())
		e.crash()
		require.Empty(t, e.state.Diff(e.onDisk()))
	})
}

// A start that has replayed much writes the file anew instead of in one transaction.
func TestFileThatIsFarBehindIsWrittenAnew(t *testing.T) {
	e := newEngine(t, func(o *Options) { o.Limits.Partitions, o.PartitionChangeRate = 2*maxUnsavedAtStart, 1<<30 })
	require.NoError(t, e.Close(t.Context()))
	old, err := os.ReadFile(e.o.MetadataPath)
	require.NoError(t, err)
	e.open()
	for i := range maxUnsavedAtStart/MaxPartitions + 1 {
		e.topic(fmt.Sprint("t", i), MaxPartitions)
	}
	require.NoError(t, e.Close(t.Context()))
	require.NoError(t, os.WriteFile(e.o.MetadataPath, old, 0o600))
	var lines strings.Builder
	e.o.Logger = slog.New(slog.NewTextHandler(&lines, nil))
	e.open()
	require.NoError(t, e.Close(t.Context()))
	require.Contains(t, lines.String(), "metadata file written anew")
	require.Empty(t, e.state.Diff(e.onDisk()))
}

// Readers that look between the steps of a large commit see each partition before it or behind it,
// and find in memory what they see.
func TestReadersSeeLargeCommitsPartitionByPartition(t *testing.T) {
	var mu sync.Mutex
	steps, misses := 0, 0
	e := newEngine(t, func(o *Options) {
		o.FlushInterval = 50 * time.Millisecond
		o.Events.StateHeld = func(time.Duration) { mu.Lock(); steps++; mu.Unlock() }
		o.Events.CacheMiss = func() { mu.Lock(); misses++; mu.Unlock() }
	})
	p := e.topic("t", 5000)
	reqs := make([]AppendRequest, len(p))
	for i := range p {
		reqs[i] = AppendRequest{Partition: p[i], Records: testBatch(t, nil, "v")}
	}
	mu.Lock()
	steps = 0
	mu.Unlock()
	done := make(chan struct{})
	var readers sync.WaitGroup
	for r := range 4 {
		readers.Go(func() {
			for i := r; ; i = (i + 37) % len(p) {
				res := e.Read(context.Background(), []ReadRequest{{Partition: p[i], MaxBytes: 1 << 20, LeaderEpoch: -1}}, ReadOptions{MaxBytes: 1 << 20})[0]
				if res.Err != nil || res.HighWatermark > 0 != (res.Bytes > 0) {
					t.Errorf("partition %d: high watermark %d, %d bytes, %v", i, res.HighWatermark, res.Bytes, res.Err)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	pending, err := e.Append(t.Context(), reqs)
	require.NoError(t, err)
	for _, r := range outcome(t, pending) {
		require.NoError(t, r.Err)
	}
	close(done)
	readers.Wait()
	mu.Lock()
	defer mu.Unlock()
	require.GreaterOrEqual(t, steps, len(p)/applyStep)
	require.Zero(t, misses)
}
