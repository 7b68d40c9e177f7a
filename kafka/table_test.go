package kafka

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with a file of testdata, or with -update writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test -update accepts the change")
}

func TestTableGolden(t *testing.T) {
	s, err := NewServer(nil, Options{})
	require.NoError(t, err)
	var lines []string
	for _, a := range s.table() {
		lines = append(lines, fmt.Sprintf("%2d %-23s %d-%-2d %s\n", a.key, a.name, a.min, a.max, [...]string{"on", "wait", "poll"}[a.mode]))
	}
	slices.SortFunc(lines, func(a, b string) int { return cmp.Compare(a[:2], b[:2]) })
	golden(t, "table.golden", strings.Join(lines, ""))
}

// TestTableIsComplete: no row twice, and none is newer than what is decoded.
func TestTableIsComplete(t *testing.T) {
	s, err := NewServer(nil, Options{})
	require.NoError(t, err)
	require.Len(t, s.apis, len(s.table()), "a request stands twice")
	for _, a := range s.apis {
		require.LessOrEqual(t, a.max, kmsg.RequestForKey(a.key).MaxVersion(), a.name)
		require.Len(t, a.shapes, int(a.max)+1, a.name)
		if a.key != int16(kmsg.DescribeCluster) {
			require.NotNil(t, a.errors, "%s has errors somewhere", a.name)
		}
	}
}
