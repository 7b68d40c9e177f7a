package objstore

import (
	"fmt"
	"math"
	"path"
	"strings"
)

const (
	// MaxKeyBytes is the longest key: S3's own limit.
	MaxKeyBytes = 1024
	// maxSegmentBytes is the longest part between two slashes: the longest file
	// name of the usual file systems.
	maxSegmentBytes = 255
)

// ValidKey returns an error that wraps [ErrKey] unless every store can hold an
// object under the key: at most [MaxKeyBytes] of printable ASCII without
// backslash, in segments of 1 to 255 bytes that are separated by single slashes
// and are neither "." nor "..".
func ValidKey(key string) error {
	if key == "" {
		return fmt.Errorf("%w: empty", ErrKey)
	}
	if err := validBytes(key); err != nil {
		return err
	}
	for segment := range strings.SplitSeq(key, "/") {
		if err := validSegment(key, segment); err != nil {
			return err
		}
	}
	return nil
}

// ValidKeys is ValidKey for each of the keys.
func ValidKeys(keys []string) error {
	for _, key := range keys {
		if err := ValidKey(key); err != nil {
			return err
		}
	}
	return nil
}

// ValidPrefix returns an error that wraps [ErrKey] unless the prefix is the
// beginning of some valid key; empty is one. Its whole segments must be
// valid, so that a prefix cannot lead a store of files out of its folder.
func ValidPrefix(prefix string) error {
	if err := validBytes(prefix); err != nil {
		return err
	}
	whole, last := path.Split(prefix)
	if len(last) > maxSegmentBytes {
		return fmt.Errorf("%w: %q: a segment has %d bytes, at most %d are allowed", ErrKey, prefix, len(last), maxSegmentBytes)
	}
	if whole == "" {
		return nil
	}
	return ValidKey(strings.TrimSuffix(whole, "/"))
}

func validBytes(key string) error {
	if len(key) > MaxKeyBytes {
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrKey, len(key), MaxKeyBytes)
	}
	for i := range len(key) {
		if c := key[i]; c < ' ' || c > '~' || c == '\\' {
			return fmt.Errorf("%w: %q has byte %#02x at %d", ErrKey, key, c, i)
		}
	}
	return nil
}

func validSegment(key, segment string) error {
	switch {
	case segment == "", segment == ".", segment == "..":
		return fmt.Errorf("%w: %q has a segment %q", ErrKey, key, segment)
	case len(segment) > maxSegmentBytes:
		return fmt.Errorf("%w: %q: a segment has %d bytes, at most %d are allowed", ErrKey, key, len(segment), maxSegmentBytes)
	}
	return nil
}

// ValidRange refuses a range that no object can hold with [ErrRange].
func ValidRange(key string, offset, length int64) error {
	if offset < 0 || length < 0 || offset > math.MaxInt64-length {
		return fmt.Errorf("%w: %s: %d bytes from %d", ErrRange, key, length, offset)
	}
	return nil
}

// RangeWithin refuses a valid range that reaches beyond an object of size bytes
// with [ErrRange].
func RangeWithin(key string, offset, length, size int64) error {
	if offset+length > size {
		return fmt.Errorf("%w: %s: %d bytes from %d of %d", ErrRange, key, length, offset, size)
	}
	return nil
}

// Exists is the answer to a Put of a key that is taken; it wraps [ErrExists].
func Exists(key string) error { return fmt.Errorf("%w: %s", ErrExists, key) }

// NotFound is the answer to a read of a key that holds no object; it wraps [ErrNotFound].
func NotFound(key string) error { return fmt.Errorf("%w: %s", ErrNotFound, key) }
