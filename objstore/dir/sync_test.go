package dir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
)

// syncs records what a Store makes durable, and what of the key "a/b/key" can be
// seen at that time.
type syncs struct {
	root string
	done []string
	fail map[string]error // by what is synced
}

func watchSyncs(d *Store) *syncs {
	w := &syncs{root: d.root, fail: make(map[string]error)}
	d.sync = func(f *os.File) error {
		what := w.name(f.Name())
		event := what
		if _, err := os.Lstat(filepath.Join(d.root, "a/b/key")); err == nil {
			event += " (linked)"
		}
		w.done = append(w.done, event)
		if err := w.fail[what]; err != nil {
			return err
		}
		return f.Sync()
	}
	return w
}

func (w *syncs) name(path string) string {
	rel, err := filepath.Rel(w.root, path)
	switch {
	case err != nil:
		return path
	case strings.HasPrefix(rel, tempsFolder+"/"):
		return "bytes"
	case rel == ".":
		return "root"
	}
	return rel
}

func (w *syncs) take() []string {
	done := w.done
	w.done = nil
	return done
}

// Each name and each byte is durable in time, at no more syncs than it takes.
func TestSyncs(t *testing.T) {
	d := openDir(t, t.TempDir())
	w := watchSyncs(d)
	require.NoError(t, d.Put(t.Context(), "a/b/key", []byte("x")))
	require.Equal(t, []string{"root", "a", "bytes", "a/b (linked)"}, w.take(), "the folders' names, the bytes before the link, the link")
	require.NoError(t, d.Put(t.Context(), "a/b/second", []byte("x")))
	require.Equal(t, []string{"bytes (linked)", "a/b (linked)"}, w.take(), "folders are made durable once")
	require.ErrorIs(t, d.Put(t.Context(), "a/b/key", []byte("x")), objstore.ErrExists)
	require.Equal(t, []string{"a/b (linked)"}, w.take(), "nothing is written in vain, but the name must be durable")
	require.NoError(t, d.Delete(t.Context(), "a/b/key", "a/b/second", "a/b/none", "none"))
	require.Equal(t, []string{"a/b"}, w.take(), "once for a folder")

}

// Folders of an earlier process may have been made but not synced.
func TestSyncsFoldersThatItFinds(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "a/b"), 0o755))
	d := openDir(t, root)
	w := watchSyncs(d)
	require.NoError(t, d.Put(t.Context(), "a/b/key", []byte("x")))
	require.Equal(t, []string{"root", "a", "bytes", "a/b (linked)"}, w.take())
}

// Where the bytes cannot be made durable there is no object.
func TestBytesNotDurable(t *testing.T) {
	d := openDir(t, t.TempDir())
	w := watchSyncs(d)
	w.fail["bytes"] = syscall.EIO
	err := d.Put(t.Context(), "a/b/key", []byte("x"))
	require.ErrorIs(t, err, syscall.EIO)
	require.NotErrorIs(t, err, objstore.ErrPermanent)
	_, err = d.Get(t.Context(), "a/b/key")
	require.ErrorIs(t, err, objstore.ErrNotFound)
	require.Empty(t, temps(t, d.root))

	w.fail["bytes"] = syscall.ENOSPC
	require.ErrorIs(t, d.Put(t.Context(), "a/b/key", []byte("x")), objstore.ErrPermanent)
	require.Empty(t, temps(t, d.root))

	delete(w.fail, "bytes")
	require.NoError(t, d.Put(t.Context(), "a/b/key", []byte("x")))
}

// A Put that could not make the name durable has failed. Its retry finds the
// object, and may not say so before the name is durable: the caller will take
// the object for its own.
func TestNameNotDurable(t *testing.T) {
	d := openDir(t, t.TempDir())
	w := watchSyncs(d)
	w.fail["a/b"] = syscall.EIO
	require.ErrorIs(t, d.Put(t.Context(), "a/b/key", []byte("x")), syscall.EIO)
	for range 2 {
		err := d.Put(t.Context(), "a/b/key", []byte("x"))
		require.ErrorIs(t, err, syscall.EIO)
		require.False(t, errors.Is(err, objstore.ErrExists))
	}
	delete(w.fail, "a/b")
	require.ErrorIs(t, d.Put(t.Context(), "a/b/key", []byte("x")), objstore.ErrExists)
}

func TestFolderNotDurable(t *testing.T) {
	d := openDir(t, t.TempDir())
	w := watchSyncs(d)
	w.fail["a"] = syscall.EIO
	for range 2 { // a folder that is there counts for nothing before it is durable
		require.ErrorIs(t, d.Put(t.Context(), "a/b/key", []byte("x")), syscall.EIO)
	}
	delete(w.fail, "a")
	w.take()
	require.NoError(t, d.Put(t.Context(), "a/b/key", []byte("x")))
	require.Equal(t, []string{"a", "bytes", "a/b (linked)"}, w.take())
}

// A file larger than the file system or its limits take leaves nothing behind, and a smaller one may follow.
func TestFileTooLarge(t *testing.T) {
	d, err := Open(t.TempDir())
	require.NoError(t, err)
	sync := d.sync
	d.sync = func(f *os.File) error {
		if info, err := f.Stat(); err != nil || info.Mode().IsRegular() && info.Size() > 3 {
			return &os.PathError{Op: "write", Path: f.Name(), Err: syscall.EFBIG}
		}
		return sync(f)
	}
	err = d.Put(t.Context(), "key", []byte("1234"))
	require.ErrorIs(t, err, objstore.ErrTooLarge)
	require.NotErrorIs(t, err, objstore.ErrPermanent)
	require.NoError(t, d.Put(t.Context(), "key", []byte("123")))
	temps, err := os.ReadDir(d.temps())
	require.NoError(t, err)
	require.Empty(t, temps)
}
