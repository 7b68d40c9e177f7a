package meta

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

// between is a lock that does something each time before it is taken.
type between struct {
	sync.Mutex
	do func()
}

func (b *between) Lock() {
	if b.do != nil {
		b.do()
	}
	b.Mutex.Lock()
}

// apply lets chaos commit so many times.
func (c *chaos) apply(t testing.TB, commits int) {
	for range commits {
		_, err := c.state.Apply(c.commit())
		require.NoError(t, err)
	}
}

// small makes a walk stop often, so that little data has many seams.
func small(t *testing.T) {
	pairs, transaction := stepPairs, copyPairs
	stepPairs, copyPairs = 3, 10
	t.Cleanup(func() { stepPairs, copyPairs = pairs, transaction })
}

// TestRewriteWhileCommitsAreApplied: whatever is committed between the steps of a walk, the
// file holds the state as it was at one sequence number.
func TestRewriteWhileCommitsAreApplied(t *testing.T) {
	small(t)
	steps := 0
	for seed := range uint64(25) {
		c := newChaos(t, 5000+seed)
		c.apply(t, 200)
		var d testDB
		d.open(t)
		for range 4 {
			reading := between{do: func() {
				steps++
				c.apply(t, c.IntN(4))
			}}
			commits := between{do: func() { c.apply(t, c.IntN(4)) }}
			require.NoError(t, d.Rewrite(t.Context(), c.state, &commits, &reading))
			d.noSync()
			require.Zero(t, c.state.Unsaved())
			copied, err := d.Load()
			require.NoError(t, err)
			require.Empty(t, c.state.Diff(copied))
			// It goes on from there, one by one.
			c.apply(t, 20)
			d.save(t, c.state)
			require.Empty(t, c.state.Diff(d.load(t)))
		}
		require.NoError(t, d.Close())
	}
	require.Greater(t, steps, 5000, "moments at which commits came in between")
}

// TestRewriteOfTopicsThatComeBack: ids are random in life; here they are given again, so
// that what was copied of one topic meets what came after it under the same keys.
func TestRewriteOfTopicsThatComeBack(t *testing.T) {
	small(t)
	for seed := range uint64(40) {
		c := newChaos(t, 9000+seed)
		commit := func() {
			var e Entry
			id := topicID(fmt.Sprint(c.IntN(4)))
			switch p := at(id, c.Int32N(3)); c.IntN(6) {
			case 0:
				e = &DeleteTopic{ID: id}
			case 1:
				e = &CreateTopic{ID: id, Name: fmt.Sprintf("%x", id), Partitions: 1 + c.Int32N(4)}
			case 2:
				e = &DeleteRecords{Partition: p, Offset: -1}
			case 3:
				e = &CommitOffsets{Group: c.name("group", 3), Offsets: []CommitOffset{{Partition: p, Offset: c.Int64N(9)}}}
			case 4:
				c.now += 13 * hour
				fallthrough
			default:
				e = block(p, plain(1), by(c.Int64N(3), 0, 0, 1))
			}
			_, err := c.state.Apply(&Commit{Epoch: c.state.Epoch, Seq: c.state.Seq + 1, Time: c.now, Size: 1 << 40, Entries: []Entry{e}})
			require.NoError(t, err)
		}
		for range 60 {
			commit()
		}
		var d testDB
		d.open(t)
		reading := between{do: func() {
			for range c.IntN(4) {
				commit()
			}
		}}
		require.NoError(t, d.Rewrite(t.Context(), c.state, &reading, &reading))
		copied, err := d.Load()
		require.NoError(t, err)
		require.Empty(t, c.state.Diff(copied))
		require.NoError(t, d.Close())
	}
}

// crashes keeps copies of a file's folder, as a crash would leave it at moments.
type crashes struct {
	t       *testing.T
	from    string
	folders []string
	seqs    []uint64 // of the state at each of these moments
}

func (c *crashes) now(seq uint64) {
	to := c.t.TempDir()
	files, err := os.ReadDir(c.from)
	require.NoError(c.t, err)
	for _, f := range files {
		src, err := os.Open(filepath.Join(c.from, f.Name()))
		require.NoError(c.t, err)
		dst, err := os.Create(filepath.Join(to, f.Name()))
		require.NoError(c.t, err)
		_, err = io.Copy(dst, src)
		require.NoError(c.t, err)
		require.NoError(c.t, errors.Join(src.Close(), dst.Close()))
	}
	c.folders, c.seqs = append(c.folders, to), append(c.seqs, seq)
}

// TestCrashDuringRewrite: between any two transactions the folder holds the old file, at its
// own sequence number, and perhaps a new one that is refused under any name and removed at
// the next start.
func TestCrashDuringRewrite(t *testing.T) {
	small(t)
	c := newChaos(t, 77)
	c.apply(t, 300)
	var d testDB
	d.open(t)
	d.save(t, c.state)
	old := d.load(t)
	c.apply(t, 100)
	moments := crashes{t: t, from: filepath.Dir(d.path)}
	reading := between{do: func() {
		moments.now(c.state.Seq)
		c.apply(t, 1)
	}}
	commits := between{do: reading.do}
	require.NoError(t, d.Rewrite(t.Context(), c.state, &commits, &reading))
	require.Greater(t, len(moments.folders), 50)
	for _, folder := range moments.folders {
		path := filepath.Join(folder, "metadata.db")
		if whole, err := os.ReadFile(path + ".new"); err == nil {
			there := filepath.Join(t.TempDir(), "renamed.db")
			require.NoError(t, os.WriteFile(there, whole, 0o600))
			require.ErrorIs(t, openAndLoad(there), ErrCorrupt, "a mixture")
		}
		left := testDB{path: path}
		left.open(t)
		s, err := left.Load()
		require.NoError(t, err)
		require.Empty(t, old.Diff(s))
		require.NoFileExists(t, path+".new")
	}
	moments.now(c.state.Seq)
	after := testDB{path: filepath.Join(moments.folders[len(moments.folders)-1], "metadata.db")}
	after.open(t)
	s, err := after.Load()
	require.NoError(t, err)
	require.Empty(t, c.state.Diff(s))
}

// TestCrashBeforeTheLastTransaction: with all pairs in it and all changes, the file is still
// incomplete.
func TestCrashBeforeTheLastTransaction(t *testing.T) {
	c := newChaos(t, 78)
	c.apply(t, 300)
	path := filepath.Join(t.TempDir(), "metadata.db")
	r := &rewrite{DB: &DB{path: path}}
	require.NoError(t, r.create())
	c.state.collect()
	w := newWalk(c.state)
	w.ctx, w.reading, w.write = t.Context(), new(sync.Mutex), r.copy
	require.NoError(t, w.run())
	require.NoError(t, r.file.Close())
	require.NoError(t, os.Rename(r.newPath(), path))
	err := openAndLoad(path)
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "not written to its end")
}

func TestRewriteIsBrokenOff(t *testing.T) {
	small(t)
	c := newChaos(t, 79)
	c.apply(t, 300)
	var d testDB
	d.open(t)
	d.save(t, c.state)
	old := d.load(t)
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	reading := between{do: func() {
		if n++; n == 20 {
			cancel()
		}
		c.apply(t, 1)
	}}
	require.ErrorIs(t, d.Rewrite(ctx, c.state, new(sync.Mutex), &reading), context.Canceled)
	require.LessOrEqual(t, n, 30, "it ends soon")
	require.False(t, d.Current())
	require.NoFileExists(t, d.path+".new")
	c.apply(t, 50)
	require.Zero(t, c.state.Unsaved(), "nothing is collected for no file")
	_, err := OpenDB(d.path)
	require.ErrorIs(t, err, ErrInUse, "the lock is held without a file")
	require.Empty(t, old.Diff(d.load(t)), "the old file is what it was")
	require.NoError(t, d.Forget())
	d.save(t, c.state)
	require.Empty(t, c.state.Diff(d.load(t)), "the next one succeeds")
}

// TestFilesAreReplacedWhileLocked: a second process finds no moment to take the file.
func TestFilesAreReplacedWhileLocked(t *testing.T) {
	small(t)
	c := newChaos(t, 80)
	c.apply(t, 50)
	var d testDB
	d.open(t)
	reading := between{do: func() {
		other := &DB{path: d.path}
		require.ErrorIs(t, tryOnce(other), ErrInUse)
	}}
	require.NoError(t, d.Rewrite(t.Context(), c.state, new(sync.Mutex), &reading))
	require.ErrorIs(t, tryOnce(&DB{path: d.path}), ErrInUse)
}

// tryOnce takes the lock if it is free.
func tryOnce(db *DB) error {
	lock := db.newLock()
	locked, err := lock.TryLock()
	if err == nil && !locked {
		return ErrInUse
	}
	return errors.Join(err, lock.Unlock())
}

// TestRangesOfManyPages: deleting passes over the emptied pages once.
func TestRangesOfManyPages(t *testing.T) {
	var d testDB
	d.open(t)
	d.save(t, NewState())
	d.edit(t, "extents", func(b *bbolt.Bucket) error {
		for i := range uint64(20_000) {
			if err := b.Put(appendSegmentKey(nil, i), make([]byte, 200)); err != nil {
				return err
			}
		}
		return nil
	})
	d.edit(t, "extents", func(b *bbolt.Bucket) error {
		return deleteRange(b, appendSegmentKey(nil, 5), appendSegmentKey(nil, 19_990))
	})
	require.Equal(t, 15, d.keys(t)["extents"])
}
