// Package program builds the programs that the tests run: the broker from the
// tree, the tools from the versions that go.mod pins. Each is built once per
// run; the go command's cache makes all runs but the first cheap.
package program

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// The tools. Versitygw takes minutes to build the first time.
var (
	// Each returns the program's path, and the error of the first call to all.
	Versitygw = sync.OnceValues(func() (string, error) { return tool("versitygw") })
	Grpcurl   = sync.OnceValues(func() (string, error) { return tool("grpcurl") })
	Toxiproxy = sync.OnceValues(func() (string, error) { return tool("server") })
)

// ErrNotInstalled reports a program that the machine does not have.
var ErrNotInstalled = errors.New("not installed")

// Kcat finds kcat, which is no Go program, or returns ErrNotInstalled.
func Kcat() (string, error) {
	for _, name := range []string{"kcat", "kafkacat"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("kcat: %w (apt-get install kcat)", ErrNotInstalled)
}

// Streamhouse builds the broker into dir, once; with RACE=1 in the environment
// it has the race detector in it. It returns the binary's path, which BINARY in the
// environment may name instead. Of the calls of a process the first one's dir counts, and must stay. It may be called concurrently.
func Streamhouse(dir string) (string, error) {
	if path := os.Getenv("BINARY"); path != "" {
		return path, nil
	}
	built.once.Do(func() {
		built.path = filepath.Join(dir, "streamhouse")
		args := []string{"build", "-o", built.path}
		if os.Getenv("RACE") == "1" {
			args = append(args, "-race")
		}
		_, built.err = command("..", nil, append(args, "./cmd/streamhouse")...)
	})
	return built.path, built.err
}

var built struct {
	once sync.Once
	path string
	err  error
}

// tool builds a tool of this module, unless it is in the cache, and returns its
// path there. The workspace is left out: it would mix in the versions of the
// other module. A name is the last element of the tool's package path.
func tool(name string) (string, error) {
	return command(".", []string{"GOWORK=off"}, "tool", "-n", name)
}

// command runs the go command in dir, relative to this module's root, and
// returns what it prints.
func command(dir string, env []string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, errs.Bytes())
	}
	return strings.TrimSpace(out.String()), nil
}
