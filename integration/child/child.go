// Package child runs programs that never outlive the test that started them,
// and keeps what they print.
package child

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// Process is a running program. All methods may be called concurrently.
type Process struct {
	cmd    *exec.Cmd
	output *output
	done   chan struct{}
	err    error // valid once done is closed
}

// Start runs the program with env and nothing else as its environment, in dir. On Linux the kernel kills it when this
// process dies, however that happens. Its own children are not killed. It is ended by Kill or by itself: there is nothing to close.
func Start(path string, args, env []string, dir string) (*Process, error) {
	out := new(output)
	cmd := exec.Command(path, args...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = env, dir, out, out
	cmd.SysProcAttr = dieWithUs()
	if err := nursery(cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	p := &Process{cmd: cmd, output: out, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
	}()
	return p, nil
}

// nursery runs f on the one thread that starts all children: it is the death of
// the thread that forked that counts, so that one must live as long as we do.
func nursery(f func() error) error {
	startNursery()
	result := make(chan error, 1)
	births <- func() { result <- f() }
	return <-result
}

// The nursery is started by the first child and lives as long as the process: its end would kill them all.
var (
	births       = make(chan func())
	startNursery = sync.OnceFunc(func() {
		go func() {
			runtime.LockOSThread()
			for f := range births {
				f()
			}
		}()
	})
)

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Pid is the program's process id, which may be another one's once Done is closed.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Signal sends sig. A program that has ended already is no error.
func (p *Process) Signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// Kill ends the program at once, as kill -9 does, and waits for its end. A
// stopped program is killed too.
func (p *Process) Kill() {
	_ = p.Signal(syscall.SIGKILL) // it can only have ended already
	<-p.done
}

// Wait waits for the program's end and returns its exit code, or -1 where a
// signal ended it.
func (p *Process) Wait() int {
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}

// Output is what the program has printed so far, both streams together.
func (p *Process) Output() string { return p.output.String() }
