package meta

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// DB is the state on disk, in a bbolt file. One process has it open at a time.
// Load and Write may not run beside each other or beside Close.
type DB struct {
	bolt *bbolt.DB
}

// lockTimeout is how long OpenDB waits for a process that is just closing the file.
const lockTimeout = 2 * time.Second

// OpenDB opens the file, and makes it and its folder where they do not exist.
// Errors: ErrInUse, ErrCorrupt for a file that bbolt cannot read, and those of the file system.
func OpenDB(path string) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of the metadata file: %w", err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout, FreelistType: bbolt.FreelistMapType, NoFreelistSync: true})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("%w: %s: stop that one, or name another file", ErrInUse, path)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%w: %s: %w", ErrCorrupt, path, err)
	case err != nil:
		return nil, fmt.Errorf("open the metadata file %s: %w", path, err)
	}
	return &DB{db}, nil
}

// Close closes the file.
func (db *DB) Close() error { return db.bolt.Close() }

// Load returns the state that the file holds; the one before the first commit where it is new.
// Errors wrap ErrCorrupt or ErrVersion.
func (db *DB) Load() (*State, error) {
	s := NewState()
	err := db.bolt.View(s.load)
	if err != nil {
		return nil, err
	}
	s.dirty = newDirty()
	return s, nil
}

// load reads the buckets in an order in which what a value refers to is known already.
func (s *State) load(tx *bbolt.Tx) error {
	position := tx.Bucket([]byte(buckets[inPosition]))
	if position == nil {
		return nil
	}
	if err := s.readPosition(&reader{src: position.Get(positionKey)}); err != nil {
		return fmt.Errorf("bucket %s: %w", buckets[inPosition], err)
	}
	for _, step := range []struct {
		bucket bucket
		read   func(key, value *reader)
	}{
		{inTopics, s.readTopic}, {inPartitions, s.readPartition}, {inSegments, s.readSegment}, {inExtents, s.readExtent},
		{inProducers, s.readProducer}, {inOffsets, s.readOffset}, {inNames, s.readName},
	} {
		if err := loadBucket(tx, step.bucket, step.read); err != nil {
			return fmt.Errorf("bucket %s: %w", buckets[step.bucket], err)
		}
	}
	return nil
}

func loadBucket(tx *bbolt.Tx, b bucket, read func(key, value *reader)) error {
	bolt := tx.Bucket([]byte(buckets[b]))
	if bolt == nil {
		return fmt.Errorf("%w: it is missing", ErrCorrupt)
	}
	return bolt.ForEach(func(k, v []byte) error {
		key, value := reader{src: k}, reader{src: v}
		read(&key, &value)
		if err := errors.Join(key.end(), value.end()); err != nil {
			return fmt.Errorf("key %x: %w", k, err)
		}
		return nil
	})
}

// Write brings the file to the state at c.Seq, in one transaction. When it
// returns nil that is durable; after an error the file is as it was.
func (db *DB) Write(c *Changes) error {
	return db.bolt.Update(func(tx *bbolt.Tx) error {
		for b, name := range buckets {
			bolt, err := tx.CreateBucketIfNotExists([]byte(name))
			if err != nil {
				return fmt.Errorf("bucket %s: %w", name, err)
			}
			if err := writeOps(bolt, c.ops[b]); err != nil {
				return fmt.Errorf("bucket %s: %w", name, err)
			}
		}
		return nil
	})
}

// writeOps writes in the order of the keys, which is what a B+tree likes best.
func writeOps(bolt *bbolt.Bucket, ops []op) error {
	slices.SortFunc(ops, func(a, b op) int { return slices.Compare(a.key, b.key) })
	for _, o := range ops {
		if o.value == nil {
			if err := bolt.Delete(o.key); err != nil {
				return err
			}
		} else if err := bolt.Put(o.key, o.value); err != nil {
			return err
		}
	}
	return nil
}
