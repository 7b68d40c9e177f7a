package log

import (
	"context"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// fillDisk makes all writes to an open file of this process fail as on a full disk.
func fillDisk(t testing.TB, path string) {
	t.Helper()
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	require.NoError(t, err)
	defer full.Close()
	open, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	for _, f := range open {
		if target, _ := os.Readlink("/proc/self/fd/" + f.Name()); target == path {
			fd, err := strconv.Atoi(f.Name())
			require.NoError(t, err)
			require.NoError(t, syscall.Dup3(int(full.Fd()), fd, syscall.O_CLOEXEC))
			return
		}
	}
	t.Fatalf("%s is not open", path)
}

// A metadata file that cannot be written stops nothing: it is said, nothing is kept in memory for
// it, and it is written anew as soon as that is possible.
func TestMetadataFileThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h heard
		var lines strings.Builder
		e := newEngine(t, func(o *Options) {
			o.Logger = slog.New(slog.NewTextHandler(&lines, nil))
			o.Events.MetadataStale = func(since time.Time, err error) { h.note("stale for %v", time.Since(since).Round(time.Second)) }
			o.Events.MetadataCurrent = func() { h.note("current") }
		})
		p := e.topic("t", 1)[0]
		time.Sleep(2 * time.Second)
		require.Empty(t, h.take())

		fillDisk(t, e.o.MetadataPath)
		inTheWay := e.o.MetadataPath + ".new"
		require.NoError(t, os.MkdirAll(inTheWay+"/full", 0o700))
		require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
		time.Sleep(time.Hour)
		told := h.take()
		require.Equal(t, "stale for 0s", told[0])
		require.Greater(t, len(told), 50, "it is tried about once a minute")
		require.Less(t, len(told), 300)
		require.Contains(t, lines.String(), e.o.MetadataPath)
		require.Contains(t, lines.String(), "level=ERROR")
		require.Contains(t, lines.String(), "the bucket has everything")
		require.NoError(t, e.Health())
		require.NoError(t, e.append(p, testBatch(t, nil, "w")).Err)
		require.Zero(t, e.unsaved(), "nothing is collected for no file")

		require.NoError(t, os.RemoveAll(inTheWay))
		time.Sleep(time.Minute)
		require.Equal(t, []string{"current"}, h.take())
		require.Contains(t, lines.String(), "current again")
		require.NoError(t, e.append(p, testBatch(t, nil, "x")).Err)
		require.NotZero(t, e.unsaved())
		time.Sleep(2 * time.Second)
		require.Zero(t, e.unsaved())
		e.crash()
		require.Empty(t, e.state.Diff(e.onDisk()))
		e.open()
		require.Equal(t, []string{"v", "w", "x"}, e.values(p, 0))
	})
}

// A file that cannot be written when the log is closed costs time at the next start, and nothing
// else. A stop whose time is over writes nothing anew, and leaves nothing of it.
func TestCloseWithoutAMetadataFile(t *testing.T) {
	for _, inTime := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			e := newEngine(t)
			p := e.topic("t", 1)[0]
			time.Sleep(2 * time.Second)
			fillDisk(t, e.o.MetadataPath)
			inTheWay := e.o.MetadataPath + ".new"
			require.NoError(t, os.MkdirAll(inTheWay+"/full", 0o700))
			require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
			time.Sleep(10 * time.Second)
			require.NoError(t, os.Remove(e.o.MetadataPath))
			require.NoError(t, os.RemoveAll(inTheWay))
			ctx, cancel := context.WithCancel(t.Context())
			if !inTime {
				cancel()
			}
			err := e.Close(ctx)
			cancel()
			require.True(t, err == nil || !inTime && strings.Contains(err.Error(), "the last flush"), "%v", err)
			require.NoFileExists(t, inTheWay)
			if inTime {
				require.Empty(t, e.state.Diff(e.onDisk()))
			} else {
				require.NoFileExists(t, e.o.MetadataPath)
			}
			e.open()
			require.Equal(t, []string{"v"}, e.values(p, 0))
			require.NoError(t, e.Close(t.Context()))
			require.Empty(t, e.state.Diff(e.onDisk()))
		})
	}
}

// Scenario 39, of the metadata file's disk: it fills up under the file, and has room again. Clients
// notice nothing; nobody else gets the file meanwhile; a crash at any time costs no more than a replay.
func TestScenario39_DiskOfTheMetadataFileFillsUp(t *testing.T) {
	for _, crash := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var h heard
			e := newEngine(t, func(o *Options) {
				o.Events.MetadataStale = func(time.Time, error) { h.note("stale") }
				o.Events.MetadataCurrent = func() { h.note("current") }
			})
			p := e.topic("t", 1)[0]
			time.Sleep(2 * time.Second)
			fillDisk(t, e.o.MetadataPath)
			inTheWay := e.o.MetadataPath + ".new"
			require.NoError(t, os.MkdirAll(inTheWay+"/full", 0o700))
			require.NoError(t, e.append(p, testBatch(t, nil, "while it is full")).Err)
			time.Sleep(10 * time.Second)
			require.Contains(t, h.take(), "stale")
			require.NoError(t, e.Health())
			require.Zero(t, e.unsaved(), "nothing is collected for no file")
			_, err := Open(t.Context(), e.store, e.o)
			require.ErrorContains(t, err, "in use by another process")
			require.NoError(t, e.append(p, testBatch(t, nil, "after that")).Err)
			require.NoError(t, os.RemoveAll(inTheWay))
			if crash {
				e.crash()
			} else {
				time.Sleep(time.Minute)
				told := h.take()
				require.Equal(t, "current", told[len(told)-1])
				require.NoError(t, e.Close(t.Context()))
				require.Empty(t, e.state.Diff(e.onDisk()))
			}
			e.open()
			require.Equal(t, []string{"while it is full", "after that"}, e.values(p, 0))
			require.NoError(t, e.Check(t.Context()))
			require.NoError(t, e.Close(t.Context()))
			require.Empty(t, e.state.Diff(e.onDisk()))
		})
	}
}
