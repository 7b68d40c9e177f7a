package main

import (
	"cmp"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/cmd/streamhouse/units"
)

func TestSettingsThatAreRefused(t *testing.T) {
	withoutSettings(t)
	local := "--use-local-storage"
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":                   {[]string{"--adr=x"}, `unknown flag --adr, did you mean "--addr"?`},
		"unknown command":                {[]string{"benhc"}, "unexpected argument benhc"},
		"address without port":           {[]string{"--addr=localhost"}, `--addr: "localhost" is not an address: write host:port`},
		"address of IPv6":                {[]string{"--addr=::1:9090"}, `--addr: "::1:9090" is not an address`},
		"port too large":                 {[]string{"--kafka-addr=:70000"}, `--kafka-addr: ":70000" has no port number between 0 and 65535`},
		"port by name":                   {[]string{"--http-addr=:http"}, `--http-addr: ":http" has no port number`},
		"same port":                      {[]string{"--addr=127.0.0.1:9092"}, "--addr 127.0.0.1:9092 and --kafka-addr 0.0.0.0:9092 want the same port"},
		"same address":                   {[]string{"--addr=10.0.0.1:1", "--http-addr=10.0.0.1:1"}, "--addr 10.0.0.1:1 and --http-addr 10.0.0.1:1 want the same port"},
		"advertised malformed":           {[]string{"--kafka-advertised-addr=broker"}, `--kafka-advertised-addr: "broker" is not an address`},
		"advertised wildcard":            {[]string{"--kafka-advertised-addr=0.0.0.0:9092"}, "name the host"},
		"advertised without host":        {[]string{"--kafka-advertised-addr=:9092"}, "name the host"},
		"advertised port 0":              {[]string{"--kafka-advertised-addr=broker:0"}, "name the port"},
		"advertised with a blank in it":  {[]string{"--kafka-advertised-addr=my broker:9092"}, `"my broker:9092" has no host before its port: write a name or an IP address alone`},
		"advertised with a blank before": {[]string{"--kafka-advertised-addr= broker:9092"}, `--kafka-advertised-addr: " broker:9092" begins or ends with a blank or a line break: write it without`},
		"advertised with a line break":   {[]string{"--kafka-advertised-addr=broker:9092\n"}, `"broker:9092\n" begins or ends with a blank`},
		"advertised with a blank port":   {[]string{"--kafka-advertised-addr=broker: 9092"}, `"broker: 9092" has no port number`},
		"advertised without port":        {[]string{"--kafka-advertised-addr=broker:"}, `"broker:" has no port number`},
		"advertised port too large":      {[]string{"--kafka-advertised-addr=broker:99999"}, `has no port number between 0 and 65535`},
		"advertised port negative":       {[]string{"--kafka-advertised-addr=broker:-1"}, `has no port number between 0 and 65535`},
		"advertised as URL":              {[]string{"--kafka-advertised-addr=kafka://broker:9092"}, `is not an address: write host:port`},
		"advertised with a listener":     {[]string{"--kafka-advertised-addr=PLAINTEXT://:9092"}, `is not an address: write host:port`},
		"advertised with a path":         {[]string{"--kafka-advertised-addr=broker/x:9092"}, `has no host before its port`},
		"advertised with a user":         {[]string{"--kafka-advertised-addr=me@broker:9092"}, `has no host before its port`},
		"advertised list":                {[]string{"--kafka-advertised-addr=a,b:9092"}, `has no host before its port`},
		"advertised list of addresses":   {[]string{"--kafka-advertised-addr=a:9092,b:9092"}, `is not an address`},
		"advertised template":            {[]string{"--kafka-advertised-addr=${HOST}:9092"}, `has no host before its port`},
		"advertised IP of three":         {[]string{"--kafka-advertised-addr=10.0.0:9092"}, `has no host before its port`},
		"advertised IP too large":        {[]string{"--kafka-advertised-addr=10.0.0.256:9092"}, `has no host before its port`},
		"advertised IP in no brackets":   {[]string{"--kafka-advertised-addr=2001:db8::1:9092"}, `is not an address`},
		"advertised wildcard of IPv6":    {[]string{"--kafka-advertised-addr=[::]:9092"}, "name the host"},
		"advertised with a zone":         {[]string{"--kafka-advertised-addr=[fe80::1%eth0]:9092"}, "names an interface of this machine"},
		"advertised dots":                {[]string{"--kafka-advertised-addr=a..b:9092"}, `has no host before its port`},
		"advertised in quotes":           {[]string{`--kafka-advertised-addr="broker:9092"`}, `has quotes around it, which are part of the value here: write it without`},
		"listener with a scheme":         {[]string{"--addr=tcp://0.0.0.0:9090"}, `--addr: "tcp://0.0.0.0:9090" is not an address`},
		"listener with a blank in it":    {[]string{"--kafka-addr=local host:9092"}, `--kafka-addr: "local host:9092" has no host before its port`},
		"empty listener":                 {[]string{"--addr="}, `--addr: "" is not an address`},
		"empty HTTP":                     {[]string{"--http-addr="}, `--http-addr: "" is not an address`},
		"off with a blank":               {[]string{"--http-addr=off "}, `--http-addr: "off " begins or ends with a blank`},
		"same port by name":              {[]string{"--addr=localhost:9092", "--kafka-addr=127.0.0.1:9092"}, "want the same port"},
		"same port in two writings":      {[]string{"--addr=[::1]:1", "--kafka-addr=[0:0:0:0:0:0:0:1]:1"}, "want the same port"},
		"same port, IPv4 in IPv6":        {[]string{"--addr=[::ffff:10.0.0.1]:1", "--kafka-addr=10.0.0.1:1"}, "want the same port"},
		"same port, wildcard of IPv6":    {[]string{"--addr=[::]:1", "--kafka-addr=10.0.0.1:1"}, "want the same port"},
		"same port with zeros":           {[]string{"--addr=:0909", "--kafka-addr=:909"}, "want the same port"},
		"same port, HTTP":                {[]string{"--http-addr=127.0.0.1:9092"}, "--kafka-addr 0.0.0.0:9092 and --http-addr 127.0.0.1:9092 want the same port"},
		"bucket in quotes":               {[]string{"--bucket='mine'"}, `has quotes around it`},
		"bucket with a quote":            {[]string{`--bucket=mi"ne`}, `is not the name of a bucket`},
		"bucket as ARN":                  {[]string{"--bucket=arn:aws:s3:::mine"}, `is not the name of a bucket`},
		"bucket with a folder":           {[]string{"--bucket=mine/prod"}, `is not the name of a bucket`},
		"bucket too long":                {[]string{"--bucket=" + strings.Repeat("x", 64)}, `is not the name of a bucket`},
		"empty bucket":                   {[]string{"--bucket="}, `--bucket: "" is not the name of a bucket`},
		"empty region":                   {[]string{"--region="}, `--region: "" is not the name of a region`},
		"region as host":                 {[]string{"--region=s3.eu-central-1.amazonaws.com"}, `is not the name of a region: write it as eu-central-1`},
		"region with a blank":            {[]string{"--region=eu central"}, `is not the name of a region`},
		"empty metadata":                 {[]string{"--metadata="}, "--metadata is empty: name a place, or leave it out for the default"},
		"empty storage path":             {[]string{local, "--local-storage-path="}, "--local-storage-path is empty"},
		"empty cache":                    {[]string{"--cache="}, "--cache is empty"},
		"metadata is a folder":           {[]string{"--metadata=.", "--cache-size=0"}, `--metadata: "." is a folder: name a file in it`},
		"metadata is to be a folder":     {[]string{"--metadata=./not/there/"}, `--metadata: "./not/there/" is a folder: name a file in it`},
		"metadata with a line break":     {[]string{"--metadata=m.db\n"}, "begins or ends with a blank or a line break"},
		"metadata with a NUL in it":      {[]string{"--metadata=m\x00.db"}, "has a character in it that cannot be seen"},
		"metadata is the storage":        {[]string{local, "--local-storage-path=./x", "--metadata=x"}, "lie in each other"},
		"metadata in it, absolute":       {[]string{local, "--local-storage-path=./x", "--metadata=" + absolute("x/m.db")}, "lie in each other"},
		"metadata in it, with dots":      {[]string{local, "--local-storage-path=x", "--metadata=./y/../x/z/m.db"}, "lie in each other"},
		"storage in the cache":           {[]string{local, "--local-storage-path=./data/cache/s"}, "lie in each other"},
		"storage is where it runs":       {[]string{local, "--local-storage-path=."}, "lie in each other"},
		"prefetch of nothing":            {[]string{"--prefetch-size=0"}, "--prefetch-size 0 is below the least, 1MiB"},
		"prefetch above the memory":      {[]string{"--prefetch-size=1GiB"}, "--prefetch-size 1GiB is above --cache-memory 128MiB"},
		"sessions too long":              {[]string{"--group-max-session-timeout=25h"}, "--group-max-session-timeout 25h0m0s is above the most, 24h0m0s"},
		"session of nothing":             {[]string{"--group-min-session-timeout=0s"}, "has to be above 0"},
		"rebalance delay too long":       {[]string{"--group-initial-rebalance-delay=1h"}, "is above the most, 5m0s"},
		"grace below nothing":            {[]string{"--ready-grace=-1s"}, "--ready-grace -1s is below 0: set 0"},
		"too many partitions":            {[]string{"--default-partitions=10001"}, "is not between 1 and 10000"},
		"too many connections":           {[]string{"--kafka-max-connections=1000001"}, "is not between 1 and 1000000"},
		"message too small":              {[]string{"--max-message-size=1"}, "--max-message-size 1 is not between 1KiB and 100MiB"},
		"frame too small":                {[]string{"--max-request-size=1KiB"}, "--max-request-size 1KiB is not between 1MiB and 100MiB"},
		"flush too large":                {[]string{"--flush-size=1GiB", "--unflushed-size=2GiB"}, "--flush-size 1GiB is not between 64KiB and 256MiB"},
		"size with another's unit":       {[]string{"--cache-size=128Mi"}, `"128Mi" is not a size: write bytes as 1048576, 1024KiB`},
		"size in small letters":          {[]string{"--cache-size=1gib"}, "is not a size"},
		"time without unit":              {[]string{"--startup-timeout=60"}, "missing unit"},
		"interval without unit":          {[]string{"--flush-interval=250"}, `"250" is not a duration: write auto, 250ms, 1s`},
		"bucket as URL":                  {[]string{"--bucket=s3://mine"}, `--bucket: "s3://mine" is not the name of a bucket`},
		"bucket too short":               {[]string{"--bucket=ab"}, "is not the name of a bucket"},
		"metadata in the cache":          {[]string{"--metadata=./data/cache/m.db"}, "--metadata ./data/cache/m.db and --cache ./data/cache lie in each other"},
		"storage is the cache":           {[]string{local, "--local-storage-path=d", "--cache=./d/../d"}, "--local-storage-path d and --cache ./d/../d lie in each other"},
		"cache in the storage":           {[]string{local, "--cache=./data/storage/cache"}, "lie in each other"},
		"metadata in the storage":        {[]string{local, "--local-storage-path=./data"}, "--metadata ./data/metadata.db and --local-storage-path ./data lie in each other"},
		"cache size malformed":           {[]string{"--cache-size=lots"}, `--cache-size: "lots" is not a size`},
		"cache too small":                {[]string{"--cache-size=1MiB"}, "--cache-size 1MiB is below the least, 16MiB"},
		"cache memory too small":         {[]string{"--cache-memory=1KiB"}, "--cache-memory 1KiB is below the least, 4MiB"},
		"tail too small":                 {[]string{"--tail-memory=0"}, "--tail-memory 0 is below the least, 4MiB"},
		"unflushed below flush":          {[]string{"--flush-size=200MiB"}, "--unflushed-size 128MiB is below --flush-size 200MiB"},
		"unflushed below frame":          {[]string{"--unflushed-size=64MiB"}, "--unflushed-size 64MiB is below --max-request-size 100MiB"},
		"flush interval text":            {[]string{"--flush-interval=soon"}, `"soon" is not a duration: write auto, 250ms`},
		"flush interval negative":        {[]string{"--flush-interval=-1s"}, "--flush-interval -1s is not between 0 and 10s"},
		"flush interval too long":        {[]string{"--flush-interval=1m"}, "--flush-interval 1m0s is not between 0 and 10s"},
		"flush too small":                {[]string{"--flush-size=1"}, "--flush-size 1 is not between 64KiB and 256MiB"},
		"nothing in flight":              {[]string{"--max-in-flight=0"}, "--max-in-flight 0 is not between 1 and 16"},
		"too much in flight":             {[]string{"--max-in-flight=17"}, "--max-in-flight 17 is not between 1 and 16"},
		"no partitions":                  {[]string{"--default-partitions=0"}, "--default-partitions 0 is not between 1 and 10000"},
		"message above frame":            {[]string{"--max-request-size=1MiB", "--max-message-size=2MiB"}, "--max-message-size 2MiB is above --max-request-size 1MiB"},
		"frame too large":                {[]string{"--max-request-size=1GiB", "--unflushed-size=1GiB"}, "--max-request-size 1GiB is not between 1MiB and 100MiB"},
		"no topics":                      {[]string{"--max-topics=0"}, "--max-topics 0 is not between 1 and 100000000"},
		"no partitions in all":           {[]string{"--max-partitions=0"}, "--max-partitions 0 is not between"},
		"no groups":                      {[]string{"--max-groups=-1"}, "--max-groups -1 is not between"},
		"too many offsets":               {[]string{"--max-offsets=100000001"}, "--max-offsets 100000001 is not between"},
		"no room for metadata":           {[]string{"--max-offset-metadata-size=4095"}, "--max-offset-metadata-size 4095 is below the least, 4KiB"},
		"no producers":                   {[]string{"--max-producers=0"}, "--max-producers 0 is not between"},
		"no producer names":              {[]string{"--max-producer-names=0"}, "--max-producer-names 0 is not between"},
		"no partitions at any time":      {[]string{"--partition-change-rate=0"}, "--partition-change-rate 0 is not between 1 and 1000000"},
		"no connections":                 {[]string{"--kafka-max-connections=0"}, "--kafka-max-connections 0 is not between"},
		"sessions upside down":           {[]string{"--group-min-session-timeout=1h"}, "--group-min-session-timeout 1h0m0s has to be above 0 and no longer than"},
		"rebalance delay":                {[]string{"--group-initial-rebalance-delay=-1s"}, "--group-initial-rebalance-delay -1s is below 0"},
		"no start":                       {[]string{"--startup-timeout=0s"}, "--startup-timeout 0s has to be above 0"},
		"no stop":                        {[]string{"--shutdown-timeout=0s"}, "--shutdown-timeout 0s has to be above 0"},
		"log level":                      {[]string{"--log-level=loud"}, "--log-level must be one of"},
		"log format":                     {[]string{"--log-format=xml"}, "--log-format must be one of"},
		"two at once":                    {[]string{"--max-in-flight=0", "--startup-timeout=0s"}, "--max-in-flight 0 is not between 1 and 16; --startup-timeout 0s has to be above 0"},
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
		"0.0.0.0 and IPv6":           {"--addr=0.0.0.0:1", "--kafka-addr=[::1]:1"},
		"names of hosts":             {"--kafka-advertised-addr=broker_1.example-2.com.:9092"},
		"a short name":               {"--kafka-advertised-addr=b:1"},
		"advertised and empty":       {"--kafka-advertised-addr="},
		"no bucket for a directory":  {"--use-local-storage", "--bucket=", "--region="},
		"no path for a cache of 0":   {"--cache-size=0", "--cache="},
		"no grace, no delay":         {"--ready-grace=0s", "--group-initial-rebalance-delay=0s"},
		"regions of other stores":    {"--region=auto"},
		"blanks inside of paths":     {"--metadata=./my data/m.db"},
		"folder with dots":           {"--use-local-storage", "--local-storage-path=./data/..cache"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseSettings(t, args...)
			require.NoError(t, err)
		})
	}
}

// What is around a value in a file or a chart is no part of any setting, whatever its kind:
// every variable refuses it and is named.
func TestStrayTextAroundValuesIsRefused(t *testing.T) {
	withoutSettings(t)
	values := map[string]string{"STREAMHOUSE_KAFKA_ADVERTISED_ADDR": "broker:9092", "USE_LOCAL_STORAGE": "true"}
	for field := range reflect.TypeFor[settings]().Fields() {
		env := field.Tag.Get("env")
		value := cmp.Or(values[env], field.Tag.Get("default"))
		require.NotEmpty(t, value, env)
		for _, stray := range []string{" " + value, value + " ", value + "\n", "\t" + value, `"` + value + `"`, "'" + value + "'", " "} {
			t.Run(env+"="+strconv.Quote(stray), func(t *testing.T) {
				t.Setenv(env, stray)
				_, err := parseSettings(t)
				require.ErrorContains(t, err, "--"+flagOf(field.Name))
			})
		}
	}
}

// No number may be below 0, and none may be larger than what it is kept in.
func TestNumbersOutOfRangeAreRefused(t *testing.T) {
	withoutSettings(t)
	for field := range reflect.TypeFor[settings]().Fields() {
		env, bad := field.Tag.Get("env"), []string(nil)
		switch reflect.Zero(field.Type).Interface().(type) {
		case units.Bytes, int, int32:
			bad = []string{"-1", "99999999999999999999", "1e3", "1.5", "NaN"}
		case time.Duration, flushInterval:
			bad = []string{"-1s", "-1ns", "99999999h", "1", "1 s", "NaN", "+Inf"}
		}
		for _, value := range bad {
			t.Run(env+"="+value, func(t *testing.T) {
				t.Setenv(env, value)
				_, err := parseSettings(t)
				require.ErrorContains(t, err, "--"+flagOf(field.Name))
			})
		}
	}
}

// flagOf returns the flag of a field of the settings.
func flagOf(field string) string {
	for _, flag := range newParser(output{}, func(int) {}).Model.DefaultCmd.Flags {
		if strings.EqualFold(strings.ReplaceAll(flag.Name, "-", ""), field) {
			return flag.Name
		}
	}
	panic(field)
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
