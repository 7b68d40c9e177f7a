package integration

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/integration/program"
	"streamhouse/integration/s3server"
)

// guard turns a hang into a failure. It is no expectation about speed.
const guard = 3 * time.Minute

// long asks for what takes minutes: all tests of strangers' suites, on both stores, and many kills.
var long = flag.Bool("long", false, "run what takes minutes, too")

// workDir holds what all tests share: the broker's binary and the S3 server.
var workDir string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if err := runAbreast(4); err != nil {
		slog.Error("flags", "error", err)
		return 1
	}
	var err error
	if workDir, err = os.MkdirTemp("", "streamhouse-integration-"); err != nil {
		slog.Error("no folder to work in", "error", err)
		return 1
	}
	code := m.Run()
	sharedS3.stop()
	if err := os.RemoveAll(workDir); err != nil {
		slog.Error("the folder of the tests stays behind", "error", err)
		return 1
	}
	return code
}

// runAbreast lets n tests run at once unless -parallel says otherwise: most of
// the time they wait, for a flush, a session or a store that is made to hang.
func runAbreast(n int) error {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return nil
	}
	return flag.Set("test.parallel", strconv.Itoa(max(n, runtime.GOMAXPROCS(0))))
}

// sharedS3 is the S3 server of all tests that do not stop it, started by the
// first that needs it.
var sharedS3 lazyServer

type lazyServer struct {
	once   sync.Once
	server *s3server.Server
	err    error
}

func (l *lazyServer) get() (*s3server.Server, error) {
	l.once.Do(func() { l.server, l.err = s3server.Start(filepath.Join(workDir, "s3")) })
	return l.server, l.err
}

func (l *lazyServer) stop() {
	if l.server != nil {
		l.server.Kill()
	}
}

// guarded returns a context that ends when the test has hung for too long.
func guarded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), guard)
	t.Cleanup(cancel)
	return ctx
}

// inCI tells whether the tests run where everything they need must be there.
func inCI() bool { return os.Getenv("CI") == "true" }

// kcatPath returns the path of kcat, which a person's machine may lack.
func kcatPath(t *testing.T) string {
	t.Helper()
	path, err := program.Kcat()
	if errors.Is(err, program.ErrNotInstalled) && !inCI() {
		t.Skip(err)
	}
	require.NoError(t, err)
	return path
}
