package dir

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"streamhouse/objstore"
)

// maxLinkTries bounds how often a Put starts over after another process has
// removed its temporary file or its folder.
const maxLinkTries = 4

// Put implements [objstore.Store]:
//
//  1. make the key's folder, durably; once per folder
//  2. write the object to a temporary file and sync it
//  3. link it to its name, which fails where the name is taken
//  4. remove the temporary name
//  5. sync the folder that holds the name
//
// A crash before step 3 leaves a temporary file, which Open removes; before
// step 5 it leaves the whole object or none. The sync in step 2 cannot wait for
// step 5: a name could then outlive a crash that its bytes did not.
func (d *Store) Put(ctx context.Context, key string, body []byte) error {
	path, err := d.path(key)
	if err := cmp.Or(err, ctx.Err()); err != nil {
		return err
	}
	for try := 1; ; try++ {
		err := d.create(path, body)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, fs.ErrExist):
			return d.taken(path, key)
		case errors.Is(err, syscall.ENOTDIR):
			return fmt.Errorf("%w: %s: an object holds the name of its folder", objstore.ErrKey, key)
		case errors.Is(err, fs.ErrNotExist) && try < maxLinkTries && ctx.Err() == nil:
			d.forget()
		case errors.Is(err, syscall.EFBIG): // it was the temporary file's, so there is no object
			return fmt.Errorf("put %s: %w: %w", key, objstore.ErrTooLarge, err)
		default:
			err = cmp.Or(d.gone(), explainFile(err))
			return fmt.Errorf("put %s: %w", key, err)
		}
	}
}

// create is steps 1 to 5. fs.ErrExist: the name is taken. fs.ErrNotExist: a folder or the temporary file was removed
// meanwhile.
func (d *Store) create(path string, body []byte) error {
	// Spares the writing where the answer is known: nothing replaces an object.
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	folder := filepath.Dir(path)
	if err := d.makeFolder(folder); err != nil {
		return err
	}
	temp, err := d.writeTemp(body)
	if err != nil {
		return err
	}
	linked := os.Link(temp, path)
	// A name that stays behind wastes space until the next Open, no more.
	_ = os.Remove(temp)
	if linked != nil {
		return linked
	}
	return d.syncFolder(folder)
}

// writeTemp writes body to a new temporary file, whose bytes are durable then. After an error it removes the file.
func (d *Store) writeTemp(body []byte) (name string, err error) {
	f, err := os.CreateTemp(d.temps(), "put-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(body)
	err = cmp.Or(err, d.sync(f), f.Close())
	if err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// taken is the answer for a key that has a file: objstore.ErrExists, or objstore.ErrKey for a folder. Who put it may have failed or
// died before the name was durable; our caller may take the object for its own
// and rely on it, so it is made durable first.
func (d *Store) taken(path, key string) error {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %s is the folder of other objects", objstore.ErrKey, key)
	}
	if err := d.makeFolder(filepath.Dir(path)); err != nil {
		return fmt.Errorf("put %s: %w", key, explainFile(err))
	}
	if err := d.syncFolder(filepath.Dir(path)); err != nil {
		return fmt.Errorf("put %s: %w", key, explainFile(err))
	}
	return objstore.Exists(key)
}
