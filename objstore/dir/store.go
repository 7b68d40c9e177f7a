package dir

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"streamhouse/objstore"
)

// tempsFolder is the folder under the root that holds unfinished objects. Keys
// below it are refused and it is never listed.
const tempsFolder = ".streamhouse-tmp"

// Store keeps objects as files under a local folder; a key is the file's path.
// Several Stores, also of several processes, may share one folder: creation stays
// exclusive and a listing sees what any of them has put.
//
// Two limits come with files: a key that is the folder of another ("a" beside
// "a/b") is refused with objstore.ErrKey, and on a file system that folds upper and lower
// case so does the store. Everything but directories and regular files is
// ignored.
//
// All methods may be called concurrently. A file operation that has begun is not
// interrupted by the end of its context.
type Store struct {
	root string // absolute
	// sync makes a file's bytes or a folder's names durable; tests watch it.
	sync func(*os.File) error
	// listedNames is maxListedNames; tests lower it.
	listedNames int

	mu sync.Mutex
	// durable holds the folders known to exist for good. It stays true because
	// nobody removes folders, Delete included: a folder could not be
	// removed safely while another process puts into it.
	durable map[string]bool
}

var _ objstore.Store = (*Store)(nil)

// Open opens the store under path and creates the folder where it is missing.
// It removes what a crash left unfinished. An error that wraps objstore.ErrPermanent
// says that the folder cannot be used.
func Open(path string) (*Store, error) {
	root, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w: %w", path, objstore.ErrPermanent, err)
	}
	d := &Store{root: root, sync: (*os.File).Sync, listedNames: maxListedNames, durable: make(map[string]bool)}
	if err := d.open(); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, permanentUnlessPassing(err))
	}
	return d, nil
}

// open makes what must be there and clears what must not. It runs before anybody else has the store.
func (d *Store) open() error {
	if err := d.makeFolders(d.root); err != nil {
		return err
	}
	d.durable[d.root] = true
	if err := os.Mkdir(d.temps(), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return d.removeTemps()
}

// temps is on the file system of the objects, as a link needs.
func (d *Store) temps() string { return filepath.Join(d.root, tempsFolder) }

// removeTemps clears the folder of unfinished objects. One of them may belong to
// another process that is alive: its Put notices and starts over.
func (d *Store) removeTemps() error {
	entries, err := os.ReadDir(d.temps())
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Remove(filepath.Join(d.temps(), e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// path returns the file of a key, or objstore.ErrKey. It is below the root whatever the key says: see [objstore.ValidKey].
func (d *Store) path(key string) (string, error) {
	if err := objstore.ValidKey(key); err != nil {
		return "", err
	}
	if first, _, _ := strings.Cut(key, "/"); first == tempsFolder {
		return "", fmt.Errorf("%w: %q: %s is reserved", objstore.ErrKey, key, tempsFolder)
	}
	return filepath.Join(d.root, filepath.FromSlash(key)), nil
}

// gone returns an error where the whole store has vanished, such as after an
// unmount: its objects are out of reach then, which is not the same as missing.
func (d *Store) gone() error {
	if _, err := os.Lstat(d.temps()); err != nil {
		return fmt.Errorf("%w: the folder of the store is gone: %w", objstore.ErrPermanent, err)
	}
	return nil
}

// Get implements [objstore.Store]. There is no checksum beside the file: who reads has one in the object.
func (d *Store) Get(ctx context.Context, key string) ([]byte, error) {
	f, size, err := d.openObject(ctx, key)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readObject(f, key, 0, size)
}

// GetRange implements [objstore.Store].
func (d *Store) GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	if err := objstore.ValidRange(key, offset, length); err != nil {
		return nil, cmp.Or(objstore.ValidKey(key), err)
	}
	f, size, err := d.openObject(ctx, key)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := objstore.RangeWithin(key, offset, length, size); err != nil {
		return nil, err
	}
	return readObject(f, key, offset, length)
}

// openObject returns an object's file, which the caller closes, and its size.
func (d *Store) openObject(ctx context.Context, key string) (*os.File, int64, error) {
	path, err := d.path(key)
	if err := cmp.Or(err, ctx.Err()); err != nil {
		return nil, 0, err
	}
	f, err := os.Open(path)
	if absent(err) {
		return nil, 0, cmp.Or(d.gone(), objstore.NotFound(key))
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read %s: %w", key, explainFile(err))
	}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() {
		return f, info.Size(), nil
	}
	f.Close()
	if err != nil {
		return nil, 0, fmt.Errorf("read %s: %w", key, explainFile(err))
	}
	return nil, 0, objstore.NotFound(key)
}

// readObject reads exactly length bytes, which are the caller's. The size of an object never changes,
// so an end before that is damage from outside.
func readObject(f *os.File, key string, offset, length int64) ([]byte, error) {
	body := make([]byte, length)
	n, err := f.ReadAt(body, offset)
	if int64(n) == length {
		return body, nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return nil, fmt.Errorf("read %s: %d bytes from %d: %w", key, length, offset, explainFile(err))
}

// Delete implements [objstore.Store]. When it returns nil the objects do not come back
// after a crash either. The folders stay.
func (d *Store) Delete(ctx context.Context, keys ...string) error {
	if err := d.gone(); err != nil {
		return err
	}
	changed := make(map[string]bool)
	err := d.remove(ctx, keys, changed)
	for folder := range changed {
		if failed := d.syncFolder(folder); failed != nil && !absent(failed) && err == nil {
			err = fmt.Errorf("delete: %w", explainFile(failed))
		}
	}
	return cmp.Or(err, d.gone()) // or what was missing may only have been out of reach
}

// remove unlinks the keys' files and notes the folders that lost one, also where it fails in the middle.
func (d *Store) remove(ctx context.Context, keys []string, changed map[string]bool) error {
	if err := objstore.ValidKeys(keys); err != nil {
		return err
	}
	for _, key := range keys {
		path, err := d.path(key)
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
		switch err := removeFile(path); {
		case err == nil:
			changed[filepath.Dir(path)] = true
		case !absent(err):
			return fmt.Errorf("delete %s: %w", key, explainFile(err))
		}
	}
	return nil
}
