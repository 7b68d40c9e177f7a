package objstore

import (
	"context"
	"errors"
	"iter"
)

// Errors that every Store returns, possibly wrapped; test with [errors.Is].
// Any other error is a passing or unknown fault: the operation may or may not
// have taken effect.
var (
	// ErrExists reports a Put of a key that already holds an object.
	ErrExists = errors.New("object already exists")
	// ErrNotFound reports a read of a key that holds no object.
	ErrNotFound = errors.New("object not found")
	// ErrRange reports a read beyond the end of an object.
	ErrRange = errors.New("range beyond the end of the object")
	// ErrPermanent marks a fault that a retry will not mend: access denied, a
	// missing bucket, wrong credentials, a full disk. Somebody has to act.
	ErrPermanent = errors.New("the object store refuses")
	// ErrTooLarge reports a Put of an object that is larger than the store, or what stands before
	// it, takes. This Put has stored nothing and will not: every attempt at it got that answer.
	ErrTooLarge = errors.New("object is larger than the store takes")
	// ErrKey reports a key that is not valid; see [ValidKey].
	ErrKey = errors.New("invalid object key")
)

// Info describes one object of a listing.
type Info struct {
	Key  string
	Size int64 // bytes
}

// Store holds immutable objects under slash-separated keys. All methods may be
// called concurrently. Every method honours its context, and none keeps a
// reference to a byte slice after it has returned. Every method refuses a key
// that is not valid with ErrKey; see [ValidKey].
type Store interface {
	// Put creates an object. It never replaces one: where the key is taken it
	// returns ErrExists and changes nothing. When it returns nil the object is
	// durable and every later read sees it. After any other error the object
	// may exist, whole; it never exists in part. Of several concurrent Puts of
	// one key exactly one can return nil.
	Put(ctx context.Context, key string, body []byte) error

	// Get returns a whole object, or ErrNotFound.
	Get(ctx context.Context, key string) ([]byte, error)

	// GetRange returns length bytes from offset, or ErrNotFound, or ErrRange
	// where the object ends before offset+length. It never returns fewer bytes
	// than asked for without an error. The slice is the caller's.
	GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error)

	// List yields the objects whose key begins with prefix and is greater than
	// after, in ascending byte order of their keys. A listing that fails yields
	// one error and ends. It sees every Put that returned before it began.
	List(ctx context.Context, prefix, after string) iter.Seq2[Info, error]

	// Delete removes objects. A key that holds none is no error. After an error
	// some may be gone.
	Delete(ctx context.Context, keys ...string) error
}
