package disk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// block is the n-th block of 1000 bytes of an object.
func block(object string, n int) Key { return Key{object, int64(n) * 1000, 1000} }

func blocks(object string, from, to int) []Key {
	var keys []Key
	for n := from; n < to; n++ {
		keys = append(keys, block(object, n))
	}
	return keys
}

// content is what a block holds: a checksum, as real ones do, and its key, repeated.
func content(k Key) []byte {
	text := strings.Repeat(k.String()+"\n", int(k.Length)/len(k.String())+1)[:k.Length-4]
	return append(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(text))), text...)
}

// mebibyte is a limit whose slabs hold blocksPerSlab blocks of 1000 bytes.
const (
	mebibyte      = 1 << 20
	blocksPerSlab = 15
)

// open opens a tier that is checked and closed at the end of the test.
func open(t testing.TB, dir string, limitBytes int64) *Tier {
	t.Helper()
	d, err := Open(dir, limitBytes, Events{})
	require.NoError(t, err)
	t.Cleanup(func() { shut(t, d) })
	return d
}

// shut checks a tier, closes it, and checks that its writer is gone.
func shut(t testing.TB, d *Tier) {
	t.Helper()
	require.NoError(t, d.Check())
	require.NoError(t, d.Close())
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	require.NotContains(t, string(stacks), fmt.Sprintf("disk.(*Tier).write(%p", d), "the writer is left")
}

// fill puts blocks and waits until they are written.
func fill(d *Tier, keys ...Key) {
	for _, k := range keys {
		d.Put(k, content(k))
	}
	d.Flush()
}

func requireBlock(t testing.TB, d *Tier, k Key) {
	t.Helper()
	require.True(t, d.Has(k), k)
	got, err := d.Read(k)
	require.NoError(t, err)
	require.Equal(t, string(content(k)), string(got))
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

func TestWhatAFolderHolds(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir, mebibyte)
	fill(d, blocks("a", 0, 5)...)
	for _, k := range blocks("a", 0, 5) {
		requireBlock(t, d, k)
	}
	require.Equal(t, Stats{Bytes: emptySlabBytes + 5*(entryBytes+recordBytes(block("a", 0))), Blocks: 5, Writes: 5}, d.Stats())
	fill(d, block("a", 0))
	require.Equal(t, int64(5), d.Stats().Writes, "once is enough")
	require.False(t, d.Has(block("a", 5)))
	_, err := d.Read(block("a", 5))
	require.ErrorIs(t, err, ErrMissing)
	d.Forget(block("a", 0))
	require.False(t, d.Has(block("a", 0)))
}

func TestNoTierHoldsNothing(t *testing.T) {
	var d *Tier
	d.Put(block("a", 0), nil)
	d.Flush()
	require.False(t, d.Has(block("a", 0)))
	require.Zero(t, d.Stats())
	require.NoError(t, d.Check())
	require.NoError(t, d.Close())
}

func TestUsableAfterARestart(t *testing.T) {
	for _, crash := range []bool{false, true} {
		dir := t.TempDir()
		d, err := Open(dir, mebibyte, Events{})
		require.NoError(t, err)
		keys := append(blocks("a", 0, 40), Key{"b/" + strings.Repeat("../", 20), 5, 3000}, Key{"weird\x00\n/..", 1 << 50, 10})
		fill(d, keys...)
		if crash { // the last slab has no index, as it is now
			after := t.TempDir()
			require.NoError(t, os.CopyFS(after, os.DirFS(dir)))
			dir = after
		}
		shut(t, d)
		for range 3 {
			again, err := Open(dir, mebibyte, Events{})
			require.NoError(t, err)
			require.Equal(t, len(keys), again.Stats().Blocks, "crash: %t", crash)
			require.Equal(t, folderBytes(t, dir), again.Stats().Bytes)
			for _, k := range keys {
				requireBlock(t, again, k)
			}
			shut(t, again)
		}
	}
}

func TestTheLeastRecentlyUsedFileIsGivenUp(t *testing.T) {
	dir := t.TempDir()
	evicted := int64(0)
	d, err := Open(dir, mebibyte, Events{Evict: func(n int64) { evicted += n }})
	require.NoError(t, err)
	defer shut(t, d)
	n := 0
	for ; d.Stats().Evictions == 0 && n < 10_000; n += blocksPerSlab {
		require.LessOrEqual(t, folderBytes(t, dir), int64(mebibyte))
		fill(d, blocks("a", n, n+blocksPerSlab)...)
		requireBlock(t, d, block("a", 0)) // the first file stays in use
	}
	require.Positive(t, evicted)
	require.True(t, d.Has(block("a", 0)))
	require.False(t, d.Has(block("a", blocksPerSlab)), "the second was used the longest ago")
	require.True(t, d.Has(block("a", 2*blocksPerSlab)))
	require.NoError(t, d.Check())
	require.Greater(t, d.Stats().Bytes, int64(mebibyte)*9/10)
}

func TestOrderOfUseOutlivesARestartAndALowerLimit(t *testing.T) {
	dir := t.TempDir()
	d, err := Open(dir, mebibyte, Events{})
	require.NoError(t, err)
	fill(d, blocks("a", 0, 20*blocksPerSlab)...)
	requireBlock(t, d, block("a", 0))
	requireBlock(t, d, block("a", 7*blocksPerSlab))
	shut(t, d)

	const limit = 40_000 // room for two of the twenty
	d = open(t, dir, limit)
	require.LessOrEqual(t, folderBytes(t, dir), int64(limit))
	require.True(t, d.Has(block("a", 0)))
	require.True(t, d.Has(block("a", 7*blocksPerSlab)))
	require.Len(t, files(t, dir), 2)
}

func TestTruncatedFile(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir, mebibyte)
	fill(d, blocks("a", 0, 5)...)
	require.NoError(t, os.Truncate(files(t, dir)[0], 2500))
	requireBlock(t, d, block("a", 0))
	requireBlock(t, d, block("a", 1))
	for _, k := range blocks("a", 2, 5) { // beyond the cut
		_, err := d.Read(k)
		require.ErrorIs(t, err, ErrCorrupt)
		require.False(t, d.Has(k), "it is forgotten")
	}
	require.False(t, d.Stats().Off)
}

// spoil changes every byte of a stored block, on disk, where it is found.
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

	d, err := Open(dir, 8000, Events{})
	require.NoError(t, err)
	for name := range ours {
		require.NoFileExists(t, filepath.Join(dir, name))
	}
	fill(d, blocks("a", 0, 50)...) // makes files, steps over the folder's name, deletes the old ones
	require.Positive(t, d.Stats().Evictions)
	require.False(t, d.Stats().Off)
	shut(t, d)
	for name, content := range theirs {
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, content, string(got))
	}
	require.DirExists(t, filepath.Join(dir, slabName(9)))
}

func TestBlockTooLargeForTheTierIsNotWritten(t *testing.T) {
	dir := t.TempDir()
	const limit = 20_000
	d := open(t, dir, limit)
	fill(d, Key{"a", 0, 5000})
	require.Zero(t, d.Stats().Writes)
	fill(d, Key{"a", 0, 4800}, Key{"a", 4800, 4800}, Key{"a", 9600, 4800}, Key{"a", 14400, 4800}, Key{"a", 19200, 4800})
	require.Equal(t, int64(5), d.Stats().Writes)
	require.LessOrEqual(t, folderBytes(t, dir), int64(limit))
	require.Equal(t, 4, d.Stats().Blocks)
}

func TestReaderOfAFileThatIsGivenUp(t *testing.T) {
	d := open(t, t.TempDir(), 8000)
	k := block("a", 0)
	fill(d, k)
	d.mu.Lock()
	p := d.index[digestOf(k)]
	p.slab.refs++ // as a reader does
	d.mu.Unlock()
	fill(d, blocks("a", 1, 20)...)
	require.False(t, d.Has(k))
	record := make([]byte, p.length)
	_, err := p.slab.file.ReadAt(record, int64(p.position))
	require.NoError(t, err)
	stored, err := storedBlock(record, k)
	require.NoError(t, err)
	require.Equal(t, content(k), stored)
	d.release(p.slab)
	_, err = p.slab.file.ReadAt(record, 0)
	require.ErrorIs(t, err, os.ErrClosed)
}

func TestTwoTiersOnOneFolderHarmNeitherData(t *testing.T) {
	dir := t.TempDir()
	const limit = 100_000
	one, err := Open(dir, limit, Events{})
	require.NoError(t, err)
	two := open(t, dir, limit)
	var wg sync.WaitGroup
	for n, d := range []*Tier{one, two} {
		wg.Go(func() { fill(d, blocks("a", n*50, n*50+200)...) })
	}
	wg.Wait()
	shut(t, one)
	three := open(t, dir, limit)
	found := 0
	for _, d := range []*Tier{two, three} {
		for _, k := range blocks("a", 0, 250) {
			if d.Has(k) {
				requireBlock(t, d, k)
				found++
			}
		}
		require.False(t, d.Stats().Off)
	}
	require.Greater(t, found, 100)
}

func TestClockThatJumpsBackKeepsTheOrder(t *testing.T) {
	d := &Tier{}
	future := time.Now().Add(time.Hour).UnixNano()
	d.clock = future
	ticks := []int64{d.tickLocked(), d.tickLocked(), d.tickLocked()}
	require.True(t, slices.IsSorted(ticks))
	require.Greater(t, ticks[0], future)
	require.Greater(t, ticks[2], ticks[1])
}
