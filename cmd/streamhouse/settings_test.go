package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares text with a file of testdata, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "if this is meant: go test ./cmd/streamhouse -update")
}

// withoutSettings hides what the machine's own environment sets.
func withoutSettings(t *testing.T) {
	t.Helper()
	for _, name := range environmentNames() {
		if value, ok := os.LookupEnv(name); ok {
			t.Setenv(name, value) // puts it back after the test
			require.NoError(t, os.Unsetenv(name))
		}
	}
}

// parseSettings reads settings as the program would.
func parseSettings(t *testing.T, args ...string) (settings, error) {
	t.Helper()
	unsetEmpty(environmentNames())
	c := new(commands)
	_, err := newParserFor(c, output{t.Output(), t.Output()}, func(int) {}).Parse(args)
	if err == nil {
		err = c.Serve.check()
	}
	return c.Serve, err
}

func TestDefaults(t *testing.T) {
	withoutSettings(t)
	s, err := parseSettings(t)
	require.NoError(t, err)
	require.Equal(t, settings{
		Addr: "0.0.0.0:9090", KafkaAddr: "0.0.0.0:9092", HTTPAddr: "127.0.0.1:8080",
		Bucket: "streamhouse", Region: "us-east-1",
		LocalStoragePath: "./data/storage", Metadata: "./data/metadata.db",
		Cache: "./data/cache", CacheSize: 1 << 30, CacheMemory: 128 << 20, TailMemory: 128 << 20, UnflushedSize: 128 << 20, PrefetchSize: 8 << 20,
		FlushInterval: flushInterval{auto: true}, FlushSize: 8 << 20, MaxInFlight: 4,
		AutoCreateTopics: true, DefaultPartitions: 1, MaxMessageSize: 1048588, CheckCompressed: true,
		MaxTopics: 100_000, MaxPartitions: 200_000, MaxGroups: 100_000, MaxOffsets: 1_000_000, MaxOffsetMetadataSize: 64 << 20,
		MaxProducers: 500_000, MaxProducerNames: 100_000, PartitionChangeRate: 5000,
		MaxRequestSize: 100 << 20, KafkaMaxConnections: connectionLimit{auto: true}, GRPCMaxConnections: connectionLimit{auto: true},
		GroupMinSessionTimeout: 6 * time.Second, GroupMaxSessionTimeout: 30 * time.Minute, GroupInitialRebalanceDelay: 3 * time.Second,
		StartupTimeout: time.Minute, ReadyGrace: 30 * time.Second, ShutdownTimeout: 25 * time.Second,
		LogLevel: "info", LogFormat: "text",
	}, s)
}

// Every setting has a flag, a variable, help and a group; no two share a variable.
func TestEverySettingIsComplete(t *testing.T) {
	seen := make(map[string]string)
	for field := range reflect.TypeFor[settings]().Fields() {
		env := field.Tag.Get("env")
		require.NotEmpty(t, env, field.Name)
		require.Empty(t, seen[env], field.Name)
		seen[env] = field.Name
		help := field.Tag.Get("help")
		require.True(t, strings.HasSuffix(help, "."), field.Name)
		require.NotEmpty(t, field.Tag.Get("group"), field.Name)
	}
}

func TestFlagWinsOverEnvironmentOverDefault(t *testing.T) {
	withoutSettings(t)
	t.Setenv("STREAMHOUSE_ADDR", "127.0.0.1:1111")
	t.Setenv("STREAMHOUSE_KAFKA_ADDR", "127.0.0.1:2222")
	t.Setenv("STREAMHOUSE_BUCKET", "") // empty is unset
	t.Setenv("STREAMHOUSE_CACHE_SIZE", "64MiB")
	t.Setenv("AWS_REGION", "eu-central-1")
	s, err := parseSettings(t, "--kafka-addr=127.0.0.1:3333", "--no-auto-create-topics", "--no-check-compressed", "--flush-interval=100ms")
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:1111", s.Addr)
	require.Equal(t, "127.0.0.1:3333", s.KafkaAddr)
	require.Equal(t, "streamhouse", s.Bucket)
	require.EqualValues(t, 64<<20, s.CacheSize)
	require.Equal(t, "eu-central-1", s.Region)
	require.False(t, s.AutoCreateTopics)
	require.False(t, s.CheckCompressed)
	require.Equal(t, 100*time.Millisecond, s.FlushInterval.duration(true))
}

func TestLocalStorageIsSaidInManyWays(t *testing.T) {
	withoutSettings(t)
	for value, want := range map[string]bool{"1": true, "true": true, "yes": true, "TRUE": true, "": false, "0": false, "false": false, "no": false} {
		t.Setenv("USE_LOCAL_STORAGE", value)
		s, err := parseSettings(t)
		require.NoError(t, err, value)
		require.Equal(t, want, s.UseLocalStorage, value)
	}
	t.Setenv("USE_LOCAL_STORAGE", "perhaps")
	_, err := parseSettings(t)
	require.ErrorContains(t, err, `but got "perhaps" (from envar USE_LOCAL_STORAGE="perhaps")`)
}

func TestFlushIntervalDependsOnTheStore(t *testing.T) {
	require.Zero(t, flushInterval{auto: true}.duration(true))
	require.Equal(t, 250*time.Millisecond, flushInterval{auto: true}.duration(false))
}

func TestHelpIsGolden(t *testing.T) {
	t.Setenv("COLUMNS", "100")
	for name, args := range map[string][]string{"help.txt": {"--help"}, "help_serve.txt": {"serve", "--help"}, "help_bench.txt": {"bench", "--help"}} {
		status, stdout, stderr := runProgram(args...)
		require.Zero(t, status, stderr)
		golden(t, name, stdout)
	}
}

// settingsTable is the table of all settings for the README.
func settingsTable() string {
	var table strings.Builder
	table.WriteString("| environment | flag | default | |\n|---|---|---|---|\n")
	for _, flag := range newParser(output{}, func(int) {}).Model.DefaultCmd.Flags {
		fallback := "unset"
		if flag.HasDefault {
			fallback = "`" + flag.Default + "`"
		}
		fmt.Fprintf(&table, "| `%s` | `--%s` | %s | %s |\n", flag.Envs[0], flag.Name, fallback, flag.Help)
	}
	return table.String()
}

// Run it with -update to write the table anew.
func TestSettingsTable(t *testing.T) {
	golden(t, "settings.md", settingsTable())
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	require.Contains(t, string(readme), settingsTable(), "the README tells every setting, word for word")
}

func TestVersion(t *testing.T) {
	status, stdout, _ := runProgram("version")
	require.Zero(t, status)
	require.Regexp(t, `^streamhouse \S+ \(go\S+, \w+/\w+\)\n$`, stdout)
}
