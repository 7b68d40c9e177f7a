package dir

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"streamhouse/objstore"
)

// fileFaults are the refusals of a file system that somebody has to mend, with
// what to do.
var fileFaults = []struct {
	errno  syscall.Errno
	advice string
}{
	{syscall.ENOSPC, "the disk is full: free some space"},
	{syscall.EDQUOT, "the disk quota is used up: free some space or raise it"},
	{syscall.EROFS, "the file system is read-only: mount it for writing"},
	{syscall.EACCES, "check the owner and the mode of the folder"},
	{syscall.EPERM, "check the owner and the mode of the folder, and that its file system has hard links"},
	{syscall.EOPNOTSUPP, "use a file system that has hard links"},
	{syscall.EXDEV, "keep the whole store on one file system"},
}

// explainFile marks the refusals with objstore.ErrPermanent and says what to do. Everything else it returns as it is.
func explainFile(err error) error {
	for _, f := range fileFaults {
		if errors.Is(err, f.errno) {
			return fmt.Errorf("%w: %s: %w", objstore.ErrPermanent, f.advice, err)
		}
	}
	return err
}

// permanentUnlessPassing is for the start, where any fault but a shortage that
// passes needs somebody to act.
func permanentUnlessPassing(err error) error {
	passing := errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.EINTR)
	if err = explainFile(err); passing || errors.Is(err, objstore.ErrPermanent) {
		return err
	}
	return fmt.Errorf("%w: %w", objstore.ErrPermanent, err)
}

// absent reports that there is no such file, be it that a folder of its path is
// one, or that it is itself a folder. nil is not absent.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.EISDIR)
}
