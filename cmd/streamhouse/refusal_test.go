package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSettingsThatAreRefused(t *testing.T) {
	withoutSettings(t)
	local := "--use-local-storage"
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":            {[]string{"--adr=x"}, `unknown flag --adr, did you mean "--addr"?`},
		"unknown command":         {[]string{"benhc"}, "unexpected argument benhc"},
		"address without port":    {[]string{"--addr=localhost"}, `--addr: "localhost" is not an address: write host:port`},
		"address of IPv6":         {[]string{"--addr=::1:9090"}, `--addr: "::1:9090" is not an address`},
		"port too large":          {[]string{"--kafka-addr=:70000"}, `--kafka-addr: ":70000" has no port number between 0 and 65535`},
		"port by name":            {[]string{"--http-addr=:http"}, `--http-addr: ":http" has no port number`},
		"same port":               {[]string{"--addr=127.0.0.1:9092"}, "--addr 127.0.0.1:9092 and --kafka-addr 0.0.0.0:9092 want the same port"},
		"same address":            {[]string{"--addr=10.0.0.1:1", "--http-addr=10.0.0.1:1"}, "--addr 10.0.0.1:1 and --http-addr 10.0.0.1:1 want the same port"},
		"advertised malformed":    {[]string{"--kafka-advertised-addr=broker"}, `--kafka-advertised-addr: "broker" is not an address`},
		"advertised wildcard":     {[]string{"--kafka-advertised-addr=0.0.0.0:9092"}, "name the host"},
		"advertised without host": {[]string{"--kafka-advertised-addr=:9092"}, "name the host"},
		"advertised port 0":       {[]string{"--kafka-advertised-addr=broker:0"}, "name the port"},
		"bucket as URL":           {[]string{"--bucket=s3://mine"}, `--bucket: "s3://mine" is not the name of a bucket`},
		"bucket too short":        {[]string{"--bucket=ab"}, "is not the name of a bucket"},
		"metadata in the cache":   {[]string{"--metadata=./data/cache/m.db"}, "--metadata ./data/cache/m.db and --cache ./data/cache lie in each other"},
		"storage is the cache":    {[]string{local, "--local-storage-path=d", "--cache=./d/../d"}, "--local-storage-path d and --cache ./d/../d lie in each other"},
		"cache in the storage":    {[]string{local, "--cache=./data/storage/cache"}, "lie in each other"},
		"metadata in the storage": {[]string{local, "--local-storage-path=./data"}, "--metadata ./data/metadata.db and --local-storage-path ./data lie in each other"},
		"cache size malformed":    {[]string{"--cache-size=lots"}, `--cache-size: "lots" is not a size`},
		"cache too small":         {[]string{"--cache-size=1MiB"}, "--cache-size 1MiB is below the least, 16MiB"},
		"cache memory too small":  {[]string{"--cache-memory=1KiB"}, "--cache-memory 1KiB is below the least, 4MiB"},
		"tail too small":          {[]string{"--tail-memory=0"}, "--tail-memory 0 is below the least, 4MiB"},
		"unflushed below flush":   {[]string{"--flush-size=200MiB"}, "--unflushed-size 128MiB is below --flush-size 200MiB"},
		"unflushed below frame":   {[]string{"--unflushed-size=64MiB"}, "--unflushed-size 64MiB is below --max-request-size 100MiB"},
		"flush interval text":     {[]string{"--flush-interval=soon"}, `"soon" is not a duration: write auto, 250ms`},
		"flush interval negative": {[]string{"--flush-interval=-1s"}, "--flush-interval -1s is not between 0 and 10s"},
		"flush interval too long": {[]string{"--flush-interval=1m"}, "--flush-interval 1m0s is not between 0 and 10s"},
		"flush too small":         {[]string{"--flush-size=1"}, "--flush-size 1 is not between 64KiB and 256MiB"},
		"nothing in flight":       {[]string{"--max-in-flight=0"}, "--max-in-flight 0 is not between 1 and 16"},
		"too much in flight":      {[]string{"--max-in-flight=17"}, "--max-in-flight 17 is not between 1 and 16"},
		"no partitions":           {[]string{"--default-partitions=0"}, "--default-partitions 0 is not between 1 and 10000"},
		"message above frame":     {[]string{"--max-request-size=1MiB", "--max-message-size=2MiB"}, "--max-message-size 2MiB is above --max-request-size 1MiB"},
		"frame too large":         {[]string{"--max-request-size=1GiB", "--unflushed-size=1GiB"}, "--max-request-size 1GiB is not between 1MiB and 100MiB"},
		"no connections":          {[]string{"--kafka-max-connections=0"}, "--kafka-max-connections 0 is not between"},
		"sessions upside down":    {[]string{"--group-min-session-timeout=1h"}, "--group-min-session-timeout 1h0m0s has to be above 0 and no longer than"},
		"rebalance delay":         {[]string{"--group-initial-rebalance-delay=-1s"}, "--group-initial-rebalance-delay -1s is below 0"},
		"no start":                {[]string{"--startup-timeout=0s"}, "--startup-timeout 0s has to be above 0"},
		"no stop":                 {[]string{"--shutdown-timeout=0s"}, "--shutdown-timeout 0s has to be above 0"},
		"log level":               {[]string{"--log-level=loud"}, "--log-level must be one of"},
		"log format":              {[]string{"--log-format=xml"}, "--log-format must be one of"},
		"two at once":             {[]string{"--max-in-flight=0", "--startup-timeout=0s"}, "--max-in-flight 0 is not between 1 and 16; --startup-timeout 0s has to be above 0"},
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := runProgram(c.args...)
			require.Equal(t, 2, status)
			require.Empty(t, stdout)
			require.Contains(t, stderr, c.want)
			require.Equal(t, 1, strings.Count(stderr, "\n"), "one line: %s", stderr)
		})
	}
}

func TestSettingsThatAreFine(t *testing.T) {
	withoutSettings(t)
	for name, args := range map[string][]string{
		"same port on two addresses": {"--addr=10.0.0.1:1", "--kafka-addr=10.0.0.2:1"},
		"any ports":                  {"--addr=:0", "--kafka-addr=:0", "--http-addr=:0"},
		"no HTTP":                    {"--http-addr=off", "--addr=:8080"},
		"no disk cache":              {"--cache-size=0", "--cache=./data", "--metadata=./data/metadata.db"},
		"IPv6":                       {"--addr=[::1]:9090", "--kafka-advertised-addr=[2001:db8::1]:9092"},
		"storage path without use":   {"--local-storage-path=./data"},
		"names that begin alike":     {"--metadata=./data/cache.db"},
		"folders that begin alike":   {"--use-local-storage", "--local-storage-path=./data/cache2"},
		"folder with dots":           {"--use-local-storage", "--local-storage-path=./data/..cache"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseSettings(t, args...)
			require.NoError(t, err)
		})
	}
}

// A symbolic link does not hide that the cache would lie in the storage.
func TestPathsAreComparedBehindLinks(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "real"), 0o755))
	require.NoError(t, os.Symlink("real", filepath.Join(dir, "link")))
	require.True(t, contains(filepath.Join(dir, "real"), filepath.Join(dir, "link", "not", "there")))
	require.False(t, contains(filepath.Join(dir, "real"), filepath.Join(dir, "other")))
	require.False(t, contains(filepath.Join(dir, "real"), dir))
}

func TestEnvironmentIsChecked(t *testing.T) {
	known := environmentNames()
	for _, fine := range []string{
		"PATH=/bin", "STREAMHOUSE_ADDR=:1", "STREAMHOUSE_=", "STREAMHOUSE_TYPO=", "STREAMHOUSEX=1",
		"STREAMHOUSE_SERVICE_HOST=10.0.0.1", "STREAMHOUSE_SERVICE_PORT=9092", "STREAMHOUSE_SERVICE_PORT_KAFKA=9092",
		"STREAMHOUSE_PORT=tcp://10.0.0.1:9092", "STREAMHOUSE_PORT_9092_TCP=tcp://10.0.0.1:9092",
		"STREAMHOUSE_PORT_9092_TCP_ADDR=10.0.0.1", "STREAMHOUSE_KAFKA_PORT_9092_TCP_PROTO=tcp", "STREAMHOUSE_KAFKA_SERVICE_HOST=10.0.0.1",
	} {
		require.NoError(t, checkEnvironment([]string{fine}, known), fine)
	}
	for typo, meant := range map[string]string{
		"STREAMHOUSE_CACHESIZE=1":     "STREAMHOUSE_CACHE_SIZE",
		"STREAMHOUSE_KAFKA_ADRR=:1":   "STREAMHOUSE_KAFKA_ADDR",
		"STREAMHOUSE_BUKET=x":         "STREAMHOUSE_BUCKET",
		"STREAMHOUSE_KAFKA_PORT=9092": "STREAMHOUSE_KAFKA_ADDR",
	} {
		err := checkEnvironment([]string{"A=b", typo}, known)
		require.ErrorIs(t, err, errSettings)
		require.ErrorContains(t, err, "did you mean "+meant+"?")
	}
}

func TestMistypedVariableStopsTheStart(t *testing.T) {
	withoutSettings(t)
	t.Setenv("STREAMHOUSE_CACHESIZE", "1")
	status, _, stderr := runProgram()
	require.Equal(t, 2, status)
	require.Contains(t, stderr, "STREAMHOUSE_CACHESIZE is no setting: did you mean STREAMHOUSE_CACHE_SIZE?")
}

func TestEditDistance(t *testing.T) {
	require.Equal(t, 0, editDistance("abc", "abc"))
	require.Equal(t, 3, editDistance("", "abc"))
	require.Equal(t, 3, editDistance("abc", ""))
	require.Equal(t, 3, editDistance("kitten", "sitting"))
}
