package dir

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"

	"streamhouse/objstore"
)

// List implements [objstore.Store]. It reads only the folders that can hold a key
// of the listing, one at a time and as a rule once, and looks at a file's size when
// its turn comes. An object that is put or deleted meanwhile may be left out. To
// begin a listing costs a reading of the folder: go on with one rather than begin
// another behind it.
func (d *Store) List(ctx context.Context, prefix, after string) iter.Seq2[objstore.Info, error] {
	return func(yield func(objstore.Info, error) bool) {
		if err := objstore.ValidPrefix(prefix); err != nil {
			yield(objstore.Info{}, err)
			return
		}
		l := &listing{ctx: ctx, store: d, prefix: prefix, after: after, yield: yield}
		folder, _ := path.Split(prefix)
		if _, err := l.walk(folder); err != nil {
			yield(objstore.Info{}, fmt.Errorf("list %q: %w", prefix, explainFile(err)))
		}
	}
}

// listing is one run of a listing. One goroutine runs it.
type listing struct {
	ctx           context.Context
	store         *Store
	prefix, after string
	yield         func(objstore.Info, error) bool
}

// walk lists a folder, given as its keys' beginning: empty or ending in a slash.
// It returns false when the loop over the listing has ended.
func (l *listing) walk(folder string) (goOn bool, err error) {
	for cursor := ""; ; {
		if err := l.ctx.Err(); err != nil {
			return false, err
		}
		names, more, err := l.names(folder, cursor)
		if err != nil {
			return false, err
		}
		for _, name := range names {
			if strings.HasSuffix(name, "/") {
				goOn, err = l.walk(folder + name)
			} else {
				goOn, err = l.file(folder + name)
			}
			if !goOn || err != nil {
				return false, err
			}
		}
		if !more {
			return true, nil
		}
		cursor = names[len(names)-1]
	}
}

// names returns what of a folder belongs to the listing and comes behind the
// cursor, in the order of the keys: a folder counts with its slash, so "a-b/c" comes
// before "a/b". Where that is too much for one time, more follows.
func (l *listing) names(folder, cursor string) (names []string, more bool, err error) {
	found := smallest{limit: l.store.listedNames}
	err = readFolder(filepath.Join(l.store.root, filepath.FromSlash(folder)), func(e fs.DirEntry) {
		name := e.Name()
		wanted := e.Type().IsRegular() && l.wantsFile(folder+name)
		if e.IsDir() {
			name += "/"
			wanted = l.wantsFolder(folder + name)
		}
		if wanted && name > cursor {
			found.add(name)
		}
	})
	if err != nil && !absent(err) {
		return nil, false, err
	}
	names, more = found.sorted()
	return names, more, l.store.gone() // or this was the folder below a mount
}

// readFolder calls f for each of a folder's entries, in no order. An entry that comes or goes meanwhile may be told or
// not, and some file systems tell one twice.
func readFolder(path string, f func(fs.DirEntry)) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	for {
		entries, err := folder.ReadDir(folderBatch)
		for _, e := range entries {
			f(e)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// wantsFile reports an object of the listing. A file whose name is no key was not put by this store.
func (l *listing) wantsFile(key string) bool {
	return strings.HasPrefix(key, l.prefix) && key > l.after && objstore.ValidKey(key) == nil
}

// wantsFolder reports whether a key below the folder can be in the listing.
func (l *listing) wantsFolder(folder string) bool {
	beforePrefix := strings.HasPrefix(folder, l.prefix) || strings.HasPrefix(l.prefix, folder)
	beyondAfter := folder > l.after || strings.HasPrefix(l.after, folder)
	return beforePrefix && beyondAfter && folder != tempsFolder+"/"
}

// file lists an object. One that is not there any more is left out, unless the
// whole store has vanished: then the listing must not look as if it ended here.
func (l *listing) file(key string) (goOn bool, err error) {
	if err := l.ctx.Err(); err != nil {
		return false, err
	}
	info, err := os.Lstat(filepath.Join(l.store.root, filepath.FromSlash(key)))
	if absent(err) {
		err := l.store.gone()
		return err == nil, err
	}
	if err != nil {
		return false, err
	}
	return l.yield(objstore.Info{Key: key, Size: info.Size()}, nil), nil
}
