package meta

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// Load returns the state that the file holds, which collects what will change of it; the
// one before the first commit, which collects nothing, where there is no file. Errors wrap ErrCorrupt: every value is checked, and the state as a whole.
func (db *DB) Load() (*State, error) {
	l := &loader{State: NewState(), last: &Partition{}}
	if !db.Current() {
		return l.State, nil
	}
	if err := db.guard(func() error { return db.bolt.View(l.load) }); err != nil {
		return nil, err
	}
	l.usage = l.count()
	if err := l.Check(); err != nil {
		return nil, fmt.Errorf("metadata file %s: %w: %w", db.path, ErrCorrupt, err)
	}
	l.collect()
	return l.State, nil
}

// loader is a state that is being read from the file.
type loader struct {
	*State
	last       *Partition // the partition of the last key
	partitions int        // how many of them are still to come
	extents    []Extent   // of extentsOf, until all are read
	extentsOf  *Partition
}

// load reads the buckets in an order in which what a value refers to is known already.
func (l *loader) load(tx *bbolt.Tx) error {
	if err := l.readPosition(&reader{src: tx.Bucket(positionBucket).Get(positionKey)}); err != nil {
		return fmt.Errorf("position: %w", err)
	}
	for _, step := range l.steps() {
		if err := loadBucket(tx, step.bucket, step.read); err != nil {
			return fmt.Errorf("bucket %s: %w", buckets[step.bucket], err)
		}
	}
	if l.partitions != 0 {
		return fmt.Errorf("%w: %d partitions are missing", ErrCorrupt, l.partitions)
	}
	l.storeExtents()
	return nil
}

// loadStep says how the pairs of a bucket are read.
type loadStep struct {
	bucket bucket
	read   func(key, value *reader)
}

func (l *loader) steps() []loadStep {
	return []loadStep{
		{inTopics, l.readTopic},
		{inPartitions, l.readPartition},
		{inSegments, l.readSegment},
		{inExtents, l.readExtent},
		{inProducers, l.readProducer},
		{inOffsets, l.readOffset},
		{inNames, l.readName},
	}
}

func loadBucket(tx *bbolt.Tx, b bucket, read func(key, value *reader)) error {
	bolt := tx.Bucket([]byte(buckets[b]))
	if bolt == nil {
		return fmt.Errorf("%w: it is missing", ErrCorrupt)
	}
	var key, value reader
	c := bolt.Cursor()
	// Of a small bucket, which lies in the page of the one above it, checkPages has seen nothing. First would follow for ever
	// what has no type, as it takes it for a page that has others below it. Seek looks at the type.
	for k, v := c.Seek(nil); k != nil; k, v = c.Next() {
		key, value = reader{src: k}, reader{src: v}
		if err := readPair(&key, &value, read); err != nil {
			return fmt.Errorf("key %x: %w", k, err)
		}
	}
	return nil
}

// readPair reads a key and its value; nothing of them may be left over.
func readPair(key, value *reader, read func(key, value *reader)) error {
	read(key, value)
	if err := key.end(); err != nil {
		return fmt.Errorf("the key: %w", err)
	}
	if err := value.end(); err != nil {
		return fmt.Errorf("the value: %w", err)
	}
	return nil
}
