package log

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
	"streamhouse/objstore/dir"
	"streamhouse/objstore/mem"
)

const (
	crowdTopics   = 2 // of MaxPartitions each
	crowdGroups   = 5000
	crowdSegments = 1500
)

// A bucket of many partitions, groups and segments opens without its metadata file, on every store: one read for each
// segment, a few listings whatever there is, and clients are served before the file is whole. With the file,
// the next start reads no segment again.
func TestScenario38_StartWithoutTheMetadataFile(t *testing.T) {
	stores := map[string]func(*testing.T) objstore.Store{
		"memory": func(*testing.T) objstore.Store { return mem.New() },
		"directory": func(t *testing.T) objstore.Store {
			store, err := dir.Open(filepath.Join(t.TempDir(), "storage"))
			require.NoError(t, err)
			return store
		},
	}
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			store := open(t)
			synctest.Test(t, func(t *testing.T) { startWithoutTheFile(t, store) })
		})
	}
}

func startWithoutTheFile(t *testing.T, store objstore.Store) {
	current := make(chan struct{}, 1)
	e := openEngine(t, store, func(o *Options) {
		o.FlushBytes = 1 // a segment for each append
		o.MaxInFlight = MaxPipeline
		o.PartitionChangeRate = 1 << 30
		o.Events.MetadataCurrent = func() { current <- struct{}{} }
	})
	p := e.crowd()
	require.NoError(t, e.Close(t.Context()))
	e.forget()

	// The file cannot be written at first: nobody needs it to serve.
	inTheWay := filepath.Join(e.o.MetadataPath+".new", "in the way")
	quiet := e.o.Logger
	e.o.Logger = slog.New(onceSaid("journal replayed", func() { require.NoError(t, os.MkdirAll(inTheWay, 0o755)) }))
	trace := objstore.NewTrace(store)
	e.store = trace
	e.open()
	segments := int(e.state.Seq)
	require.Greater(t, segments, crowdSegments)
	require.LessOrEqual(t, trace.Count(objstore.OpGetRange), segments+segments/10, "a large segment takes two")
	require.LessOrEqual(t, trace.Count(objstore.OpList), 6)
	require.Len(t, e.Groups(), crowdGroups)
	res := e.append(p[0], testBatch(t, nil, "served"))
	require.NoError(t, res.Err)
	require.NoFileExists(t, e.o.MetadataPath)

	require.NoError(t, os.Remove(inTheWay)) // the empty folder is removed by who writes the file
	<-current
	require.NoError(t, e.Close(t.Context()))
	require.Empty(t, e.state.Diff(e.onDisk()))
	trace = objstore.NewTrace(store)
	e.store, e.o.Logger = trace, quiet
	e.open()
	require.Zero(t, trace.Count(objstore.OpGetRange))
}

// crowd makes many of everything, and returns the partitions of one topic.
func (e *engine) crowd() []PartitionID {
	e.t.Helper()
	var p []PartitionID
	for i := range crowdTopics {
		p = e.topic(fmt.Sprint("t", i), MaxPartitions)
		time.Sleep(time.Second) // for the pace
	}
	var started []func()
	for i := range crowdGroups {
		pending := e.CommitOffsets(fmt.Sprint("g", i), []OffsetCommit{{Partition: p[i], Offset: 1, LeaderEpoch: -1}})
		started = append(started, func() { require.NoError(e.t, outcome(e.t, pending)[0]) })
	}
	for i := range crowdSegments {
		pending, err := e.Append(e.t.Context(), []AppendRequest{{Partition: p[i], Records: testBatch(e.t, nil, "v")}})
		require.NoError(e.t, err)
		started = append(started, func() { require.NoError(e.t, outcome(e.t, pending)[0].Err) })
	}
	for _, await := range started {
		await()
	}
	return p
}

// saying is a handler that does something when a line is logged for the first time.
type saying struct {
	slog.Handler
	line string
	do   func()
	once sync.Once
}

func onceSaid(line string, do func()) slog.Handler {
	return &saying{Handler: slog.DiscardHandler, line: line, do: do}
}

func (s *saying) Enabled(context.Context, slog.Level) bool { return true }

func (s *saying) Handle(_ context.Context, r slog.Record) error {
	if r.Message == s.line {
		s.once.Do(s.do)
	}
	return nil
}
