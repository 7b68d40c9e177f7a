package dir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// makeFolder makes a folder below the root and all above it, so that a crash
// does not take them back. It syncs also above a folder that exists: whoever
// made it may not have come so far. d.mu must not be held; several may make the same folder at once.
func (d *Store) makeFolder(folder string) error {
	d.mu.Lock()
	known := d.durable[folder]
	d.mu.Unlock()
	if known {
		return nil
	}
	above := filepath.Dir(folder)
	if err := d.makeFolder(above); err != nil {
		return err
	}
	if err := d.makeDurable(folder); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.durable[folder] = true
	return nil
}

// forget makes the next Puts look for their folders anew: somebody has removed one, though nobody should.
func (d *Store) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.durable = map[string]bool{d.root: true}
}

// makeFolders makes a folder and those above it that are missing, durably. It is for the root, above which
// everything is somebody else's: what exists there is not synced.
func (d *Store) makeFolders(folder string) error {
	info, err := os.Stat(folder)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return &fs.PathError{Op: "mkdir", Path: folder, Err: syscall.ENOTDIR}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := d.makeFolders(filepath.Dir(folder)); err != nil {
		return err
	}
	return d.makeDurable(folder)
}

// makeDurable makes a folder where it is missing and syncs the one that holds it. A file in its place is ENOTDIR.
func (d *Store) makeDurable(folder string) error {
	if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		if err == nil {
			err = &fs.PathError{Op: "mkdir", Path: folder, Err: syscall.ENOTDIR}
		}
		return err
	}
	return d.syncFolder(filepath.Dir(folder))
}

// syncFolder makes the names in a folder durable, as fsync(2) has it: a file's own sync does not.
func (d *Store) syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	err = d.sync(f)
	return errors.Join(err, f.Close())
}

// removeFile removes a file, never a folder: os.Remove would take an empty one. A folder is EISDIR.
func removeFile(path string) error {
	for {
		err := syscall.Unlink(path)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EINTR):
			continue
		}
		// Systems disagree about the error for a folder.
		if info, failed := os.Lstat(path); failed == nil && info.IsDir() {
			err = syscall.EISDIR
		}
		return &fs.PathError{Op: "unlink", Path: path, Err: err}
	}
}
