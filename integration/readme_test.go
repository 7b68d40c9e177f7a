package integration

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/integration/program"
)

// A person goes through the README from its top with one broker and types every
// grpcurl and kcat command as it is printed; each works. Only the ports differ.
func TestClientReadme_EveryCommandWorksAsPrinted(t *testing.T) {
	t.Parallel()
	grpcurl, err := program.Grpcurl()
	require.NoError(t, err)
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	commands := readmeCommands(string(text))

	b := startBroker(t, localStore(t))
	ports := strings.NewReplacer("localhost:9090", b.GRPC, "127.0.0.1:9090", b.GRPC, "localhost:9092", b.Kafka, "127.0.0.1:9092", b.Kafka)
	_, kcatErr := program.Kcat()
	for _, command := range commands {
		if strings.Contains(command, "kcat") && kcatErr != nil && !inCI() {
			t.Logf("left out, %v: %s", kcatErr, command)
			continue
		}
		cmd := exec.CommandContext(guarded(t), "bash", "-euo", "pipefail", "-c", ports.Replace(command))
		cmd.Dir = ".." // where the README's reader is
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(grpcurl)+":"+os.Getenv("PATH"))
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		require.NoError(t, cmd.Run(), "$ %s\n%s", command, out.Bytes())
	}
	all := strings.Join(commands, "\n")
	for _, rpc := range []string{"CreateTopic", "GetTopic", "ListTopics", "DeleteTopic", "Produce", "ProduceBatch", "Consume", "CommitOffset", "GetOffset"} {
		require.Regexp(t, `streamhouse\.StreamHouse[/.]`+rpc+`\b`, all, "the README shows each RPC")
	}
	require.Contains(t, all, "kcat")
}

var (
	readmeBlock = regexp.MustCompile("(?ms)^```(?:sh|bash|shell|console)\n(.*?)^```")
	readmeTool  = regexp.MustCompile(`(?:^|[|;&(]\s*)(?:go (?:run|tool) )?(?:\S*/)?(?:grpcurl|kcat)(?:@\S+)?\s`)
)

// readmeCommands are the commands in the README's shell blocks that run grpcurl or
// kcat. A command goes on over lines that end in a backslash or stand in open quotes.
// In a block with prompts, what has no prompt is output.
func readmeCommands(text string) []string {
	var commands []string
	for _, block := range readmeBlock.FindAllStringSubmatch(text, -1) {
		prompts, command := strings.Contains("\n"+block[1], "\n$ "), ""
		for line := range strings.Lines(block[1]) {
			typed, prompt := strings.CutPrefix(line, "$ ")
			if command == "" && prompts && !prompt {
				continue
			}
			command += typed
			if strings.HasSuffix(command, "\\\n") || strings.Count(command, "'")%2 == 1 {
				continue
			}
			if readmeTool.MatchString(command) {
				commands = append(commands, strings.TrimSpace(command))
			}
			command = ""
		}
	}
	return commands
}

func TestReadmeCommands(t *testing.T) {
	text := "```sh\ngo run ./cmd/streamhouse\napt-get install kcat\ngrpcurl -plaintext \\\n  localhost:9090 list # all\n```\n" +
		"```\ngrpcurl in plain text\n```\n```bash\necho hi | kcat -P\ngo tool grpcurl -d '{\n  \"a\": 1\n}' x y\n```\n" +
		"```console\n# it's a comment\n$ go run example.com/cmd/grpcurl@v1 x\n{\n  \"it's\": \"grpcurl \"\n}\n```\n"
	require.Equal(t, []string{
		"grpcurl -plaintext \\\n  localhost:9090 list # all",
		"echo hi | kcat -P",
		"go tool grpcurl -d '{\n  \"a\": 1\n}' x y",
		"go run example.com/cmd/grpcurl@v1 x",
	}, readmeCommands(text))
}
