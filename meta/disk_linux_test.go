package meta

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"

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

// TestFailedWrite: the file is closed and trusted no more, a start finds in it what was
// there before, and a rewrite makes it current.
func TestFailedWrite(t *testing.T) {
	c := newChaos(t, 81)
	c.apply(t, 300)
	var d testDB
	d.open(t)
	d.save(t, c.state)
	old := d.load(t)
	c.state.collect()
	c.apply(t, 300)
	fillDisk(t, d.path)
	err := d.Write(c.state.TakeChanges())
	require.ErrorContains(t, err, d.path)
	require.False(t, d.Current())
	require.ErrorIs(t, d.Write(c.state.TakeChanges()), ErrSequence)
	_, err = OpenDB(d.path)
	require.ErrorIs(t, err, ErrInUse, "the lock is held on")

	before := testDB{path: filepath.Join(t.TempDir(), "metadata.db")}
	content, err := os.ReadFile(d.path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(before.path, content, 0o600))
	before.open(t)
	s, err := before.Load()
	require.NoError(t, err)
	require.Empty(t, old.Diff(s))

	d.save(t, c.state)
	require.Empty(t, c.state.Diff(d.load(t)))
}

// TestRewriteOnFullDisk fails at every transaction in turn.
func TestRewriteOnFullDisk(t *testing.T) {
	small(t)
	c := newChaos(t, 82)
	c.apply(t, 200)
	var d testDB
	d.open(t)
	d.save(t, c.state)
	old := d.load(t)
	failed := 0
	for at := 2; ; at += 9 {
		n := 0
		lock := between{do: func() {
			if n++; n == at {
				fillDisk(t, d.path+".new")
			}
		}}
		c.apply(t, 1)
		require.NoError(t, d.Forget())
		err := d.Rewrite(t.Context(), c.state, &lock, &lock)
		if n < at {
			require.NoError(t, err)
			break
		}
		failed++
		require.Error(t, err)
		require.ErrorContains(t, err, d.path)
		require.NoFileExists(t, d.path+".new", "it gives the room back")
		require.Zero(t, c.state.Unsaved())
		require.Empty(t, old.Diff(d.load(t)))
	}
	require.Greater(t, failed, 10)
	require.Empty(t, c.state.Diff(d.load(t)))
}

// TestSmallDisk runs in a process of its own that may write files of 1 MiB only: the
// disk fills up by itself, and has room again.
func TestSmallDisk(t *testing.T) {
	const child = "STREAMHOUSE_TEST_SMALL_DISK"
	if path := os.Getenv(child); path != "" {
		smallDisk(t, path)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestSmallDisk$", "-test.v")
	cmd.Env = append(os.Environ(), child+"="+filepath.Join(t.TempDir(), "metadata.db"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.True(t, bytes.Contains(out, []byte("--- PASS: TestSmallDisk")), "%s", out)
}

func smallDisk(t *testing.T, path string) {
	signal.Ignore(syscall.SIGXFSZ)
	limit := func(bytes uint64) {
		var l syscall.Rlimit
		require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l))
		l.Cur = min(bytes, l.Max)
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l))
	}
	d := testDB{path: path}
	d.open(t)
	s, id := wideState(t, 100)
	d.save(t, s)
	limit(1 << 20)
	var err error
	for err == nil {
		c := &Commit{Seq: s.Seq + 1}
		for i := range 1000 {
			c.Entries = append(c.Entries, &CommitOffsets{Group: fmt.Sprint("group ", s.Seq, " ", i), Offsets: []CommitOffset{{Partition: at(id, 0)}}})
		}
		_, applyErr := s.Apply(c)
		require.NoError(t, applyErr)
		err = d.Write(s.TakeChanges())
	}
	require.ErrorContains(t, err, "file too large")
	require.False(t, d.Current())
	limit(1 << 17) // what is written anew takes less room
	require.ErrorContains(t, d.Rewrite(t.Context(), s, new(sync.Mutex), new(sync.Mutex)), "file too large")
	require.NoFileExists(t, path+".new")
	require.Equal(t, s.Seq-1, d.load(t).Seq, "what was written before is there")
	require.NoError(t, d.Forget())
	limit(1 << 40)
	d.save(t, s)
	require.Empty(t, s.Diff(d.load(t)))
}

// TestNoPlaceForTheFile: without a lock nobody may fence the broker that runs, so a start
// that cannot make one is refused.
func TestNoPlaceForTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metadata.db")
	require.NoError(t, os.Mkdir(path+".lock", 0o700))
	_, err := OpenDB(path)
	require.ErrorContains(t, err, path)
	require.ErrorContains(t, err, "lock it")
	require.NotErrorIs(t, err, ErrCorrupt)
	require.NotErrorIs(t, err, ErrInUse)
}
