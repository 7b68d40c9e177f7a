package meta

import "errors"

// What an entry's outcome can say. The engine passes them on to its callers.
var (
	ErrTopicNotFound        = errors.New("topic not found")
	ErrTopicExists          = errors.New("topic exists")
	ErrPartitionNotFound    = errors.New("partition out of range")
	ErrInvalidPartitions    = errors.New("invalid number of partitions")
	ErrGroupNotFound        = errors.New("group not found")
	ErrOffsetOutOfRange     = errors.New("offset out of range")
	ErrOutOfOrderSequence   = errors.New("out of order sequence number")
	ErrInvalidProducerEpoch = errors.New("producer epoch is fenced")
)

// What reading a commit or the metadata file, and applying and writing, can say.
var (
	// ErrCorrupt reports bytes that no version of this package has written.
	ErrCorrupt = errors.New("corrupt metadata")
	// ErrVersion reports bytes that a newer version has written.
	ErrVersion = errors.New("metadata of a newer version")
	// ErrInUse reports a metadata file that another process has open.
	ErrInUse = errors.New("metadata file is in use by another process")
	// ErrSequence reports a commit that does not follow the state, or changes that do
	// not follow what the file holds.
	ErrSequence = errors.New("out of sequence")
	// ErrInvalid reports a commit that contradicts itself.
	ErrInvalid = errors.New("invalid commit")
)
