package integration

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// suiteGuard turns a suite that hangs into a failure.
const suiteGuard = 10 * time.Minute

// suite is the test suite of a client that others wrote. It runs against a broker of ours.
type suite struct {
	// module with its version, which is run from a copy that is not kept; "" for one of those that this module requires.
	module  string
	rewrite map[string]string // in all its Go files: addresses that it has written down
	args    []string          // for go test
	env     []string

	leftOut map[string]string // tests that cannot pass, each with what they need
	slow    []string          // tests that run with -long only
	skipped map[string]string // tests that skip themselves, each with the reason
	broker  []string          // some of those that talk to the broker: they must have passed
}

// run runs the suite and fails where one of its tests fails, or skips itself for a reason that nobody knows.
func (s *suite) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), suiteGuard)
	defer cancel()
	leave := slices.Sorted(maps.Keys(s.leftOut))
	skip := slices.Clone(leave)
	if !*long {
		skip = append(skip, s.slow...)
	}
	cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{"test", "-v", "-count=1", "-timeout=0", "-skip=" + exactly(skip)}, s.args)...)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if s.module != "" {
		cmd.Dir, cmd.Env = s.copy(ctx, t), append(cmd.Env, "GOFLAGS=-mod=mod") // not all have a whole go.sum
	}
	cmd.Env = append(cmd.Env, s.env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", failures(string(out)), lastBytes(string(out), 20<<10))

	verdicts := verdictsIn(string(out))
	for name := range verdicts["SKIP"] {
		require.Contains(t, s.skipped, name, "%s was skipped for a reason that nobody knows", name)
	}
	for _, name := range s.broker {
		require.True(t, verdicts["PASS"][name], "%s has not run", name)
	}
	t.Logf("%d tests passed, %d skipped themselves; left out: %s", len(verdicts["PASS"]), len(verdicts["SKIP"]), strings.Join(leave, ", "))
}

// copy returns a folder with the suite's module, rewritten.
func (s *suite) copy(ctx context.Context, t *testing.T) string {
	t.Helper()
	download := exec.CommandContext(ctx, "go", "mod", "download", "-json", s.module)
	download.Dir, download.Env = t.TempDir(), append(os.Environ(), "GOWORK=off")
	out, err := download.Output()
	require.NoError(t, err, "%s", out)
	var module struct{ Dir string }
	require.NoError(t, json.Unmarshal(out, &module))

	folder := t.TempDir()
	require.NoError(t, filepath.WalkDir(module.Dir, func(file string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(module.Dir, file)
		if err != nil {
			return err
		}
		to := filepath.Join(folder, rel)
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if filepath.Ext(file) == ".go" {
			content = []byte(s.replacer().Replace(string(content)))
		}
		return os.WriteFile(to, content, 0o644)
	}))
	return folder
}

func (s *suite) replacer() *strings.Replacer {
	var pairs []string
	for from, to := range s.rewrite {
		pairs = append(pairs, from, to)
	}
	return strings.NewReplacer(pairs...)
}

// exactly is a pattern for -run and -skip that matches these tests and subtests.
func exactly(names []string) string {
	var patterns []string
	for _, name := range names {
		parts := strings.Split(name, "/")
		for i := range parts {
			parts[i] = "^" + regexp.QuoteMeta(parts[i]) + "$"
		}
		patterns = append(patterns, strings.Join(parts, "/"))
	}
	return strings.Join(patterns, "|")
}

var verdict = regexp.MustCompile(`(?m)^\s*--- (PASS|FAIL|SKIP): (\S+)`)

// verdictsIn lists the tests in what go test -v printed, by their verdict.
func verdictsIn(out string) map[string]map[string]bool {
	all := map[string]map[string]bool{"PASS": {}, "FAIL": {}, "SKIP": {}}
	for _, v := range verdict.FindAllStringSubmatch(out, -1) {
		all[v[1]][v[2]] = true
	}
	return all
}

// failures names the tests that failed.
func failures(out string) string {
	return "failed: " + strings.Join(slices.Sorted(maps.Keys(verdictsIn(out)["FAIL"])), ", ")
}
