package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

func (s *settings) checkStorage() error {
	paths := []struct{ flag, path string }{{"--metadata", s.Metadata}}
	if s.UseLocalStorage {
		paths = append(paths, struct{ flag, path string }{"--local-storage-path", s.LocalStoragePath})
	} else if err := checkBucket(s.Bucket); err != nil {
		return err
	}
	if s.CacheSize > 0 {
		paths = append(paths, struct{ flag, path string }{"--cache", s.Cache})
	}
	var errs []error
	for i, a := range paths {
		for _, b := range paths[:i] {
			if contains(a.path, b.path) || contains(b.path, a.path) {
				errs = append(errs, fmt.Errorf("%s %s and %s %s lie in each other: give each a place of its own", b.flag, b.path, a.flag, a.path))
			}
		}
	}
	return errors.Join(errs...)
}

// checkBucket catches what people write instead of a bucket's name; S3 knows the rest.
func checkBucket(name string) error {
	if strings.ContainsAny(name, "/: ") || len(name) < 3 || len(name) > 63 {
		return fmt.Errorf("--bucket: %q is not the name of a bucket: write the name alone, without s3:// and without a folder", name)
	}
	return nil
}

// contains reports whether path is dir or lies below it.
func contains(dir, path string) bool {
	rel, err := filepath.Rel(absolute(dir), absolute(path))
	return err == nil && (rel == "." || filepath.IsLocal(rel))
}

// absolute resolves what exists of a path, so that a symbolic link does not hide that two are one.
func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return filepath.Clean(path)
	}
	for dir, rest := abs, ""; ; {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(real, rest)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return abs
		}
		dir, rest = parent, filepath.Join(filepath.Base(dir), rest)
	}
}
