package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// faultyFolder is a real folder whose operations fail or wait as the test says.
type faultyFolder struct {
	folder
	mu     sync.Mutex
	err    map[string]error // by operation
	hold   chan struct{}    // the operation holdOp waits for it
	holdOp string
}

func (f *faultyFolder) fault(op string) error {
	f.mu.Lock()
	err, hold, held := f.err[op], f.hold, f.holdOp == op
	f.mu.Unlock()
	if hold != nil && held {
		<-hold
	}
	return err
}

func (f *faultyFolder) create(name string) (file, error) {
	if err := f.fault("create"); err != nil {
		return nil, err
	}
	got, err := f.folder.create(name)
	return &faultyFile{got, f}, err
}

func (f *faultyFolder) open(name string) (file, error) {
	if err := f.fault("open"); err != nil {
		return nil, err
	}
	got, err := f.folder.open(name)
	return &faultyFile{got, f}, err
}

func (f *faultyFolder) list() ([]string, error) {
	if err := f.fault("list"); err != nil {
		return nil, err
	}
	return f.folder.list()
}

func (f *faultyFolder) remove(name string) error {
	if err := f.fault("remove"); err != nil {
		return err
	}
	return f.folder.remove(name)
}

type faultyFile struct {
	file
	folder *faultyFolder
}

func (f *faultyFile) WriteAt(b []byte, at int64) (int, error) {
	if err := f.folder.fault("write"); err != nil {
		n, _ := f.file.WriteAt(b[:len(b)/2], at) // a part may get through
		return n, err
	}
	return f.file.WriteAt(b, at)
}

func (f *faultyFile) ReadAt(b []byte, at int64) (int, error) {
	if err := f.folder.fault("read"); err != nil {
		return 0, err
	}
	return f.file.ReadAt(b, at)
}

// openFaulty opens a tier over a folder that can fail, and returns what it tells about its end.
func openFaulty(t *testing.T, dir string) (*Tier, *faultyFolder, func() []error) {
	t.Helper()
	var mu sync.Mutex
	var troubles []error
	real, err := openFolder(dir)
	require.NoError(t, err)
	f := &faultyFolder{folder: real, err: map[string]error{}}
	d, err := openTier(f, mebibyte, Events{Off: func(err error) {
		mu.Lock()
		defer mu.Unlock()
		troubles = append(troubles, err)
	}})
	require.NoError(t, err)
	t.Cleanup(func() { shut(t, d) })
	return d, f, func() []error { mu.Lock(); defer mu.Unlock(); return troubles }
}

func (f *faultyFolder) set(op string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err[op] = err
}

func TestFullDiskTurnsTheTierOffOnce(t *testing.T) {
	for _, op := range []string{"create", "write"} {
		t.Run(op, func(t *testing.T) {
			d, f, troubles := openFaulty(t, t.TempDir())
			f.set(op, syscall.ENOSPC)
			fill(d, blocks("a", 0, 10)...)
			f.set(op, nil)
			fill(d, blocks("a", 0, 20)...)
			require.Len(t, troubles(), 1)
			require.ErrorIs(t, troubles()[0], syscall.ENOSPC)
			require.Equal(t, Stats{Off: true}, d.Stats())
		})
	}
}

func TestDiskThatFillsUpLaterHoldsNothingAnyMore(t *testing.T) {
	d, f, troubles := openFaulty(t, t.TempDir())
	fill(d, block("a", 0))
	requireBlock(t, d, block("a", 0))
	f.set("write", syscall.EROFS)
	fill(d, block("a", 1))
	require.ErrorIs(t, troubles()[0], syscall.EROFS)
	require.False(t, d.Has(block("a", 0)))
	_, err := d.Read(block("a", 0))
	require.ErrorIs(t, err, ErrMissing)
}

func TestDiskThatCannotBeReadTurnsItselfOff(t *testing.T) {
	d, f, troubles := openFaulty(t, t.TempDir())
	fill(d, block("a", 0))
	f.set("read", syscall.EIO)
	_, err := d.Read(block("a", 0))
	require.ErrorIs(t, err, ErrMissing, "and not corrupt")
	require.ErrorIs(t, troubles()[0], syscall.EIO)
	require.True(t, d.Stats().Off)
}

func TestDiskThatCannotDeleteTurnsItselfOff(t *testing.T) {
	d, f, troubles := openFaulty(t, t.TempDir())
	f.set("remove", syscall.EROFS)
	fill(d, blocks("a", 0, 1100)...)
	require.Len(t, troubles(), 1)
	require.ErrorIs(t, troubles()[0], syscall.EROFS)
}

func TestBrokenDiskAtTheStartTurnsItselfOff(t *testing.T) {
	dir := t.TempDir()
	d, err := Open(dir, mebibyte, Events{})
	require.NoError(t, err)
	fill(d, block("a", 0))
	shut(t, d)
	real, err := openFolder(dir)
	require.NoError(t, err)
	var off error
	d, err = openTier(&faultyFolder{folder: real, err: map[string]error{"read": syscall.EIO}}, mebibyte, Events{Off: func(err error) { off = err }})
	require.NoError(t, err)
	require.ErrorIs(t, off, syscall.EIO)
	require.False(t, d.Has(block("a", 0)))
	fill(d, block("a", 1))
	shut(t, d)

	real, err = openFolder(dir)
	require.NoError(t, err)
	_, err = openTier(&faultyFolder{folder: real, err: map[string]error{"list": syscall.EIO}}, mebibyte, Events{})
	require.ErrorIs(t, err, syscall.EIO)
}

func TestFolderThatVanishesTurnsTheTierOff(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	d, _, troubles := openFaulty(t, dir)
	require.NoError(t, os.RemoveAll(dir))
	fill(d, block("a", 0))
	require.ErrorIs(t, troubles()[0], fs.ErrNotExist)
	require.False(t, d.Has(block("a", 0)))
}

func TestSlowDiskKeepsNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, f, _ := openFaulty(t, t.TempDir())
		f.mu.Lock()
		f.hold, f.holdOp = make(chan struct{}), "write"
		f.mu.Unlock()
		d.mu.Lock()
		d.limitBytes, d.slabBytes = 1<<30, 16*mebibyte
		d.mu.Unlock()
		start := time.Now()
		for n := range int64(40) { // one is being written, 32 wait
			k := Key{"a", n * mebibyte, mebibyte}
			d.Put(k, content(k))
			synctest.Wait()
		}
		require.Zero(t, time.Since(start))
		require.Equal(t, int64(7), d.Stats().WritesDropped)
		require.NoError(t, d.Check())
		close(f.hold)
		d.Flush()
		require.Equal(t, int64(33), d.Stats().Writes)
	})
}

// Where no file can be opened for a while, blocks are lost and not the tier.
func TestNoFileDescriptorsForAWhile(t *testing.T) {
	for _, errno := range []error{syscall.EMFILE, syscall.ENFILE} {
		d, f, troubles := openFaulty(t, t.TempDir())
		f.set("create", errno)
		fill(d, blocks("a", 0, 3)...)
		require.Equal(t, Stats{WritesDropped: 3}, d.Stats())
		f.set("create", nil)
		fill(d, blocks("a", 0, 3)...)
		requireBlock(t, d, block("a", 2))
		require.Empty(t, troubles())
	}
}

// However many files there are, no more than MaxFiles are open at a time.
func TestFilesThatAreOpenAreBounded(t *testing.T) {
	dir := t.TempDir()
	for n := range MaxFiles + 50 { // as many starts
		d, err := Open(dir, 1<<40, Events{})
		require.NoError(t, err)
		fill(d, block("a", n))
		require.LessOrEqual(t, len(d.slabs), MaxFiles)
		require.NoError(t, d.Close())
	}
	require.Len(t, files(t, dir), MaxFiles)
	for n := range 50 { // of a program that kept more
		b, err := os.ReadFile(filepath.Join(dir, slabName(uint64(MaxFiles+n))))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, slabName(uint64(1000+n))), b, 0o600))
	}
	real, err := openFolder(dir)
	require.NoError(t, err)
	most := &countedFolder{folder: real}
	d, err := openTier(most, 1<<40, Events{})
	require.NoError(t, err)
	require.LessOrEqual(t, most.most, MaxFiles+1)
	require.Len(t, files(t, dir), MaxFiles-1, "there is room for one that begins")
	shut(t, d)
}

// countedFolder counts the files that are open. It is for one goroutine.
type countedFolder struct {
	folder
	now, most int
}

func (f *countedFolder) open(name string) (file, error) {
	got, err := f.folder.open(name)
	if err == nil {
		f.now++
		f.most = max(f.most, f.now)
	}
	return &countedFile{got, f}, err
}

type countedFile struct {
	file
	folder *countedFolder
}

func (f *countedFile) Close() error {
	f.folder.now--
	return f.file.Close()
}
