//go:build !linux

package child

import "syscall"

// dieWithUs has no counterpart here: a program may outlive a test that is killed.
func dieWithUs() *syscall.SysProcAttr { return nil }
