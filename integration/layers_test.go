package integration

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// room is what a package may import besides the standard library: packages of
// ours, each by its path below the module, and of other modules whatever is or lies below
// a path. any lets it import all of ours.
type room struct {
	any     bool
	ours    []string
	foreign []string
}

// Modules with a place of their own. That each of them stands in few rooms is the point.
const (
	modKmsg       = "github.com/twmb/franz-go/pkg/kmsg"
	modKerr       = "github.com/twmb/franz-go/pkg/kerr"
	modKbin       = "github.com/twmb/franz-go/pkg/kbin"
	modKgo        = "github.com/twmb/franz-go/pkg/kgo"
	modKadm       = "github.com/twmb/franz-go/pkg/kadm"
	modGRPC       = "google.golang.org/grpc"
	modProtobuf   = "google.golang.org/protobuf"
	modAWS        = "github.com/aws/aws-sdk-go-v2"
	modSmithy     = "github.com/aws/smithy-go"
	modBbolt      = "go.etcd.io/bbolt"
	modFlock      = "github.com/gofrs/flock"
	modPrometheus = "github.com/prometheus/client_golang"
	modKong       = "github.com/alecthomas/kong"
	modCompress   = "github.com/klauspost/compress"
	modLZ4        = "github.com/pierrec/lz4/v4"
	modLRU        = "github.com/hashicorp/golang-lru/v2"
	modSync       = "golang.org/x/sync"
	modNet        = "golang.org/x/net"
	modTime       = "golang.org/x/time"
	modTestify    = "github.com/stretchr/testify"
)

// rooms are all packages. Imports flow down this table, from the program over the
// doors and the engine to what knows nothing of ours.
var rooms = map[string]room{
	"cmd/streamhouse":         {any: true, foreign: []string{modKong, modNet, modTime}},
	"cmd/streamhouse/bench":   {ours: []string{"cmd/streamhouse/units"}, foreign: []string{modKgo, modKmsg, modKadm, modKerr}},
	"cmd/streamhouse/metrics": {ours: []string{"grpcapi", "kafka", "log", "log/group", "objstore"}, foreign: []string{modPrometheus, modGRPC + "/codes"}},
	"cmd/streamhouse/units":   {},

	"kafka":      {ours: []string{"log/group", "log", "log/record", "kafka/wire"}, foreign: []string{modKmsg, modKerr, modKbin, modSync}},
	"kafka/wire": {ours: []string{}, foreign: []string{modKmsg, modKerr, modKbin, modSync}},
	"grpcapi":    {ours: []string{"grpcapi/pb", "log/group", "log", "log/record"}, foreign: []string{modGRPC, modProtobuf}},
	"grpcapi/pb": {foreign: []string{modGRPC, modProtobuf}}, // generated

	"log/group":   {ours: []string{"log"}},
	"log":         {ours: []string{"log/journal", "log/segment", "log/record", "cache", "cache/disk", "meta", "objstore"}, foreign: []string{modLRU, modSync, modTime}},
	"log/journal": {ours: []string{"log/segment", "log/record", "meta", "objstore"}, foreign: []string{modSync}},
	"log/segment": {ours: []string{"log/record", "meta"}, foreign: []string{modCompress}},
	"log/record":  {foreign: []string{modCompress, modLZ4}},

	"cache":      {ours: []string{"cache/disk"}, foreign: []string{modLRU}},
	"cache/disk": {foreign: []string{modLRU}},

	"meta": {foreign: []string{modBbolt, modFlock}},

	"objstore":           {},
	"objstore/s3":        {ours: []string{"objstore"}, foreign: []string{modAWS, modSmithy}},
	"objstore/dir":       {ours: []string{"objstore"}},
	"objstore/mem":       {ours: []string{"objstore"}},
	"objstore/faulty":    {ours: []string{"objstore"}},
	"objstore/storetest": {ours: []string{"objstore"}, foreign: []string{modTestify}},

	// The tests from outside know the program by its sockets and the bucket by what log.Check
	// says of it. Of the doors' insides they know nothing: package kafka is opened by the
	// simulation alone, which runs whole brokers in one process.
	"integration": {
		ours: []string{
			"integration/broker", "integration/child", "integration/faultproxy", "integration/freeport", "integration/program",
			"integration/s3server", "integration/wire", "grpcapi/pb", "log", "objstore", "objstore/dir", "objstore/s3", "objstore/storetest",
		},
		foreign: []string{modKgo, modKadm, modKmsg, modKerr, modKbin, modGRPC, modAWS, modTestify},
	},
	"integration/broker":     {ours: []string{"integration/child", "integration/freeport"}},
	"integration/child":      {foreign: []string{modTestify}},
	"integration/faultproxy": {foreign: []string{modTestify}},
	"integration/freeport":   {},
	"integration/oracle":     {ours: []string{"integration/broker", "integration/child", "integration/freeport", "integration/program", "integration/wire"}, foreign: []string{modKmsg, modKerr, modKbin, modCompress, modLZ4, modTestify}},
	"integration/program":    {},
	"integration/s3server":   {ours: []string{"integration/child", "integration/freeport", "integration/program"}, foreign: []string{modAWS}},
	"integration/simulation": {
		ours:    []string{"grpcapi", "grpcapi/pb", "kafka", "log", "log/record", "objstore", "objstore/mem", "objstore/faulty"},
		foreign: []string{modGRPC, modKgo, modKadm, modKmsg, modKerr, modCompress, modTestify},
	},
	"integration/golden": {
		ours: []string{
			"grpcapi", "grpcapi/pb", "integration/broker", "integration/program", "integration/wire",
			"log", "meta", "objstore", "objstore/dir",
		},
		foreign: []string{modKgo, modKadm, modKmsg, modKerr, modGRPC, modCompress, modTestify},
	},
	"integration/corpus": {foreign: []string{modKmsg}},
	"integration/wire":   {foreign: []string{modKgo, modKmsg, modKerr, modKbin, modTestify}},
}

// Every import of the program is one that the table allows, and the table names nothing that is
// not there. Tests beside the code may go further down, to open an engine on a store; those of
// integration are held to the table as well.
func TestLayers(t *testing.T) {
	broken, files := layerFaults(t, os.DirFS(".."), rooms)
	for _, fault := range broken {
		t.Error(fault)
	}
	require.Greater(t, files, 200)
}

// layerFaults walks a tree and returns a line for everything that breaks a rule, with the number
// of files that it read.
func layerFaults(t *testing.T, tree fs.FS, rooms map[string]room) (faults []string, files int) {
	seen := make(map[string]bool)
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		files++
		source, err := fs.ReadFile(tree, name)
		require.NoError(t, err)
		pkg := path.Dir(name)
		rules, known := rooms[pkg]
		if !known && !seen[pkg] {
			faults = append(faults, fmt.Sprintf("%s: package %s is in no row: say in rooms what it may import", name, pkg))
		}
		seen[pkg] = true
		faults = append(faults, importFaults(t, name, source, rules, known)...)
		return nil
	})
	require.NoError(t, err)
	for _, pkg := range slices.Sorted(maps.Keys(rooms)) {
		if !seen[pkg] {
			faults = append(faults, fmt.Sprintf("rooms has a row for package %s, which does not exist", pkg))
		}
	}
	return faults, files
}

// importFaults returns what is wrong with the imports of one file.
func importFaults(t *testing.T, name string, source []byte, rules room, known bool) (faults []string) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.ImportsOnly)
	require.NoError(t, err)
	beside := strings.HasSuffix(name, "_test.go") && !strings.HasPrefix(name, "integration/")
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		rule := ""
		switch {
		case imported == "log":
			rule = "write with log/slog, not with the standard log package"
		case known && !beside:
			rule = rules.forbids(path.Dir(name), imported)
		}
		if rule != "" {
			faults = append(faults, fmt.Sprintf("%s imports %q: %s", files.Position(spec.Pos()), imported, rule))
		}
	}
	return faults
}

// forbids returns the rule that an import breaks, or "".
func (r room) forbids(pkg, imported string) string {
	if ours, ok := strings.CutPrefix(imported, "streamhouse/"); ok {
		if r.any || ours == pkg || slices.Contains(r.ours, ours) {
			return ""
		}
		return fmt.Sprintf("%s may import of ours only %v", pkg, r.ours)
	}
	host, _, _ := strings.Cut(imported, "/")
	standard := !strings.Contains(host, ".")
	if standard || slices.ContainsFunc(r.foreign, func(m string) bool { return imported == m || strings.HasPrefix(imported, m+"/") }) {
		return ""
	}
	return fmt.Sprintf("%s may import of others only %v", pkg, r.foreign)
}

// The test above says which line breaks which rule.
func TestLayersTellWhatIsWrong(t *testing.T) {
	rules := map[string]room{
		"log":         {ours: []string{"meta"}, foreign: []string{modLRU}},
		"meta":        {},
		"integration": {},
		"gone":        {},
	}
	file := func(lines string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(lines)} }
	faults, files := layerFaults(t, fstest.MapFS{
		"log/fine.go":              file("package log\n\nimport (\n\t\"fmt\"\n\t\"streamhouse/meta\"\n\t\"" + modLRU + "/simplelru\"\n)\n"),
		"log/up.go":                file("package log\n\nimport (\n\t\"fmt\"\n\n\t\"streamhouse/kafka\"\n)\n"),
		"log/foreign.go":           file("package log\n\nimport \"" + modLRU + "x\"\n"),
		"log/beside_test.go":       file("package log\n\nimport \"streamhouse/objstore\"\n"),
		"log/testdata/x.go":        file("package x\n\nimport \"streamhouse/kafka\"\n"),
		"meta/old.go":              file("package meta\n\nimport \"log\"\n"),
		"meta/old_test.go":         file("package meta\n\nimport \"log\"\n"),
		"util/a.go":                file("package util\n"),
		"util/b.go":                file("package util\n"),
		"integration/kafk_test.go": file("package integration\n\nimport \"streamhouse/kafka\"\n"),
	}, rules)
	require.Equal(t, 9, files)
	require.Equal(t, []string{
		`integration/kafk_test.go:3:8 imports "streamhouse/kafka": integration may import of ours only []`,
		`log/foreign.go:3:8 imports "github.com/hashicorp/golang-lru/v2x": log may import of others only [github.com/hashicorp/golang-lru/v2]`,
		`log/up.go:6:2 imports "streamhouse/kafka": log may import of ours only [meta]`,
		`meta/old.go:3:8 imports "log": write with log/slog, not with the standard log package`,
		`meta/old_test.go:3:8 imports "log": write with log/slog, not with the standard log package`,
		`util/a.go: package util is in no row: say in rooms what it may import`,
		`rooms has a row for package gone, which does not exist`,
	}, faults)
}
