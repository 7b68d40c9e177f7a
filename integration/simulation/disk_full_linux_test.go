package simulation

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing/synctest"
)

// fill makes the disk of the broker's metadata file full, until mend: what is written to the open file fails, and
// no file can be made to take its place. That is no reason for a broker to stop, nor to answer otherwise.
func (b *broker) fill() (mend func(), err error) {
	inTheWay := b.metadata + ".new"
	if err := os.MkdirAll(filepath.Join(inTheWay, "full"), 0o700); err != nil {
		return nil, err
	}
	synctest.Wait() // nobody opens or closes the file while it is looked for
	return func() { _ = os.RemoveAll(inTheWay) }, failWrites(b.metadata)
}

// failWrites puts a full device in the place of an open file. One that is not open needs none.
func failWrites(path string) error {
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	open, err := os.ReadDir("/proc/self/fd")
	for _, f := range open {
		if target, _ := os.Readlink(filepath.Join("/proc/self/fd", f.Name())); target == path {
			fd, _ := strconv.Atoi(f.Name())
			err = errors.Join(err, syscall.Dup3(int(full.Fd()), fd, syscall.O_CLOEXEC))
		}
	}
	return errors.Join(err, full.Close())
}
