package cache

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

// openFaulty opens a cache without memory, so that every Get goes to disk, over a folder that can fail.
func openFaulty(t *testing.T, dir string, s *store, o Options) (*Cache, *faultyFolder, func() []error) {
	t.Helper()
	var mu sync.Mutex
	var troubles []error
	o.Events.DiskOff = func(err error) {
		mu.Lock()
		defer mu.Unlock()
		troubles = append(troubles, err)
	}
	c := open(t, o, s)
	real, err := openFolder(dir)
	require.NoError(t, err)
	f := &faultyFolder{folder: real, err: map[string]error{}}
	c.disk, err = openDisk(f, 1<<20, o.Events)
	require.NoError(t, err)
	return c, f, func() []error { mu.Lock(); defer mu.Unlock(); return troubles }
}

func (f *faultyFolder) set(op string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err[op] = err
}

func TestFullDiskTurnsTheTierOffOnce(t *testing.T) {
	for _, op := range []string{"create", "write"} {
		t.Run(op, func(t *testing.T) {
			s := &store{}
			c, f, troubles := openFaulty(t, t.TempDir(), s, Options{MemoryBytes: 1 << 20})
			f.set(op, syscall.ENOSPC)
			for _, k := range blocks("a", 0, 10) {
				get(t, c, k)
			}
			settle(c)
			f.set(op, nil)
			for _, k := range blocks("a", 0, 20) {
				get(t, c, k)
			}
			require.Len(t, s.asked(), 20, "memory goes on")
			require.Len(t, troubles(), 1)
			require.ErrorIs(t, troubles()[0], syscall.ENOSPC)
			require.True(t, c.Stats().DiskOff)
			require.Zero(t, c.Stats().DiskBytes)
		})
	}
}

func TestDiskThatFillsUpLaterIsLeftToReadersOfTheStore(t *testing.T) {
	s := &store{}
	c, f, troubles := openFaulty(t, t.TempDir(), s, Options{})
	get(t, c, block("a", 0))
	settle(c)
	get(t, c, block("a", 0))
	require.Len(t, s.asked(), 1)
	f.set("write", syscall.EROFS)
	get(t, c, block("a", 1))
	settle(c)
	require.ErrorIs(t, troubles()[0], syscall.EROFS)
	get(t, c, block("a", 0))
	require.Len(t, s.asked(), 3)
}

func TestDiskThatCannotBeReadTurnsItselfOff(t *testing.T) {
	s := &store{}
	c, f, troubles := openFaulty(t, t.TempDir(), s, Options{})
	get(t, c, block("a", 0))
	settle(c)
	f.set("read", syscall.EIO)
	get(t, c, block("a", 0))
	require.Len(t, s.asked(), 2)
	require.ErrorIs(t, troubles()[0], syscall.EIO)
	require.Equal(t, int64(2), c.Stats().Misses)
	require.Zero(t, c.Stats().Corrupt)
}

func TestDiskThatCannotDeleteTurnsItselfOff(t *testing.T) {
	s := &store{}
	c, f, troubles := openFaulty(t, t.TempDir(), s, Options{})
	f.set("remove", syscall.EROFS)
	for n := range 1100 {
		get(t, c, block("a", n))
		if n%100 == 0 {
			settle(c)
		}
	}
	settle(c)
	require.Len(t, troubles(), 1)
	require.ErrorIs(t, troubles()[0], syscall.EROFS)
}

func TestBrokenDiskAtTheStartTurnsItselfOff(t *testing.T) {
	dir := t.TempDir()
	c, err := Open(Options{DiskPath: dir, DiskBytes: 1 << 20}, &store{})
	require.NoError(t, err)
	get(t, c, block("a", 0))
	shut(t, c)
	real, err := openFolder(dir)
	require.NoError(t, err)
	var off error
	d, err := openDisk(&faultyFolder{folder: real, err: map[string]error{"read": syscall.EIO}}, 1<<20, Events{DiskOff: func(err error) { off = err }})
	require.NoError(t, err)
	require.ErrorIs(t, off, syscall.EIO)
	require.False(t, d.has(block("a", 0)))
	d.put(block("a", 1), storedForm(block("a", 1)))
	require.NoError(t, d.check())
	require.NoError(t, d.close())

	real, err = openFolder(dir)
	require.NoError(t, err)
	_, err = openDisk(&faultyFolder{folder: real, err: map[string]error{"list": syscall.EIO}}, 1<<20, Events{})
	require.ErrorIs(t, err, syscall.EIO)
}

func TestFolderThatIsAFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	_, err := Open(Options{DiskPath: path, DiskBytes: 1 << 20}, &store{})
	require.ErrorContains(t, err, path)
	for _, o := range []Options{{DiskPath: path}, {DiskBytes: 1 << 20}} { // no disk tier: the folder does not matter
		open(t, o, &store{})
	}
}

func TestFolderThatVanishesTurnsTheTierOff(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	s := &store{}
	c, _, troubles := openFaulty(t, dir, s, Options{})
	require.NoError(t, os.RemoveAll(dir))
	get(t, c, block("a", 0))
	settle(c)
	require.ErrorIs(t, troubles()[0], fs.ErrNotExist)
	get(t, c, block("a", 0))
	require.Len(t, s.asked(), 2)
}

func TestSlowDiskSlowsNoReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		c, f, _ := openFaulty(t, t.TempDir(), s, Options{})
		f.mu.Lock()
		f.hold, f.holdOp = make(chan struct{}), "write"
		f.mu.Unlock()
		start := time.Now()
		const mib = 1 << 20
		c.disk.mu.Lock()
		c.disk.limitBytes, c.disk.slabBytes = 1<<30, 16*mib
		c.disk.mu.Unlock()
		for n := range int64(40) { // one is being written, 32 wait
			get(t, c, Key{"a", n * mib, mib})
			synctest.Wait()
		}
		require.Zero(t, time.Since(start))
		require.Equal(t, int64(7), c.Stats().DiskWritesDropped)
		require.NoError(t, c.Check())
		close(f.hold)
		settle(c)
		require.Equal(t, int64(33), c.Stats().DiskWrites)
	})
}

func TestCloseWhileTheDiskReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		c, f, _ := openFaulty(t, t.TempDir(), s, Options{})
		get(t, c, block("a", 0))
		settle(c)
		f.mu.Lock()
		f.hold, f.holdOp = make(chan struct{}), "read"
		f.err["read"] = syscall.EIO
		f.mu.Unlock()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Get(t.Context(), block("a", 0))
			require.ErrorIs(t, err, ErrClosed)
		})
		synctest.Wait()
		wg.Go(func() { require.NoError(t, c.Close()) })
		synctest.Wait()
		close(f.hold)
		wg.Wait()
		require.Len(t, s.asked(), 1, "a closed cache loads nothing")
	})
}

func TestStoreThatHangsHoldsUpNoReadFromDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		c, _, _ := openFaulty(t, t.TempDir(), s, Options{})
		get(t, c, block("a", 0))
		settle(c)
		s.set(func() { s.hold = make(chan struct{}) })
		var wg sync.WaitGroup
		c.Prefetch(blocks("b", 0, 5000))
		for _, k := range blocks("c", 0, 2*wantedLoads) {
			wg.Go(func() {
				_, err := c.Get(t.Context(), k)
				require.ErrorIs(t, err, ErrClosed)
			})
		}
		synctest.Wait()
		get(t, c, block("a", 0))
		require.NoError(t, c.Close())
		wg.Wait()
	})
}
