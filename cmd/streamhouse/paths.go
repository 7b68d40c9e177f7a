package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// checkStorage returns all that is wrong with where things are kept. Two places that lie in each
// other are refused: who empties the cache by hand would take the log with it.
func (s *settings) checkStorage() error {
	paths := []struct{ flag, path string }{{"--metadata", s.Metadata}}
	if s.UseLocalStorage {
		// Bucket and region are not looked at: they have defaults, and mean nothing here.
		paths = append(paths, struct{ flag, path string }{"--local-storage-path", s.LocalStoragePath})
	} else if err := errors.Join(checkBucket(s.Bucket), checkRegion(s.Region)); err != nil {
		return err
	}
	if s.CacheSize > 0 {
		paths = append(paths, struct{ flag, path string }{"--cache", s.Cache})
	}
	var errs []error
	if s.Metadata != "" {
		errs = append(errs, checkFile("--metadata", s.Metadata))
	}
	for i, a := range paths {
		if a.path == "" {
			errs = append(errs, fmt.Errorf("%s is empty: name a place, or leave it out for the default", a.flag))
			continue
		}
		for _, b := range paths[:i] {
			if b.path == "" {
				continue
			}
			if contains(a.path, b.path) || contains(b.path, a.path) {
				errs = append(errs, fmt.Errorf("%s %s and %s %s lie in each other: give each a place of its own", b.flag, b.path, a.flag, a.path))
			}
		}
	}
	return errors.Join(errs...)
}

// checkBucket catches what people write instead of a bucket's name; S3 knows the rest.
func checkBucket(name string) error {
	if !bucketName.MatchString(name) {
		return fmt.Errorf("--bucket: %q is not the name of a bucket: write the name alone, without s3:// and without a folder", name)
	}
	return nil
}

// bucketName is what any store may call one: S3 itself takes less.
var bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$`)

// checkRegion lets other stores call theirs what they like, as long as it fits into a host name.
func checkRegion(name string) error {
	if !hostLabel.MatchString(name) {
		return fmt.Errorf("--region: %q is not the name of a region: write it as eu-central-1", name)
	}
	return nil
}

// checkFile refuses the name of a folder where a file is wanted. A path that does not exist yet is fine.
func checkFile(flag, path string) error {
	info, err := os.Stat(path)
	if strings.HasSuffix(path, "/") || filepath.Base(path) == "." || filepath.Base(path) == ".." || err == nil && info.IsDir() {
		return fmt.Errorf("%s: %q is a folder: name a file in it", flag, path)
	}
	return nil
}

// contains reports whether path is dir or lies below it, symbolic links of what exists resolved.
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
