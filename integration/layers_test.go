package integration

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// layers says which packages of ours a package may import: imports flow one way.
var layers = map[string][]string{
	"objstore":           {},
	"objstore/s3":        {"objstore"},
	"objstore/dir":       {"objstore"},
	"objstore/mem":       {"objstore"},
	"objstore/faulty":    {"objstore"},
	"objstore/storetest": {"objstore"},
	"meta":               {},
	"cache":              {"cache/disk"},
	"cache/disk":         {},
	"log":                {"objstore", "meta", "cache"},
	"kafka":              {"log"},
	"grpcapi":            {"log", "grpcapi/pb"},
	"grpcapi/pb":         {},
	"cmd/streamhouse":    {"log", "meta", "objstore", "objstore/s3", "objstore/dir", "kafka", "grpcapi", "grpcapi/pb"},
}

// Tests may go further down, to open an engine on a store.
func TestLayers(t *testing.T) {
	seen := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		if d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "integration" || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		pkg, err := filepath.Rel("..", filepath.Dir(path))
		require.NoError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			require.NotEqual(t, "log", name, "%s: the standard log package; use log/slog", path)
			if ours, ok := strings.CutPrefix(name, "streamhouse/"); ok && !strings.HasPrefix(pkg, "objstore/") {
				require.Contains(t, layers[pkg], ours, "%s imports %s", path, name)
			}
		}
		seen++
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, seen, 100)
}
