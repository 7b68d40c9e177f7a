package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// foreignClient returns a path inside the folder that clients/install.sh has
// filled, CLIENTS in the environment or else streamhouse-clients in the user's cache.
func foreignClient(t *testing.T, path string) string {
	t.Helper()
	folder := os.Getenv("CLIENTS")
	if folder == "" {
		caches, err := os.UserCacheDir()
		require.NoError(t, err)
		folder = filepath.Join(caches, "streamhouse-clients")
	}
	path = filepath.Join(folder, path)
	if _, err := os.Stat(path); err != nil {
		if inCI() {
			require.NoError(t, err)
		}
		t.Skipf("%v: bash integration/clients/install.sh %s", err, folder)
	}
	return path
}

// runForeign runs a program that checks the broker by itself.
func runForeign(t *testing.T, program string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(guarded(t), program, args...).CombinedOutput()
	require.NoError(t, err, "%s %s\n%s", program, strings.Join(args, " "), out)
}
