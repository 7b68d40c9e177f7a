package grpcapi

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"streamhouse/log"
	"streamhouse/log/record"
)

// TestTableIsComplete: every error that the engine declares has a row.
func TestTableIsComplete(t *testing.T) {
	declared, err := parser.ParseFile(token.NewFileSet(), "../log/errors.go", nil, 0)
	require.NoError(t, err)
	table, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	require.NoError(t, err)
	var rows []string
	ast.Inspect(table, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && strings.HasPrefix(s.Sel.Name, "Err") {
			rows = append(rows, s.Sel.Name)
		}
		return true
	})
	var names int
	for _, d := range declared.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, spec := range g.Specs {
			for _, name := range spec.(*ast.ValueSpec).Names {
				names++
				require.True(t, slices.Contains(rows, name.Name), "log.%s has no row", name.Name)
			}
		}
	}
	require.Greater(t, names, 20)
}

func TestFailure(t *testing.T) {
	for _, row := range table {
		err := failure(fmt.Errorf("%w: because", row.err), "the subject")
		require.Equal(t, row.code, status.Code(err), "%v", row.err)
		require.NotEqual(t, codes.OK, row.code)
		if row.text != "" {
			require.Equal(t, row.text+": the subject", status.Convert(err).Message())
		} else {
			require.Contains(t, status.Convert(err).Message(), "because")
		}
	}
	for code, err := range map[codes.Code]error{
		codes.Internal:         errors.New("never heard of"),
		codes.Canceled:         fmt.Errorf("%w: %w", log.ErrTimeout, context.Canceled),
		codes.DeadlineExceeded: fmt.Errorf("%w: %w", log.ErrTimeout, context.DeadlineExceeded),
		codes.Unavailable:      fmt.Errorf("%w: %w", log.ErrUnavailable, context.DeadlineExceeded),
		codes.OutOfRange:       &log.OffsetError{Offset: 9, Start: 1, End: 5},
		codes.DataLoss:         &record.DecodeError{Base: 1, Next: 2, Err: log.ErrCorruptBatch},
	} {
		require.Equal(t, code, status.Code(failure(err, "")), "%v", err)
	}
}

func TestStatusTextIsBoundedAndUTF8(t *testing.T) {
	long := statusText(strings.Repeat("é", maxStatusText))
	require.LessOrEqual(t, len(long), maxStatusText+8)
	require.True(t, utf8.ValidString(long))
	require.Equal(t, "a\uFFFDb", statusText("a\xffb"))
}
