package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/integration/child"
	"streamhouse/integration/freeport"
	"streamhouse/integration/program"
)

// saramaBrokers is how many brokers the suite believes in.
const saramaBrokers = 5

// Sarama's functional tests pass against one broker that is reached through five proxies.
func TestClientSarama_OwnSuite(t *testing.T) {
	t.Parallel()
	onSuiteStores(t, func(t *testing.T, s *store) {
		// The suite asks for topics that are not there, and wants to be told.
		b := newBroker(t, s, "STREAMHOUSE_AUTO_CREATE_TOPICS=false")
		addresses := make([]string, saramaBrokers)
		for i := range addresses {
			var err error
			addresses[i], err = freeport.Address()
			require.NoError(t, err)
		}
		b.SetEnv("STREAMHOUSE_KAFKA_ADVERTISED_ADDR=" + addresses[0])
		require.NoError(t, b.Start())
		var ports []string
		for _, a := range addresses {
			ports = append(ports, a[strings.LastIndexByte(a, ':')+1:])
		}
		suite := saramaSuite
		suite.rewrite = map[string]string{"29090+i": "[]int{" + strings.Join(ports, ", ") + "}[i-1]"}
		suite.env = []string{"KAFKA_VERSION=4.1.0", "TOXIPROXY_ADDR=" + startToxiproxy(t, b.Kafka, addresses)}
		suite.run(t)
	})
}

// startToxiproxy runs a proxy kafka1, kafka2 … on each address, and returns the URL of what commands them.
func startToxiproxy(t *testing.T, upstream string, addresses []string) string {
	t.Helper()
	type proxy struct {
		Name     string `json:"name"`
		Listen   string `json:"listen"`
		Upstream string `json:"upstream"`
		Enabled  bool   `json:"enabled"`
	}
	var proxies []proxy
	for i, a := range addresses {
		proxies = append(proxies, proxy{fmt.Sprintf("kafka%d", i+1), a, upstream, true})
	}
	config, err := json.Marshal(proxies)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "proxies.json")
	require.NoError(t, os.WriteFile(file, config, 0o644))

	binary, err := program.Toxiproxy()
	require.NoError(t, err)
	api, err := freeport.Address()
	require.NoError(t, err)
	host, port, _ := strings.Cut(api, ":")
	p, err := child.Start(binary, []string{"-host", host, "-port", port, "-config", file}, os.Environ(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(p.Kill)
	url := "http://" + api
	for hang := guarded(t); ; {
		resp, err := http.Get(url + "/version")
		if err == nil {
			require.NoError(t, resp.Body.Close())
			return url
		}
		select {
		case <-p.Done():
			t.Fatalf("toxiproxy has ended:\n%s", p.Output())
		case <-hang.Done():
			t.Fatalf("toxiproxy does not answer: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

var saramaSuite = suite{
	module: "github.com/IBM/sarama@v1.61.1",
	// The module's other tests talk to brokers of its own.
	args: []string{"-tags=functional", "-run=^(TestFunc.*|TestConsumer(HighWaterMarkOffset|PartialBatchRecovery|FetchFollowerFailover|GroupDeadlock)|" +
		"TestVersionMatrix.*|TestReadOnly.*|TestInterceptors|TestAsyncProducerRemoteBrokerClosed|TestJava.*)$", "."},
	leftOut: map[string]string{
		"TestFuncTxnProduceNoBegin":                "transactions",
		"TestFuncTxnCommitNoMessages":              "transactions",
		"TestFuncTxnProduce":                       "transactions",
		"TestFuncTxnProduceWithBrokerFailure":      "transactions",
		"TestFuncTxnProduceEpochBump":              "transactions",
		"TestFuncTxnProduceAndCommitOffset":        "transactions",
		"TestFuncTxnProduceMultiTxn":               "transactions",
		"TestFuncTxnAbortedProduce":                "transactions",
		"TestFuncInitProducerId3":                  "transactions",
		"TestFuncDescribeTransactions":             "transactions",
		"TestFuncListTransactions":                 "transactions",
		"TestFuncDescribeProducers":                "the request DescribeProducers",
		"TestFuncAdminQuotas":                      "quotas",
		"TestFuncAdminDescribeLogDirs":             "log dirs: the log is in a bucket",
		"TestFuncAdminUpdateFeatures":              "the request UpdateFeatures",
		"TestFuncAdminElectLeadersV1":              "elections: there is one broker",
		"TestFuncAdminAlterPartitionReassignments": "several brokers",
		"TestConsumerFetchFollowerFailover":        "several brokers",
		"TestFuncAdminIncrementalAlterConfigs":     "the broker config log.cleaner.backoff.ms",
		"TestFuncAdminAlterConfig":                 "the topic config segment.ms",
		"TestFuncAdminListConsumerGroupOffsets":    "docker, to stop one of several brokers",
		"TestFuncIdempotentBufferedSequence":       "docker, to read the log of a broker",
	},
	slow: []string{
		"TestFuncConsumerGroupFuzzy", "TestFuncConsumerGroupRebalanceAfterAddingPartitions", "TestFuncProducingIdempotentWithBrokerFailure",
	},
	skipped: map[string]string{
		"TestReadOnlyAndAllCommittedMessages":     "always, in this version",
		"TestFuncJavaInteropCooperativeRebalance": "Java in a container",
		"TestJavaProducerCompressionRoundTrip":    "Java in a container",
		"TestJavaConsumerCompressionRoundTrip":    "Java in a container",
		"TestJavaMurmur2PartitionerInterop":       "Java in a container",
	},
	broker: []string{
		"TestFuncClientMetadata", "TestFuncClientCoordinator", "TestFuncAdminListOffsets", "TestFuncAdminDeleteGroup",
		"TestFuncConsumerGroupPartitioning", "TestFuncConsumerGroupCooperative", "TestFuncConsumerGroupStaticMembership_Fenced",
		"TestFuncProducingGzip", "TestFuncProducingSnappy", "TestFuncProducingZstd", "TestVersionMatrixIdempotent", "TestFuncOffsetManager",
	},
}
