package dir

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"streamhouse/objstore"
)

// List implements [objstore.Store]. It reads only the folders that can hold a key of the
// listing, one at a time, and looks at a file's size when its turn comes. An
// object deleted meanwhile may be left out.
func (d *Store) List(ctx context.Context, prefix, after string) iter.Seq2[objstore.Info, error] {
	return func(yield func(objstore.Info, error) bool) {
		if err := objstore.ValidPrefix(prefix); err != nil {
			yield(objstore.Info{}, err)
			return
		}
		if err := d.gone(); err != nil {
			yield(objstore.Info{}, err)
			return
		}
		l := &listing{ctx: ctx, root: d.root, prefix: prefix, after: after, yield: yield}
		folder, _ := path.Split(prefix)
		if _, err := l.walk(folder); err != nil {
			yield(objstore.Info{}, fmt.Errorf("list %q: %w", prefix, explainFile(err)))
		}
	}
}

// listing is one run of a listing.
type listing struct {
	ctx           context.Context
	root          string
	prefix, after string
	yield         func(objstore.Info, error) bool
}

// walk lists a folder, given as its keys' beginning: empty or ending in a slash.
// It returns false when the loop over the listing has ended.
func (l *listing) walk(folder string) (goOn bool, err error) {
	if err := l.ctx.Err(); err != nil {
		return false, err
	}
	names, err := l.names(folder)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "/") {
			goOn, err = l.walk(name)
		} else {
			goOn, err = l.file(name)
		}
		if !goOn || err != nil {
			return false, err
		}
	}
	return true, nil
}

// names returns what of a folder belongs to the listing, in the order of the
// keys: a folder counts with its slash, so "a-b/c" comes before "a/b".
func (l *listing) names(folder string) (names []string, err error) {
	entries, err := readFolder(filepath.Join(l.root, filepath.FromSlash(folder)))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := folder + e.Name()
		switch {
		case e.Type().IsRegular() && l.wantsFile(name):
			names = append(names, name)
		case e.IsDir() && l.wantsFolder(name+"/"):
			names = append(names, name+"/")
		}
	}
	slices.Sort(names)
	return names, nil
}

// readFolder returns a folder's entries in no order, none where it is missing.
func readFolder(path string) ([]fs.DirEntry, error) {
	f, err := os.Open(path)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	if absent(err) {
		return nil, nil
	}
	return entries, err
}

func (l *listing) wantsFile(key string) bool {
	return strings.HasPrefix(key, l.prefix) && key > l.after && objstore.ValidKey(key) == nil
}

// wantsFolder reports whether a key below the folder can be in the listing.
func (l *listing) wantsFolder(folder string) bool {
	beforePrefix := strings.HasPrefix(folder, l.prefix) || strings.HasPrefix(l.prefix, folder)
	beyondAfter := folder > l.after || strings.HasPrefix(l.after, folder)
	return beforePrefix && beyondAfter && folder != tempsFolder+"/"
}

func (l *listing) file(key string) (goOn bool, err error) {
	if err := l.ctx.Err(); err != nil {
		return false, err
	}
	info, err := os.Lstat(filepath.Join(l.root, filepath.FromSlash(key)))
	if absent(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return l.yield(objstore.Info{Key: key, Size: info.Size()}, nil), nil
}
