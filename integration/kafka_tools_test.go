package integration

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"streamhouse/integration/broker"
)

// updateTable writes the table of tools anew.
var updateTable = flag.Bool("update", false, "write the table of Kafka's tools anew")

// toolTable is the table of tools and outcomes, for people.
const toolTable = "clients/KAFKA_TOOLS.md"

// Kafka's own command line tools do what they are for; where one does not, it fails in the manner that the table says, so that
// whoever brings what is missing has to change the table.
func TestKafkaTools(t *testing.T) {
	t.Parallel()
	tools := startKafkaTools(t)
	b := startBroker(t, localStore(t))
	files := toolFiles(t)
	for i, r := range toolRuns {
		t.Run(fmt.Sprintf("%02d %s %s", i, r.tool, r.args), func(t *testing.T) {
			run := tools.run
			if r.alone {
				run = runKafkaTool
			}
			code, output := run(t, "org.apache.kafka.tools."+toolClasses[r.tool], r.input, r.commandLine(b, files)...)
			assert.Equal(t, r.fails, code != 0, "exit code %d", code)
			if r.silent {
				assert.Empty(t, strings.TrimSpace(output))
			} else {
				assert.Regexp(t, regexp.MustCompile(r.says), output)
			}
			if t.Failed() {
				t.Log(lastBytes(output, 4<<10))
			}
		})
	}
}

// toolFiles writes the files that tools read, and returns their paths by name.
func toolFiles(t *testing.T) map[string]string {
	t.Helper()
	paths := make(map[string]string)
	for name, text := range map[string]string{
		"empty":    "",
		"delete":   `{"partitions":[{"topic":"strict","partition":0,"offset":2}],"version":1}`,
		"reassign": `{"version":1,"partitions":[{"topic":"orders","partition":0,"replicas":[1]},{"topic":"orders","partition":1,"replicas":[1]}]}`,
		"move":     `{"version":1,"topics":[{"topic":"orders"}]}`,
	} {
		paths[name] = filepath.Join(t.TempDir(), name+".json")
		require.NoError(t, os.WriteFile(paths[name], []byte(text), 0o600))
	}
	return paths
}

// commandLine is what follows a tool's name. The broker is named in the manner of each.
func (r *toolRun) commandLine(b *broker.Broker, files map[string]string) (args []string) {
	for _, word := range strings.Fields(r.args) {
		if strings.HasPrefix(word, "{") {
			word = files[strings.Trim(word, "{}")]
		}
		args = append(args, word)
	}
	switch r.tool {
	case "kafka-replica-verification":
		return append(args, "--broker-list", b.Kafka)
	case "kafka-features", "kafka-metadata-quorum", "kafka-transactions":
		return append([]string{"--bootstrap-server", b.Kafka}, args...) // before what they are to do
	}
	return append(args, "--bootstrap-server", b.Kafka)
}

// The table in the documentation is what the test holds the tools to.
func TestTableOfKafkaTools(t *testing.T) {
	var text strings.Builder
	fmt.Fprintf(&text, "# Kafka's command line tools\n\nWhat becomes of the tools of Apache Kafka %s when they talk to StreamHouse. `TestKafkaTools` runs them, in this order;\n", kafkaToolsVersion)
	text.WriteString("`go test ./integration -run TableOfKafkaTools -args -update` writes this table from what it expects.\n\n| tool | run with | outcome |\n|---|---|---|\n")
	for _, r := range toolRuns {
		outcome := r.why
		if outcome == "" {
			outcome = "works"
		}
		fmt.Fprintf(&text, "| %s | %s | %s |\n", r.tool, code(r.args), outcome)
	}
	for _, n := range toolsNotRun {
		fmt.Fprintf(&text, "| %s | not run | %s |\n", n[0], n[1])
	}
	if *updateTable {
		require.NoError(t, os.WriteFile(toolTable, []byte(text.String()), 0o644))
	}
	want, err := os.ReadFile(toolTable)
	require.NoError(t, err)
	require.Equal(t, string(want), text.String())
	for tool := range toolClasses {
		require.True(t, slices.ContainsFunc(toolRuns, func(r toolRun) bool { return r.tool == tool }), "%s is not run", tool)
	}
}

func code(args string) string {
	if args == "" {
		return ""
	}
	return "`" + args + "`"
}
