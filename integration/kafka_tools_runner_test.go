package integration

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// kafkaToolsVersion is the version of Kafka that the tools are of.
const kafkaToolsVersion = "4.4.0"

// kafkaTools is a JVM that runs command line tools of Kafka, one after the other.
type kafkaTools struct {
	in  io.WriteCloser
	out *bufio.Reader
}

// startKafkaTools runs the JVM until the test ends.
func startKafkaTools(t *testing.T) *kafkaTools {
	t.Helper()
	jars := foreignClient(t, "kafka-tools-"+kafkaToolsVersion)
	ctx, cancel := context.WithTimeout(context.Background(), guard) // longer than the test's own context, so that it ends by itself
	cmd := exec.CommandContext(ctx, "java", "-Xmx256m", "-cp", filepath.Join(jars, "*"), "clients/KafkaTools.java")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		defer cancel()
		_ = in.Close()
		if err := cmd.Wait(); t.Failed() {
			t.Logf("the JVM of the tools: %v\n%s", err, complaints.String())
		}
	})
	return &kafkaTools{in, bufio.NewReader(out)}
}

// run runs a tool with what it is to read, and returns its exit code and what it has written.
func (k *kafkaTools) run(t *testing.T, class, input string, args ...string) (code int, output string) {
	t.Helper()
	var words []string
	for _, w := range append([]string{class, input}, args...) {
		words = append(words, base64.StdEncoding.EncodeToString([]byte(w)))
	}
	_, err := io.WriteString(k.in, strings.Join(words, " ")+"\n")
	require.NoError(t, err)
	line, err := k.out.ReadString('\n')
	require.NoError(t, err, "%s %q", class, args)
	number, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	code, err = strconv.Atoi(number)
	require.NoError(t, err)
	written, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	return code, string(written)
}

// runKafkaTool is run in a JVM of its own.
func runKafkaTool(t *testing.T, class, input string, args ...string) (code int, output string) {
	t.Helper()
	jars := foreignClient(t, "kafka-tools-"+kafkaToolsVersion)
	cmd := exec.CommandContext(guarded(t), "java", append([]string{"-Xmx128m", "-cp", filepath.Join(jars, "*"), class}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); !exited {
		require.NoError(t, err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}
