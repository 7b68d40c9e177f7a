package meta

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// DB is the state on disk, in a bbolt file, and the lock that keeps other processes away
// from it. The file may be missing or not to be trusted; the lock is held all the same.
// Load, Write, Rewrite and Close may not run beside each other.
type DB struct {
	path     string
	lock     *flock.Flock
	bolt     *bbolt.DB // nil while there is no file that can be written to
	seq      uint64    // of the state that the file holds
	position []byte    // the value that says so; nil while there is none
}

// lockTimeout is how long OpenDB waits for a process that is just closing the file.
const lockTimeout = time.Second

// The position is in a bucket of its own, apart from the things of the state. While
// a file is written anew, the incomplete key stands there instead.
var (
	positionBucket = []byte("position")
	positionKey    = []byte("position")
	incompleteKey  = []byte("incomplete")
)

// OpenDB locks the file and opens it where there is one; it makes the folder and the file
// of the lock, path + ".lock", where they do not exist. What an earlier process left of a
// rewrite is removed.
// Errors: ErrInUse, ErrCorrupt for a file that cannot be read or is incomplete,
// ErrVersion for one that a newer version has written, and those of the file system.
// After ErrCorrupt the file can be moved away and OpenDB called again.
func OpenDB(path string) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of the metadata file: %w", err)
	}
	db := &DB{path: path}
	err := db.guard(db.acquire)
	if err == nil {
		err = db.guard(db.open)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// acquire takes the lock. It is a file of its own, as the metadata file is
// replaced when it is written anew, and closed when it cannot be written to.
func (db *DB) acquire() error {
	lock := db.newLock()
	for end := time.Now().Add(lockTimeout); ; time.Sleep(lockTimeout / 20) {
		locked, err := lock.TryLock()
		switch {
		case err != nil:
			return fmt.Errorf("lock it, so that no other process writes it: %w", err)
		case locked:
			db.lock = lock
			return nil
		case time.Now().After(end):
			return ErrInUse
		}
	}
}

func (db *DB) newLock() *flock.Flock {
	return flock.New(db.path+".lock", flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
}

func (db *DB) open() error {
	if err := os.Remove(db.newPath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	there, err := db.checkSize()
	if err != nil || !there {
		return err
	}
	if db.bolt, err = openBolt(db.path, &bbolt.Options{}); err != nil {
		return err
	}
	if err := db.bolt.View(func(tx *bbolt.Tx) error { return checkPages(tx, db.path) }); err != nil {
		return err
	}
	if err := db.bolt.View(db.readPosition); err != nil {
		return err
	}
	if db.position == nil {
		return db.Forget() // nothing was ever written to it
	}
	return nil
}

func (db *DB) readPosition(tx *bbolt.Tx) error {
	b := tx.Bucket(positionBucket)
	if b == nil {
		if name, _ := tx.Cursor().First(); name != nil {
			return fmt.Errorf("%w: it is a bbolt file of something else: bucket %q", ErrCorrupt, name)
		}
		return nil
	}
	if b.Get(incompleteKey) != nil {
		return fmt.Errorf("%w: it was not written to its end", ErrCorrupt)
	}
	s := NewState()
	if err := s.readPosition(&reader{src: b.Get(positionKey)}); err != nil {
		return err
	}
	db.position, db.seq = bytes.Clone(b.Get(positionKey)), s.Seq
	return nil
}

// openBolt leaves bbolt to write its list of free pages with each transaction:
// without it, bbolt walks over the whole file to open it, in a goroutine where nobody
// can catch what it does about damaged pages.
func openBolt(path string, o *bbolt.Options) (*bbolt.DB, error) {
	o.Timeout, o.FreelistType = lockTimeout, bbolt.FreelistMapType
	bolt, err := bbolt.Open(path, 0o600, o)
	var system syscall.Errno
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, ErrInUse
	case err != nil && !errors.As(err, &system):
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err) // not the disk's fault: it is the content
	}
	return bolt, err
}

// checkSize says whether there is a file, and refuses one that was cut short, before
// bbolt reads pages that are not there. Opened for reading only, it reads no more than
// the first two.
func (db *DB) checkSize() (there bool, err error) {
	info, err := os.Stat(db.path)
	if errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() {
		return false, errors.New("it is not a file")
	}
	bolt, err := openBolt(db.path, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return false, err
	}
	err = bolt.View(func(tx *bbolt.Tx) error {
		if tx.Size() > info.Size() {
			return fmt.Errorf("%w: %d bytes where bbolt wrote %d", ErrCorrupt, info.Size(), tx.Size())
		}
		return nil
	})
	return true, errors.Join(err, bolt.Close())
}

// guard makes an error of what bbolt does about damaged pages: it panics, or runs
// into memory that is not mapped. The error names the file.
func (db *DB) guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%w: %v", ErrCorrupt, cause)
		}
		if err != nil {
			err = fmt.Errorf("metadata file %s: %w", db.path, err)
		}
	}()
	return f()
}

// Current reports whether there is a file that Write can bring forward. Where there is
// none, Rewrite makes one.
func (db *DB) Current() bool { return db.bolt != nil }

// Forget closes the file; the lock stays. Only Rewrite makes it current again.
func (db *DB) Forget() error {
	bolt := db.bolt
	db.bolt, db.position, db.seq = nil, nil, 0
	if bolt == nil {
		return nil
	}
	return bolt.Close()
}

// Close closes the file and gives the lock back.
func (db *DB) Close() error {
	err := db.Forget()
	if db.lock != nil {
		err = errors.Join(err, db.lock.Unlock())
	}
	return err
}

// Write brings the file to the state at c.Seq, in one transaction. When it returns nil
// that is durable. After an error the file is closed and no longer trusted, though a
// start finds in it the state as it was before or, at most, as it was to be: only Rewrite
// makes it current again. ErrSequence: these are not the changes that follow what the
// file holds; nothing has happened.
func (db *DB) Write(c *Changes) error {
	if db.bolt == nil || c.from != db.seq {
		return fmt.Errorf("%w: changes from %d where the metadata file is at %d", ErrSequence, c.from, db.seq)
	}
	if c.empty() && bytes.Equal(c.position, db.position) {
		return nil
	}
	b := c.encode()
	err := db.guard(func() error {
		return db.bolt.Update(func(tx *bbolt.Tx) error {
			if err := tx.Bucket(positionBucket).Put(positionKey, c.position); err != nil {
				return err
			}
			return b.write(tx)
		})
	})
	if err != nil {
		db.distrust(err)
		return err
	}
	db.seq, db.position = c.Seq, c.position
	return nil
}

// distrust closes the file after a failed write: the pages that the system failed to
// write may look written from now on. Where bbolt panicked it may hold its own locks
// still, so that it cannot be closed: it is left alone.
func (db *DB) distrust(cause error) {
	if errors.Is(cause, ErrCorrupt) {
		db.bolt = nil
	}
	// What closing says adds nothing to the cause.
	_ = db.Forget()
}
