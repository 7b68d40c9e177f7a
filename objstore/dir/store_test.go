package dir

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
	"streamhouse/objstore/storetest"
)

func openDir(t testing.TB, root string) *Store {
	t.Helper()
	d, err := Open(root)
	require.NoError(t, err)
	return d
}

// temps returns the unfinished objects.
func temps(t *testing.T, root string) []os.DirEntry {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, tempsFolder))
	require.NoError(t, err)
	return entries
}

func TestKeepsObjects(t *testing.T) {
	root := filepath.Join(t.TempDir(), "is/made/with", "its parents")
	d := openDir(t, root)
	require.NoError(t, d.Put(t.Context(), "a/b/c", []byte("body")))
	onDisk, err := os.ReadFile(filepath.Join(root, "a/b/c"))
	require.NoError(t, err)
	require.Equal(t, "body", string(onDisk))

	again := openDir(t, root)
	require.ErrorIs(t, again.Put(t.Context(), "a/b/c", []byte("other")), objstore.ErrExists)
	body, err := again.Get(t.Context(), "a/b/c")
	require.NoError(t, err)
	require.Equal(t, "body", string(body))
}

func TestRelativePathOutlivesAChangeOfFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	d := openDir(t, "relative")
	require.NoError(t, d.Put(t.Context(), "a", []byte("x")))
	t.Chdir(t.TempDir())
	_, err := d.Get(t.Context(), "a")
	require.NoError(t, err)
}

func TestLeavesNoTemporaries(t *testing.T) {
	root := t.TempDir()
	d := openDir(t, root)
	require.NoError(t, d.Put(t.Context(), "a", []byte("x")))
	require.ErrorIs(t, d.Put(t.Context(), "a", []byte("x")), objstore.ErrExists)
	require.ErrorIs(t, d.Put(t.Context(), "a/b", []byte("x")), objstore.ErrKey)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { _ = d.Put(t.Context(), "raced", make([]byte, 1<<20)) })
	}
	wg.Wait()
	require.Empty(t, temps(t, root))
}

// What a crash leaves, step by step of Put.
func TestAfterACrash(t *testing.T) {
	root := t.TempDir()
	openDir(t, root)
	plant := func(path, body string) {
		path = filepath.Join(root, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(body), 0o600))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(root, "step1"), 0o755)) // its folder was made
	plant(tempsFolder+"/put-2", "hal")                                   // a part was written
	plant(tempsFolder+"/put-3", "linked")                                // linked, not yet removed
	require.NoError(t, os.Mkdir(filepath.Join(root, "step3"), 0o755))
	require.NoError(t, os.Link(filepath.Join(root, tempsFolder, "put-3"), filepath.Join(root, "step3/key")))

	d := openDir(t, root)
	require.Empty(t, temps(t, root))
	infos, err := storetest.ListAll(t.Context(), d, "", "")
	require.NoError(t, err)
	require.Equal(t, []objstore.Info{{Key: "step3/key", Size: 6}}, infos)
	require.NoError(t, d.Put(t.Context(), "step1/key", []byte("x")))
	require.ErrorIs(t, d.Put(t.Context(), "step3/key", []byte("linked")), objstore.ErrExists)
	body, err := d.Get(t.Context(), "step3/key")
	require.NoError(t, err)
	require.Equal(t, "linked", string(body))
}

// A second Store over a folder clears the temporaries of the first one, which must
// lose no Put over it.
func TestSharedByTwo(t *testing.T) {
	root := t.TempDir()
	first := openDir(t, root)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if _, err := Open(root); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	lost := 0
	for i := range 100 {
		key := fmt.Sprintf("k/%d", i)
		if err := first.Put(t.Context(), key, []byte(key)); err != nil {
			require.ErrorIs(t, err, fs.ErrNotExist, "only the temporary was missed")
			require.NotErrorIs(t, err, objstore.ErrPermanent)
			lost++
			continue
		}
		body, err := first.Get(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, key, string(body))
	}
	close(stop)
	wg.Wait()
	require.Less(t, lost, 100)
}

func TestTemporariesAreReserved(t *testing.T) {
	d := openDir(t, t.TempDir())
	for _, key := range []string{tempsFolder, tempsFolder + "/a"} {
		require.ErrorIs(t, d.Put(t.Context(), key, nil), objstore.ErrKey)
		_, err := d.Get(t.Context(), key)
		require.ErrorIs(t, err, objstore.ErrKey)
		require.ErrorIs(t, d.Delete(t.Context(), key), objstore.ErrKey)
	}
	require.NoError(t, d.Put(t.Context(), "x/"+tempsFolder+"/a", nil), "only at the root")
	require.NoError(t, os.WriteFile(filepath.Join(d.temps(), "put-1"), nil, 0o600))
	for _, prefix := range []string{"", ".", tempsFolder} {
		infos, err := storetest.ListAll(t.Context(), d, prefix, "")
		require.NoError(t, err)
		require.NotContains(t, infos, objstore.Info{Key: tempsFolder + "/put-1"})
	}
}

func TestFolderAndObjectOfOneName(t *testing.T) {
	d := openDir(t, t.TempDir())
	require.NoError(t, d.Put(t.Context(), "a/b", []byte("x")))
	require.ErrorIs(t, d.Put(t.Context(), "a", []byte("x")), objstore.ErrKey)
	require.ErrorIs(t, d.Put(t.Context(), "a/b/c", []byte("x")), objstore.ErrKey)
	require.ErrorIs(t, d.Put(t.Context(), "a/b/c/d", []byte("x")), objstore.ErrKey)
	require.NoError(t, d.Delete(t.Context(), "a"), "holds no object")
	_, err := d.Get(t.Context(), "a/b")
	require.NoError(t, err)
}

func TestIgnoresWhatIsNoObject(t *testing.T) {
	root := t.TempDir()
	d := openDir(t, root)
	require.NoError(t, d.Put(t.Context(), "real", []byte("x")))
	require.NoError(t, os.Symlink("real", filepath.Join(root, "link")))
	require.NoError(t, os.Mkdir(filepath.Join(root, "empty"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "späti"), nil, 0o600))
	infos, err := storetest.ListAll(t.Context(), d, "", "")
	require.NoError(t, err)
	require.Equal(t, []objstore.Info{{Key: "real", Size: 1}}, infos)
}

// A folder that was removed by hand is made again.
func TestFolderRemovedMeanwhile(t *testing.T) {
	root := t.TempDir()
	d := openDir(t, root)
	require.NoError(t, d.Put(t.Context(), "a/b/1", []byte("x")))
	require.NoError(t, os.RemoveAll(filepath.Join(root, "a")))
	require.NoError(t, d.Put(t.Context(), "a/b/2", []byte("x")))
	_, err := d.Get(t.Context(), "a/b/2")
	require.NoError(t, err)
}

// A store that is gone as a whole must not look like an empty one.
func TestGone(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	d := openDir(t, root)
	require.NoError(t, d.Put(t.Context(), "a/b", []byte("x")))
	require.NoError(t, os.Rename(root, root+"-unmounted"))
	require.ErrorIs(t, d.Put(t.Context(), "a/c", []byte("x")), objstore.ErrPermanent)
	_, err := d.Get(t.Context(), "a/b")
	require.ErrorIs(t, err, objstore.ErrPermanent)
	_, err = d.GetRange(t.Context(), "a/b", 0, 1)
	require.ErrorIs(t, err, objstore.ErrPermanent)
	_, err = storetest.ListAll(t.Context(), d, "", "")
	require.ErrorIs(t, err, objstore.ErrPermanent)
	require.ErrorIs(t, d.Delete(t.Context(), "a/b"), objstore.ErrPermanent)
	require.NoFileExists(t, root, "it is not made anew")

	require.NoError(t, os.Rename(root+"-unmounted", root))
	require.NoError(t, d.Put(t.Context(), "a/c", []byte("x")))
}

func TestThatCannotBeOpened(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, path := range []string{file, file + "/below", "/proc/nothing/here"} {
		_, err := Open(path)
		require.ErrorIs(t, err, objstore.ErrPermanent, path)
	}
}

func TestWithoutPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write anywhere")
	}
	root := t.TempDir()
	d := openDir(t, root)
	require.NoError(t, os.Chmod(d.temps(), 0o500))
	require.ErrorIs(t, d.Put(t.Context(), "a", nil), objstore.ErrPermanent)
}

func TestFaultsThatSomebodyMustMend(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EACCES, syscall.EPERM} {
		err := explainFile(&fs.PathError{Op: "write", Path: "x", Err: errno})
		require.ErrorIs(t, err, objstore.ErrPermanent)
		require.ErrorIs(t, err, errno)
	}
	for _, errno := range []syscall.Errno{syscall.EIO, syscall.EMFILE, syscall.ENFILE, syscall.EINTR, syscall.EAGAIN} {
		require.NotErrorIs(t, explainFile(&fs.PathError{Op: "write", Path: "x", Err: errno}), objstore.ErrPermanent)
	}
	require.NotErrorIs(t, permanentUnlessPassing(syscall.EMFILE), objstore.ErrPermanent)
	require.ErrorIs(t, permanentUnlessPassing(syscall.EIO), objstore.ErrPermanent)
}

// The store has no checksums of its own: it reads what the file has.
func TestDamagedFile(t *testing.T) {
	root := t.TempDir()
	d := openDir(t, root)
	require.NoError(t, d.Put(t.Context(), "a", []byte("0123456789")))
	require.NoError(t, os.Truncate(filepath.Join(root, "a"), 4))
	_, err := d.GetRange(t.Context(), "a", 2, 5)
	require.ErrorIs(t, err, objstore.ErrRange)
	body, err := d.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, "0123", string(body), "what there is; its reader has checksums")
}

// The listing of a small folder must not read its neighbours.
func TestListReadsOnlyWhatItNeeds(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read anything")
	}
	root := t.TempDir()
	d := openDir(t, root)
	for _, key := range []string{"journal/0000000001/1", "journal/0000000002/1", "journal/0000000003/1", "segments/1"} {
		require.NoError(t, d.Put(t.Context(), key, nil))
	}
	for _, closed := range []string{"journal/0000000001", "segments"} {
		path := filepath.Join(root, closed)
		require.NoError(t, os.Chmod(path, 0))
		t.Cleanup(func() { require.NoError(t, os.Chmod(path, 0o700)) })
	}
	infos, err := storetest.ListAll(t.Context(), d, "journal/", "journal/0000000001~")
	require.NoError(t, err)
	require.Len(t, infos, 2)
}

func TestListWantsFolder(t *testing.T) {
	for _, c := range []struct {
		prefix, after, folder string
		want                  bool
	}{
		{"", "", "a/", true},
		{"journal/", "", "segments/", false},
		{"journal/0000000003/", "", "journal/", true},
		{"journal/0000000003/", "", "journal/0000000002/", false},
		{"journal/", "journal/0000000002/5", "journal/0000000001/", false},
		{"journal/", "journal/0000000002/5", "journal/0000000002/", true},
		{"journal/", "journal/0000000002/5", "journal/0000000003/", true},
		{"", "b", "a/", false},
		{"", "a", "a/", true},
		{"", "a0", "a/", false},
		{"", "", tempsFolder + "/", false},
	} {
		l := listing{prefix: c.prefix, after: c.after}
		require.Equal(t, c.want, l.wantsFolder(c.folder), "%+v", c)
	}
}

func TestListEndsWithItsContext(t *testing.T) {
	d := openDir(t, t.TempDir())
	for i := range 3 {
		require.NoError(t, d.Put(t.Context(), fmt.Sprint(i), nil))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	n := 0
	for _, err := range d.List(ctx, "", "") {
		last = err
		n++
		cancel()
	}
	require.ErrorIs(t, last, context.Canceled)
	require.Equal(t, 2, n)
}

// The order and the bounds of a listing do not depend on how many names are kept at a time.
func TestListInFewNamesAtATime(t *testing.T) {
	d := openDir(t, t.TempDir())
	var keys []string
	for i := range 40 {
		keys = append(keys, fmt.Sprintf("a/%02d", i), fmt.Sprintf("b-%02d/x", i), fmt.Sprintf("b-%02d/y", i), fmt.Sprintf("c%02d", i))
	}
	for _, key := range keys {
		require.NoError(t, d.Put(t.Context(), key, nil))
	}
	want, err := storetest.ListAll(t.Context(), d, "", "")
	require.NoError(t, err)
	require.Len(t, want, len(keys))
	for _, limit := range []int{1, 2, 7, 39, 40, 41, 1000} {
		d.listedNames = limit
		got, err := storetest.ListAll(t.Context(), d, "", "")
		require.NoError(t, err)
		require.Equal(t, want, got, limit)
		got, err = storetest.ListAll(t.Context(), d, "b-", "b-05/x")
		require.NoError(t, err)
		require.Len(t, got, 2*40-11, limit)
	}
}

// A listing costs one reading of each folder, however its reader goes on.
func TestListReadsAFolderOnce(t *testing.T) {
	root := t.TempDir()
	d := openDir(t, root)
	fillFolder(t, root, 100)
	seen := 0
	for info, err := range d.List(t.Context(), "journal/", "") {
		require.NoError(t, err)
		require.Equal(t, journalKey(seen), info.Key)
		if seen++; seen == 10 {
			require.NoError(t, d.Put(t.Context(), "journal/0000000001/later", nil))
			require.NoError(t, d.Delete(t.Context(), journalKey(50)))
			require.NoError(t, os.WriteFile(filepath.Join(root, journalKey(50)), nil, 0o600))
		}
	}
	require.Equal(t, 100, seen, "and it is the folder as it was then")
}

// A store that vanishes during a listing must not look as if the listing ended.
func TestGoneDuringAListing(t *testing.T) {
	for _, limit := range []int{maxListedNames, 1} {
		root := filepath.Join(t.TempDir(), "root")
		d := openDir(t, root)
		d.listedNames = limit
		fillFolder(t, root, 10)
		seen, last := 0, error(nil)
		for _, err := range d.List(t.Context(), "", "") {
			if last = err; err != nil {
				break
			}
			if seen++; seen == 5 {
				require.NoError(t, os.Rename(root, root+"-unmounted"))
			}
		}
		require.Equal(t, 5, seen)
		require.ErrorIs(t, last, objstore.ErrPermanent)
		require.ErrorContains(t, last, "folder of the store is gone")
	}
}

// An empty folder where the store was, as an unmount leaves one, is not the store.
func TestEmptyFolderInPlaceOfTheStore(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	d := openDir(t, root)
	require.NoError(t, d.Put(t.Context(), "a/b", nil))
	require.NoError(t, os.Rename(root, root+"-unmounted"))
	require.NoError(t, os.Mkdir(root, 0o755))
	_, err := d.Get(t.Context(), "a/b")
	require.NotErrorIs(t, err, objstore.ErrNotFound)
	require.ErrorContains(t, err, "folder of the store is gone")
	_, err = storetest.ListAll(t.Context(), d, "", "")
	require.ErrorContains(t, err, "folder of the store is gone")
	require.ErrorContains(t, d.Delete(t.Context(), "a/b"), "folder of the store is gone")
	require.ErrorContains(t, d.Put(t.Context(), "a/c", nil), "folder of the store is gone")
}
