package meta

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// DB is the state on disk, in a bbolt file. One process has it open at a time.
// Load, Write and Close may not run beside each other.
type DB struct {
	path     string
	bolt     *bbolt.DB
	seq      uint64 // of the state that the file holds
	position []byte // the value that says so; nil while the file is new
}

// lockTimeout is how long OpenDB waits for a process that is just closing the file.
const lockTimeout = time.Second

// The position is in a bucket of its own, apart from the things of the state.
var (
	positionBucket = []byte("position")
	positionKey    = []byte("position")
)

// OpenDB opens the file, and makes it and its folder where they do not exist.
// Errors: ErrInUse, ErrCorrupt for a file that cannot be read, ErrVersion for one that
// a newer version has written, and those of the file system. After ErrCorrupt the
// file can be moved away and OpenDB called again.
func OpenDB(path string) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of the metadata file: %w", err)
	}
	db := &DB{path: path}
	if err := db.guard(db.open); err != nil {
		if db.bolt != nil {
			err = errors.Join(err, db.bolt.Close())
		}
		return nil, err
	}
	return db, nil
}

func (db *DB) open() error {
	if err := db.checkSize(); err != nil {
		return err
	}
	var err error
	if db.bolt, err = openBolt(db.path, false); err != nil {
		return err
	}
	return db.bolt.View(func(tx *bbolt.Tx) error {
		if b := tx.Bucket(positionBucket); b != nil {
			db.position = bytes.Clone(b.Get(positionKey))
			s := NewState()
			err := s.readPosition(&reader{src: db.position})
			db.seq = s.Seq
			return err
		}
		if name, _ := tx.Cursor().First(); name != nil {
			return fmt.Errorf("%w: it is a bbolt file of something else: bucket %q", ErrCorrupt, name)
		}
		return nil
	})
}

// openBolt leaves bbolt to write its list of free pages with each transaction:
// without it, bbolt walks over the whole file to open it, in a goroutine where nobody
// can catch what it does about damaged pages.
func openBolt(path string, readOnly bool) (*bbolt.DB, error) {
	bolt, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout, FreelistType: bbolt.FreelistMapType, ReadOnly: readOnly})
	var system syscall.Errno
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, ErrInUse
	case err != nil && !errors.As(err, &system):
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err) // not the disk's fault: it is the content
	}
	return bolt, err
}

// checkSize refuses a file that was cut short, before bbolt reads pages that are
// not there. Opened for reading only, it reads no more than the first two.
func (db *DB) checkSize() error {
	info, err := os.Stat(db.path)
	if errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is not a file")
	}
	bolt, err := openBolt(db.path, true)
	if err != nil {
		return err
	}
	err = bolt.View(func(tx *bbolt.Tx) error {
		if tx.Size() > info.Size() {
			return fmt.Errorf("%w: %d bytes where bbolt wrote %d", ErrCorrupt, info.Size(), tx.Size())
		}
		return nil
	})
	return errors.Join(err, bolt.Close())
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

// Close closes the file.
func (db *DB) Close() error { return db.bolt.Close() }

// Write brings the file to the state at c.Seq, in one transaction. When it returns
// nil that is durable; after an error the file is as it was, and c can be written
// again, merged with the changes taken since. ErrSequence: these are not the changes
// that follow what the file holds.
func (db *DB) Write(c *Changes) error {
	if c.from != db.seq {
		return fmt.Errorf("%w: changes from %d where the metadata file is at %d", ErrSequence, c.from, db.seq)
	}
	if c.empty() && bytes.Equal(c.position, db.position) {
		return nil
	}
	err := db.guard(func() error {
		return db.bolt.Update(func(tx *bbolt.Tx) error { return c.write(tx) })
	})
	if err != nil {
		return err
	}
	db.seq, db.position = c.Seq, c.position
	return nil
}

func (c *Changes) write(tx *bbolt.Tx) error {
	position, err := tx.CreateBucketIfNotExists(positionBucket)
	if err == nil {
		err = position.Put(positionKey, c.position)
	}
	for b, name := range buckets {
		if err != nil {
			return err
		}
		var bolt *bbolt.Bucket
		if bolt, err = tx.CreateBucketIfNotExists([]byte(name)); err == nil {
			err = writeOps(bolt, c.ops[b])
		}
	}
	return err
}

func writeOps(b *bbolt.Bucket, ops []byte) (err error) {
	for len(ops) > 0 && err == nil {
		kind, keyLen := ops[0], binary.LittleEndian.Uint32(ops[1:])
		end := keyLen + binary.LittleEndian.Uint32(ops[5:])
		body := ops[opHeadLen:]
		key, value := body[:keyLen], body[keyLen:end]
		ops = body[end:]
		switch kind {
		case opPut:
			err = b.Put(key, value)
		case opDelete:
			err = b.Delete(key)
		case opDeleteRange:
			err = deleteRange(b, key, value)
		}
	}
	return err
}

// deleteRange deletes the keys from one up to another. A cursor that deleted is
// placed anew each time: what it would go on to is not defined.
func deleteRange(b *bbolt.Bucket, from, to []byte) error {
	c := b.Cursor()
	for k, _ := c.Seek(from); k != nil && bytes.Compare(k, to) < 0; k, _ = c.Seek(from) {
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}
