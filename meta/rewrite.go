package meta

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"go.etcd.io/bbolt"
)

// newPath is where the file stands while it is written anew.
func (db *DB) newPath() string { return db.path + ".new" }

// Rewrite writes the whole state to a new file and puts it in the place of the old one,
// while the state is read and commits are applied to it. When it returns nil, the file is
// durable and current: the state collects its changes, and Write takes them.
//
// No commit may be applied, and no changes taken, while commits is held; the state may not
// change at all while reading is held. Both are held for short steps only, reading
// many times. After an error, which may be ctx's, the old file stands as it was, nothing is
// left of the new one, and no changes are collected.
func (db *DB) Rewrite(ctx context.Context, s *State, commits, reading sync.Locker) error {
	// What is written to the old one from now on would be worth nothing.
	if err := db.Forget(); err != nil {
		return err
	}
	c := &rewrite{DB: db}
	err := db.guard(func() error { return c.run(ctx, s, commits, reading) })
	if err == nil {
		return nil
	}
	commits.Lock()
	s.StopCollecting()
	commits.Unlock()
	return errors.Join(err, c.undo(err))
}

// rewrite is a file that is being written anew.
type rewrite struct {
	*DB
	file *bbolt.DB
}

func (c *rewrite) run(ctx context.Context, s *State, commits, reading sync.Locker) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// 1. An empty file that says that it is incomplete. Whoever finds it sets it aside;
	// a start removes it.
	if err := c.create(); err != nil {
		return err
	}
	// 2. From here on the state notes what changes.
	commits.Lock()
	s.collect()
	w := newWalk(s)
	commits.Unlock()
	// 3. All that the state holds goes into the file, as it is when its turn comes. What
	// the file holds now was at no time the state.
	w.ctx, w.reading, w.write = ctx, reading, c.copy
	if err := w.run(); err != nil {
		return err
	}
	// 4. What changed since step 2 makes the mixture the state as it is now: it
	// sets each thing that differs, or removes it, whatever was copied of it.
	commits.Lock()
	changes := s.TakeChanges()
	commits.Unlock()
	// 5. The last transaction says that the file is complete. It and all before it are
	// on disk when it ends: bbolt syncs pages before it writes the one that makes them count.
	if err := c.finish(changes); err != nil {
		return err
	}
	// 6. The file takes the old one's place. A crash before the folder is on disk leaves
	// one or the other.
	if err := os.Rename(c.newPath(), c.path); err != nil {
		return err
	}
	if err := syncFolder(filepath.Dir(c.path)); err != nil {
		return err
	}
	c.bolt, c.seq, c.position = c.file, changes.Seq, changes.position
	return nil
}

// create makes the file. It is not synced before its last transaction.
func (c *rewrite) create() (err error) {
	if err := os.Remove(c.newPath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if c.file, err = openBolt(c.newPath(), &bbolt.Options{NoSync: true, NoGrowSync: true}); err != nil {
		return err
	}
	return c.file.Update(func(tx *bbolt.Tx) error {
		position, err := tx.CreateBucket(positionBucket)
		if err != nil {
			return err
		}
		for _, name := range buckets {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return position.Put(incompleteKey, []byte{1})
	})
}

// copy writes pairs that come in the order of their keys.
func (c *rewrite) copy(b *batch) error {
	return c.file.Update(func(tx *bbolt.Tx) error {
		for i := range b {
			bolt := tx.Bucket([]byte(buckets[i]))
			bolt.FillPercent = 0.9 // hardly any key will come in between
			if err := b[i].writePairs(bolt, b[i].pairs); err != nil {
				return err
			}
		}
		return nil
	})
}

// finish writes the changes, as many transactions as they take, and the position in the
// last one.
func (c *rewrite) finish(changes *Changes) error {
	b := changes.encode()
	for i := range b {
		if err := c.finishBucket(bucket(i), &b[i]); err != nil {
			return err
		}
	}
	c.file.NoSync, c.file.NoGrowSync = false, false
	return c.file.Update(func(tx *bbolt.Tx) error {
		position := tx.Bucket(positionBucket)
		if err := position.Delete(incompleteKey); err != nil {
			return err
		}
		return position.Put(positionKey, changes.position)
	})
}

func (c *rewrite) finishBucket(to bucket, o *ops) error {
	update := func(f func(b *bbolt.Bucket) error) error {
		return c.file.Update(func(tx *bbolt.Tx) error { return f(tx.Bucket([]byte(buckets[to]))) })
	}
	if len(o.ranges) > 0 {
		if err := update(o.writeRanges); err != nil {
			return err
		}
	}
	o.sort()
	for from := 0; from < len(o.pairs); from += copyPairs {
		pairs := o.pairs[from:min(from+copyPairs, len(o.pairs))]
		if err := update(func(b *bbolt.Bucket) error { return o.writePairs(b, pairs) }); err != nil {
			return err
		}
	}
	return nil
}

// undo removes what there is of the new file. One over which bbolt panicked is not
// closed: it may hold its locks still.
func (c *rewrite) undo(cause error) error {
	if c.file != nil && !errors.Is(cause, ErrCorrupt) {
		_ = c.file.Close() // what it says adds nothing to the cause
	}
	if err := os.Remove(c.newPath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove what was written: %w", err)
	}
	return nil
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
