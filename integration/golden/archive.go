package main

import (
	"archive/zip"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// What an archive holds.
const (
	bucketName = "bucket"   // the objects, each a file named by its key
	earlyName  = "early.db" // a metadata file that lags behind the bucket
	lateName   = "late.db"  // one that the last broker has left
)

// pack writes files and folders, by their name in the archive: those of [bucketName], [earlyName] and [lateName]. After an
// error the file that out names is of no use.
func pack(out string, paths map[string]string) (err error) {
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
	}()
	w := zip.NewWriter(file)
	for _, name := range []string{bucketName, earlyName, lateName} {
		if err := packPath(w, name, paths[name]); err != nil {
			return err
		}
	}
	return w.Close()
}

// packPath adds a file, or all files below a folder that are objects, in the order of their names.
func packPath(w *zip.Writer, name, root string) error {
	return filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), "."): // the store's own
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		entry, err := w.Create(path.Join(name, filepath.ToSlash(rel)))
		if err != nil {
			return err
		}
		_, err = entry.Write(content)
		return err
	})
}
