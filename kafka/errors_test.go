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

// Every error of the engine has a code: one that was forgotten would be UNKNOWN_SERVER_ERROR.
func TestEveryErrorHasACode(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "log", "errors.go"))
	require.NoError(t, err)
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", source, 0)
	require.NoError(t, err)
	mine, err := os.ReadFile("errors.go")
	require.NoError(t, err)
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			for _, name := range v.Names {
				if strings.HasPrefix(name.Name, "Err") {
					found++
					require.Contains(t, string(mine), "{log."+name.Name+",")
				}
			}
		}
		return true
	})
	require.Greater(t, found, 20)
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
