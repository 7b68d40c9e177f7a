package log

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
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
		outcome(t, e.CreateTopics(specs))
		synctest.Wait()
		require.Zero(t, e.unsaved())
		e.crash()
		require.Empty(t, e.state.Diff(e.onDisk()))
	})
}

// A start that has replayed much writes the file anew instead of in one transaction.
func TestFileThatIsFarBehindIsWrittenAnew(t *testing.T) {
	e := newEngine(t)
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
