package cache

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"streamhouse/cache/disk"
)

// onDisk are the options of a cache that keeps blocks on disk only, so that every Get that
// finds no load under way asks the disk.
func onDisk(dir string) Options { return Options{DiskPath: dir, DiskBytes: 1 << 20} }

func files(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	return names
}

// fill loads blocks and waits until they are written.
func fill(t *testing.T, c *Cache, keys []Key) {
	t.Helper()
	for _, k := range keys {
		get(t, c, k)
	}
	c.disk.Flush()
}

// spoil changes a bit of a stored block, on disk, where it is found.
func spoil(t *testing.T, dir string, k Key) {
	t.Helper()
	for _, name := range files(t, dir) {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		if at := bytes.Index(b, storedForm(k)); at >= 0 {
			b[at+len(storedForm(k))/2] ^= 1
			require.NoError(t, os.WriteFile(name, b, 0o600))
			return
		}
	}
	t.Fatalf("block %s is not on disk", k)
}

func TestDiskServesWhatMemoryGaveUp(t *testing.T) {
	s := &store{}
	var hits []Tier
	o := onDisk(t.TempDir())
	o.MemoryBytes = 2 * blockCost
	o.Events.Hit = func(tier Tier) { hits = append(hits, tier) }
	c := open(t, o, s)
	fill(t, c, blocks("a", 0, 5))
	get(t, c, block("a", 0))
	get(t, c, block("a", 0))
	require.Equal(t, []Tier{Disk, Memory}, hits)
	require.Len(t, s.asked(), 5)
	st := c.Stats()
	require.Equal(t, int64(1), st.DiskHits)
	require.Equal(t, int64(5), st.DiskWrites)
	require.Equal(t, 5, st.DiskBlocks)
	require.Greater(t, st.DiskBytes, 5*block("a", 0).Length)
}

func TestPrefetchTakesFromDiskWhatIsThere(t *testing.T) {
	s := &store{}
	o := onDisk(t.TempDir())
	c, err := Open(o, s)
	require.NoError(t, err)
	fill(t, c, blocks("a", 2, 4))
	shut(t, c)

	o.MemoryBytes = 1 << 20
	s = &store{}
	c = open(t, o, s)
	c.Prefetch(blocks("a", 0, 6))
	for _, k := range blocks("a", 0, 6) {
		get(t, c, k)
	}
	require.ElementsMatch(t, [][]Key{blocks("a", 0, 2), blocks("a", 4, 6)}, s.asked())
	require.Zero(t, c.Stats().Misses+c.Stats().DiskHits, "Prefetch counts as neither")
}

func TestDamagedBlockOnDiskIsLoadedAnew(t *testing.T) {
	dir := t.TempDir()
	s := &store{}
	var mu sync.Mutex
	var corrupt []Key
	o := onDisk(dir)
	o.Events.Corrupt = func(from Tier, k Key, err error) {
		require.Equal(t, Disk, from)
		require.ErrorIs(t, err, disk.ErrCorrupt)
		mu.Lock()
		defer mu.Unlock()
		corrupt = append(corrupt, k)
	}
	c, err := Open(o, s)
	require.NoError(t, err)
	fill(t, c, blocks("a", 0, 3))
	bad := block("a", 1)
	spoil(t, dir, bad)
	fill(t, c, blocks("a", 0, 3))
	require.Equal(t, []Key{bad}, corrupt)
	fill(t, c, blocks("a", 0, 3))
	require.Len(t, s.asked(), 4, "the good copy is on disk")
	require.Equal(t, int64(4), c.Stats().Misses)
	shut(t, c)

	c = open(t, o, s)
	fill(t, c, blocks("a", 0, 3))
	require.Len(t, s.asked(), 4, "and counts after a restart")
	require.Equal(t, []Key{bad}, corrupt)
}

func TestTruncatedFileIsLoadedAnew(t *testing.T) {
	dir := t.TempDir()
	s := &store{}
	c := open(t, onDisk(dir), s)
	fill(t, c, blocks("a", 0, 5))
	require.NoError(t, os.Truncate(files(t, dir)[0], 2500))
	fill(t, c, blocks("a", 0, 5))
	require.Len(t, s.asked(), 8, "three lay beyond the cut")
	require.False(t, c.Stats().DiskOff)
	require.Equal(t, int64(3), c.Stats().Corrupt)
}

func TestBlockThatTheDiskGivesUpMeanwhileIsLoaded(t *testing.T) {
	s := &store{}
	c := open(t, onDisk(t.TempDir()), s)
	c.mu.Lock()
	span := c.newSpanLocked([]Key{block("a", 0)})
	span.asked = true
	c.startLocked(span, false) // as if the disk had it
	c.mu.Unlock()
	<-span.calls[0].done
	require.NoError(t, span.calls[0].err)
	require.Len(t, s.asked(), 1)
	require.Equal(t, int64(1), c.Stats().Misses)
	require.Zero(t, c.Stats().Corrupt)
}

func TestClosedCacheLoadsNothingInsteadOfTheDisk(t *testing.T) {
	s := &store{}
	c := open(t, onDisk(t.TempDir()), s)
	c.mu.Lock()
	span := c.newSpanLocked([]Key{block("a", 0)})
	c.mu.Unlock()
	require.NoError(t, c.Close())
	c.loadInstead(span)
	<-span.calls[0].done
	require.ErrorIs(t, span.calls[0].err, ErrClosed)
	require.Empty(t, s.asked())
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

func TestFolderThatVanishesLeavesMemory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	s := &store{}
	var off []error
	o := onDisk(dir)
	o.MemoryBytes = 10 * blockCost
	o.Events.DiskOff = func(err error) { off = append(off, err) }
	c := open(t, o, s)
	require.NoError(t, os.RemoveAll(dir))
	for range 2 {
		fill(t, c, blocks("a", 0, 20))
	}
	require.Len(t, off, 1)
	require.ErrorIs(t, off[0], fs.ErrNotExist)
	require.True(t, c.Stats().DiskOff)
	require.Len(t, s.asked(), 40, "the least recently used of twenty in room for ten")
	fill(t, c, blocks("a", 10, 20))
	require.Len(t, s.asked(), 40, "memory goes on")
}

func TestStoreThatHangsHoldsUpNoReadFromDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		c := open(t, onDisk(t.TempDir()), s)
		get(t, c, block("a", 0))
		c.disk.Flush()
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
