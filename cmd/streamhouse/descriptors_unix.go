//go:build unix

package main

import "syscall"

// openFiles is how many files the process may open. Go has raised the soft limit to
// the hard one by now (package os does since Go 1.19).
func openFiles() (n uint64, known bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, false
	}
	return uint64(limit.Cur), true
}
