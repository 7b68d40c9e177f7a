package oracle

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/integration/broker"
	"streamhouse/integration/program"
)

var (
	askKafka = flag.String("kafka", "some", "what is asked of a live Kafka, too: none, some (each case in its oldest and its newest version) or all")
	update   = flag.Bool("update", false, "write Kafka's answers anew, and the differences of ours")
)

const (
	goldens        = "oracle/testdata/kafka-4.4"
	differenceFile = "oracle/testdata/differences.txt"
)

// workDir holds the program, which is built once.
var workDir string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if err := os.Chdir(".."); err != nil { // to the module's folder, where the program is built from
		slog.Error("no module here", "error", err)
		return 1
	}
	var err error
	if workDir, err = os.MkdirTemp("", "streamhouse-oracle-"); err != nil {
		slog.Error("no folder to work in", "error", err)
		return 1
	}
	code := m.Run()
	if err := os.RemoveAll(workDir); err != nil {
		slog.Error("the program stays behind", "error", err)
		return 1
	}
	return code
}

func goldenPath(c subject) string {
	return filepath.Join(goldens, strings.ReplaceAll(c.name, " ", "_")+".txt")
}

// Kafka still answers as the golden files say.
func TestKafka(t *testing.T) {
	if *askKafka == "none" && !*update {
		t.Skip("-kafka=none")
	}
	on := startKafka(t)
	for _, c := range subjects {
		t.Run(c.name, func(t *testing.T) {
			versions := versionsIn(on, c)
			if *askKafka == "some" && !*update && len(versions) > 2 {
				versions = []int16{versions[0], versions[len(versions)-1]}
			}
			got := play(t, on, c, versions)
			if *update {
				writeGolden(t, c, got)
				return
			}
			// Kafka takes the place of ours: there is no difference to itself.
			assert.Empty(t, linesOf(compare(c.name, versions, readGolden(t, c), got)))
		})
	}
}

// StreamHouse answers as Kafka does, but for the differences that are listed with their reasons.
func TestStreamHouse(t *testing.T) {
	if *update && t.Failed() {
		t.Skip("the golden files are not whole")
	}
	on := startStreamHouse(t)
	differences := make(map[difference][]int16)
	ran := make(map[string]bool) // what -run has picked
	for _, c := range subjects {
		t.Run(c.name, func(t *testing.T) {
			want := readGolden(t, c)
			ran[c.name] = true
			if _, known := on.versions[c.key.Int16()]; !known {
				differences[difference{c.name + "/all", "request", something, missing}] = asked(want)
				return
			}
			got := play(t, on, c, asked(want))
			for d, versions := range compare(c.name, asked(want), want, got) {
				differences[d] = versions
			}
		})
	}
	text, err := os.ReadFile(differenceFile)
	require.NoError(t, err)
	head, _, _ := strings.Cut(string(text), "\n#")
	listed, err := parseReasons(string(text))
	require.NoError(t, err)
	found := explain(listed, append(linesOf(differences), linesOfOthers(listed, ran)...))
	if *update {
		require.NoError(t, os.WriteFile(differenceFile, []byte(writeReasons(head, found)), 0o644))
	} else {
		assert.Equal(t, writeReasons(head, listed), writeReasons(head, found), "%s: -update writes what was found", differenceFile)
	}
	for _, r := range found {
		assert.NotEqual(t, noReason, r.owner, "differences without a reason:\n%s", strings.Join(r.lines, "\n"))
		assert.NotEmpty(t, r.lines, "%s: %s: there is no such difference any more", r.owner, r.text)
	}
}

// linesOfOthers returns the listed differences of cases that have not run.
func linesOfOthers(listed []*reason, ran map[string]bool) (all []string) {
	for _, r := range listed {
		for _, l := range r.lines {
			if name, _, _ := strings.Cut(l, "/"); !ran[name] {
				all = append(all, l)
			}
		}
	}
	return all
}

// startStreamHouse runs the program on a local folder until the test ends.
func startStreamHouse(t testing.TB) *target {
	t.Helper()
	binary, err := program.Streamhouse(workDir)
	require.NoError(t, err)
	dir := t.TempDir()
	b, err := broker.New(binary, dir, "USE_LOCAL_STORAGE=true", "LOCAL_STORAGE_PATH="+filepath.Join(dir, "storage"), "STREAMHOUSE_GROUP_INITIAL_REBALANCE_DELAY=100ms")
	require.NoError(t, err)
	t.Cleanup(func() {
		b.Shut()
		if t.Failed() || b.OutputHas("panic:") {
			t.Logf("the broker's log:\n%s", b.Output())
		}
		assert.False(t, b.OutputHas("panic:"))
	})
	b.SetEnv("STREAMHOUSE_KAFKA_MAX_CONNECTIONS=1000") // not what the machine allows
	require.NoError(t, b.Start())
	on := newTarget(t, b.Kafka, false)
	on.dir = "object-store"
	return on
}

// versionsIn are the versions of a case's request that Kafka and kmsg have.
func versionsIn(on *target, c subject) (all []int16) {
	newest, _ := on.newest(c.key.Int16())
	for v := on.versions[c.key.Int16()][0]; v <= newest; v++ {
		all = append(all, v)
	}
	return all
}

// asked are the versions that a golden file has.
func asked(golden *transcript) []int16 {
	seen := make(map[int16]bool)
	var all []int16
	for v := int16(0); v < 100; v++ {
		for _, s := range golden.steps {
			if _, ok := s.answers[v]; ok && !seen[v] {
				seen[v], all = true, append(all, v)
			}
		}
	}
	return all
}

func readGolden(t testing.TB, c subject) *transcript {
	t.Helper()
	text, err := os.ReadFile(goldenPath(c))
	if errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%v: go test ./integration/oracle -update", err)
	}
	require.NoError(t, err)
	golden, err := parse(string(text))
	require.NoError(t, err)
	return golden
}

func writeGolden(t testing.TB, c subject, got *transcript) {
	t.Helper()
	text := fmt.Sprintf("Apache Kafka %s: %s (%s)\n%s", kafkaVersion, c.name, kmsg.NameForKey(c.key.Int16()), got)
	again, err := parse(text)
	require.NoError(t, err)
	require.Equal(t, got.String(), again.String(), "what was written reads differently")
	require.Equal(t, linesOf(compare(c.name, asked(got), got, again)), []string(nil), "what was written reads differently")
	require.NoError(t, os.WriteFile(goldenPath(c), []byte(text), 0o644))
}
