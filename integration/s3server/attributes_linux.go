package s3server

import "syscall"

// hasAttributes tells whether the file system keeps extended attributes, where
// the server likes to put an object's metadata. Those of some containers do not. It leaves one on dir.
func hasAttributes(dir string) bool {
	return syscall.Setxattr(dir, "user.probe", []byte("1"), 0) == nil
}
