package cache

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// onDisk are the options of a cache that keeps blocks on disk only, so that every Get that
// finds no load under way asks the disk. Its slabs hold 15 blocks of 1000 bytes.
func onDisk(dir string) Options { return Options{DiskPath: dir, DiskBytes: 1 << 20} }

const blocksPerSlab = 15

// fill loads blocks and waits until they are written.
func fill(t *testing.T, c *Cache, keys []Key) {
	t.Helper()
	for _, k := range keys {
		get(t, c, k)
	}
	settle(c)
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, slabPrefix+"*"))
	require.NoError(t, err)
	return names
}

func folderBytes(t *testing.T, dir string) (n int64) {
	t.Helper()
	for _, name := range files(t, dir) {
		info, err := os.Stat(name)
		require.NoError(t, err)
		n += info.Size()
	}
	return n
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
	require.Equal(t, emptySlabBytes+5*(entryBytes+recordBytes(block("a", 0))), st.DiskBytes)
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

func TestDiskIsUsableAfterARestart(t *testing.T) {
	for _, crash := range []bool{false, true} {
		dir := t.TempDir()
		s := &store{}
		c, err := Open(onDisk(dir), s)
		require.NoError(t, err)
		keys := append(blocks("a", 0, 40), Key{"b/" + strings.Repeat("../", 20), 5, 3000}, Key{"weird\x00\n/..", 1 << 50, 10})
		fill(t, c, keys)
		if crash { // the last slab has no index, as it is now
			after := t.TempDir()
			require.NoError(t, os.CopyFS(after, os.DirFS(dir)))
			dir = after
		}
		shut(t, c)
		for range 3 {
			again, err := Open(onDisk(dir), s)
			require.NoError(t, err)
			require.Equal(t, len(keys), again.Stats().DiskBlocks)
			require.Equal(t, folderBytes(t, dir), again.Stats().DiskBytes)
			for _, k := range keys {
				get(t, again, k)
			}
			shut(t, again)
		}
		require.Len(t, s.asked(), len(keys), "crash: %t", crash)
	}
}

func TestDiskGivesUpTheLeastRecentlyUsedFile(t *testing.T) {
	dir := t.TempDir()
	s := &store{}
	evicted := int64(0)
	o := onDisk(dir)
	o.Events.Evict = func(tier Tier, n int64) {
		require.Equal(t, Disk, tier)
		evicted += n
	}
	c := open(t, o, s)
	n := 0
	for ; c.Stats().DiskEvictions == 0 && n < 10_000; n += blocksPerSlab {
		require.LessOrEqual(t, folderBytes(t, dir), o.DiskBytes)
		fill(t, c, blocks("a", n, n+blocksPerSlab))
		if n > 0 {
			get(t, c, block("a", 0)) // the first file stays in use
		}
	}
	require.Positive(t, evicted)
	require.True(t, c.disk.has(block("a", 0)))
	require.False(t, c.disk.has(block("a", blocksPerSlab)), "the second was used the longest ago")
	require.True(t, c.disk.has(block("a", 2*blocksPerSlab)))
	require.NoError(t, c.Check())
	require.Greater(t, c.Stats().DiskBytes, o.DiskBytes*9/10)
}

func TestOrderOfUseOutlivesARestartAndALowerLimit(t *testing.T) {
	dir := t.TempDir()
	s := &store{}
	c, err := Open(onDisk(dir), s)
	require.NoError(t, err)
	fill(t, c, blocks("a", 0, 20*blocksPerSlab))
	get(t, c, block("a", 0))
	get(t, c, block("a", 7*blocksPerSlab))
	shut(t, c)

	o := onDisk(dir)
	o.DiskBytes = 40_000 // room for two of the twenty
	c, err = Open(o, s)
	require.NoError(t, err)
	require.LessOrEqual(t, folderBytes(t, dir), o.DiskBytes)
	require.True(t, c.disk.has(block("a", 0)))
	require.True(t, c.disk.has(block("a", 7*blocksPerSlab)))
	require.Len(t, files(t, dir), 2)
	shut(t, c)
}

// spoil changes every byte of a stored block, on disk, where it is found.
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

func TestDamagedBlockOnDiskIsLoadedAnew(t *testing.T) {
	dir := t.TempDir()
	s := &store{}
	var mu sync.Mutex
	var corrupt []Key
	o := onDisk(dir)
	o.Events.Corrupt = func(from Tier, k Key, err error) {
		require.Equal(t, Disk, from)
		require.ErrorIs(t, err, errCorrupt)
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

func TestFilesOfOthersAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	old := bytes.Clone(appendHeader(nil))
	old[11] = 99
	theirs := map[string]string{
		"notes.txt":               "mine",
		"blocks-xyz.cache":        "mine",
		"blocks-1.cache":          string(appendHeader(nil)),
		slabName(0) + ".tmp":      "",
		slabName(3):               "a name like ours, and something else in it",
		"blocks-000000000000000A": "",
	}
	ours := map[string]string{
		slabName(1): "",                        // cut short before its header
		slabName(2): string(appendHeader(nil)), // of no use
		slabName(4): string(old),               // of another version
		slabName(5): string(old[:headerBytes-3]) + "zzz",
	}
	for name, content := range theirs {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	for name, content := range ours {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, slabName(9)), 0o700))

	o := onDisk(dir)
	o.DiskBytes = 8000
	c, err := Open(o, &store{})
	require.NoError(t, err)
	for name := range ours {
		require.NoFileExists(t, filepath.Join(dir, name))
	}
	fill(t, c, blocks("a", 0, 50)) // makes files, steps over the folder's name, deletes the old ones
	require.Positive(t, c.Stats().DiskEvictions)
	require.False(t, c.Stats().DiskOff)
	shut(t, c)
	for name, content := range theirs {
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, content, string(got))
	}
	require.DirExists(t, filepath.Join(dir, slabName(9)))
}

func TestBlockTooLargeForTheDiskIsNotWritten(t *testing.T) {
	dir := t.TempDir()
	o := onDisk(dir)
	o.DiskBytes = 20_000
	c := open(t, o, &store{})
	fill(t, c, []Key{{"a", 0, 5000}})
	require.Zero(t, c.Stats().DiskWrites)
	fill(t, c, []Key{{"a", 0, 4800}, {"a", 4800, 4800}, {"a", 9600, 4800}, {"a", 14400, 4800}, {"a", 19200, 4800}})
	require.Equal(t, int64(5), c.Stats().DiskWrites)
	require.LessOrEqual(t, folderBytes(t, dir), o.DiskBytes)
	require.Equal(t, 4, c.Stats().DiskBlocks)
}

func TestReaderOfAFileThatIsGivenUp(t *testing.T) {
	o := onDisk(t.TempDir())
	o.DiskBytes = 8000
	c := open(t, o, &store{})
	k := block("a", 0)
	fill(t, c, []Key{k})
	d := c.disk
	d.mu.Lock()
	p := d.index[digestOf(k)]
	p.slab.refs++ // as a reader does
	d.mu.Unlock()
	fill(t, c, blocks("a", 1, 20))
	require.False(t, d.has(k))
	record := make([]byte, p.length)
	_, err := p.slab.file.ReadAt(record, int64(p.position))
	require.NoError(t, err)
	stored, err := storedBlock(record, k)
	require.NoError(t, err)
	require.Equal(t, storedForm(k), stored)
	d.release(p.slab)
	_, err = p.slab.file.ReadAt(record, 0)
	require.ErrorIs(t, err, os.ErrClosed)
}

func TestTwoCachesOnOneFolderHarmNeitherData(t *testing.T) {
	dir := t.TempDir()
	o := onDisk(dir)
	o.DiskBytes = 100_000
	one, two := open(t, o, &store{}), open(t, o, &store{})
	var wg sync.WaitGroup
	for n, c := range []*Cache{one, two} {
		wg.Go(func() {
			for _, k := range blocks("a", n*50, n*50+200) {
				get(t, c, k)
			}
			settle(c)
		})
	}
	wg.Wait()
	shut(t, one)
	three := open(t, o, &store{})
	for _, k := range blocks("a", 0, 250) {
		get(t, two, k)
		get(t, three, k)
	}
	for _, c := range []*Cache{one, two, three} {
		require.Zero(t, c.Stats().Corrupt)
		require.False(t, c.Stats().DiskOff)
	}
}

func TestClockThatJumpsBackKeepsTheOrder(t *testing.T) {
	d := &disk{}
	future := time.Now().Add(time.Hour).UnixNano()
	d.clock = future
	ticks := []int64{d.tickLocked(), d.tickLocked(), d.tickLocked()}
	require.True(t, slices.IsSorted(ticks))
	require.Greater(t, ticks[0], future)
	require.Greater(t, ticks[2], ticks[1])
}
