package child

import "syscall"

// dieWithUs makes the kernel kill the program when the thread that started it dies.
func dieWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
