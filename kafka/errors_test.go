package kafka

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"

	"streamhouse/log"
)

// Every error of the engine and of the groups has a code: one that was forgotten would be UNKNOWN_SERVER_ERROR.
func TestEveryErrorHasACode(t *testing.T) {
	mine, err := os.ReadFile("errors.go")
	require.NoError(t, err)
	groups, err := filepath.Glob(filepath.Join("..", "log", "group", "*.go"))
	require.NoError(t, err)
	found := 0
	for _, name := range append(groups, filepath.Join("..", "log", "errors.go")) {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok {
				for _, sentinel := range v.Names {
					if strings.HasPrefix(sentinel.Name, "Err") {
						found++
						require.Contains(t, string(mine), "{"+file.Name.Name+"."+sentinel.Name+",")
					}
				}
			}
			return true
		})
	}
	require.Greater(t, found, 35)
}

func TestCodes(t *testing.T) {
	require.Zero(t, codeOf(nil))
	for _, c := range codeTable {
		require.NotZero(t, codeOf(c.err), "an error is never success")
		requireCode(t, c.code, codeOf(fmt.Errorf("wrapped: %w", c.err)), "%v is hidden by a row before it", c.err)
	}
	requireCode(t, kerr.UnknownServerError, codeOf(errors.New("nobody thought of this")))
	requireCode(t, kerr.PolicyViolation, codeOf(fmt.Errorf("%w: our own", kerr.PolicyViolation)))
	requireCode(t, kerr.OffsetOutOfRange, codeOf(&log.OffsetError{Offset: 5, End: 2}))
}

func TestTextOf(t *testing.T) {
	require.Nil(t, textOf(nil))
	require.Equal(t, "topic exists: \"t\"", *textOf(fmt.Errorf("%w: %q", log.ErrTopicExists, "t")))
}
