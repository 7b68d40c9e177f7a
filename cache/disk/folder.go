package disk

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// folder is what the disk tier needs of the operating system. Names are plain file names. It may be used
// concurrently. Tests have one that fails.
type folder interface {
	list() ([]string, error)          // regular files, in any order
	create(name string) (file, error) // fs.ErrExist where the name is taken
	open(name string) (file, error)   // to read
	remove(name string) error         // an open file stays readable
	touch(name string, used time.Time) error
	close() error
}

// file is one file of a folder. Concurrent reads and writes of different places do not meet.
type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Stat() (fs.FileInfo, error)
}

// osFolder is a real folder. Through [os.Root] no name leads out of it.
type osFolder struct{ root *os.Root }

// openFolder makes the folder if need be. Its files hold what records hold, so
// only their owner may read them. The caller closes it.
func openFolder(path string) (folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return osFolder{root}, nil
}

func (f osFolder) list() ([]string, error) {
	entries, err := fs.ReadDir(f.root.FS(), ".")
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

func (f osFolder) create(name string) (file, error) {
	opened, err := f.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err // not opened: a nil *os.File is no nil file
	}
	return opened, nil
}

func (f osFolder) open(name string) (file, error) {
	opened, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	return opened, nil
}

func (f osFolder) remove(name string) error { return f.root.Remove(name) }

func (f osFolder) touch(name string, used time.Time) error { return f.root.Chtimes(name, used, used) }

func (f osFolder) close() error { return f.root.Close() }

// A number of fixed width makes the order of the names that of their age.
const (
	slabPrefix = "blocks-"
	slabSuffix = ".cache"
)

// slabName is the name of the slab with a number; slabSeq is its inverse.
func slabName(seq uint64) string { return fmt.Sprintf("%s%016x%s", slabPrefix, seq, slabSuffix) }

// slabSeq returns the number of a slab from its name, if it is one. The name alone does not
// make a file ours: its header must say so too.
func slabSeq(name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, slabPrefix)
	if !ok {
		return 0, false
	}
	if digits, ok = strings.CutSuffix(digits, slabSuffix); !ok {
		return 0, false
	}
	seq, err := strconv.ParseUint(digits, 16, 64)
	return seq, err == nil && name == slabName(seq)
}
