package integration

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The tests of segmentio's kafka-go pass against a broker at the address that it has written down everywhere.
func TestClientKafkaGo_OwnSuite(t *testing.T) {
	t.Parallel()
	onSuiteStores(t, func(t *testing.T, s *store) {
		b := newBroker(t, s, "STREAMHOUSE_MAX_MESSAGE_SIZE=100MiB")
		port := b.Kafka[strings.LastIndexByte(b.Kafka, ':')+1:]
		b.SetEnv("STREAMHOUSE_KAFKA_ADVERTISED_ADDR=localhost:" + port)
		require.NoError(t, b.Start())
		suite := kafkaGoSuite
		suite.rewrite = map[string]string{"9092": port} // the port of Kafka, wherever it stands
		suite.run(t)
	})
}

var kafkaGoSuite = suite{
	module: "github.com/segmentio/kafka-go@v0.4.51",
	args:   []string{".", "./compress", "./topics"},
	env:    []string{"KAFKA_VERSION=3.7.0", "KAFKA_SKIP_NETTEST=1"},
	leftOut: map[string]string{
		"TestClientAlterClientQuotas":                                 "quotas",
		"TestClientAlterPartitionReassignments":                       "several brokers",
		"TestClientAlterPartitionReassignmentsMultiTopics":            "several brokers",
		"TestClientListPartitionReassignments":                        "several brokers",
		"TestClientElectLeaders":                                      "elections: there is one broker",
		"TestAlterUserScramCredentials":                               "SASL",
		"TestDescribeUserScramCredentials":                            "SASL",
		"TestUnsupportedSASLMechanism":                                "SASL",
		"TestClientCreateACLs":                                        "ACLs",
		"TestClientDeleteACLs":                                        "ACLs",
		"TestClientDescribeACLs":                                      "ACLs",
		"TestWriter/writing_a_message_with_SASL_Plain_authentication": "SASL",
		"TestReaderReadCompactedMessage":                              "compaction",
		// They look for a topic that they have deleted, which creates it; in Kafka that takes a moment.
		"TestConn/test_delete_topics":                       "a broker that creates topics slowly",
		"TestConn/test_delete_topics_with_an_invalid_topic": "a broker that creates topics slowly",
		// A group that has neither members nor offsets is gone at once; Kafka forgets it minutes later.
		"TestClientDeleteGroups":                                                        "a group that stays when its last member has left",
		"TestReaderConsumerGroup/verify_offset_committed":                               "a fix: it calls a function that is nil",
		"TestReaderConsumerGroup/verify_offset_committed_when_using_interval_committer": "a fix: it calls a function that is nil",
		"TestReaderConsumerGroup/consumer_group_commits_on_close":                       "a fix: it calls a function that is nil",
		"TestReaderConsumerGroup/consumer_group_rebalance":                              "a fix: a reader that has one partition of three waits for 12 of its 8 records",
	},
	slow: []string{"TestDialerResolver", "TestWriter", "TestReaderConsumerGroup/rebalance_across_many_partitions_and_consumers"},
	skipped: map[string]string{
		"TestClientAddOffsetsToTxn":         "Kafka 3.0 and newer",
		"TestClientAddPartitionsToTxn":      "Kafka 3.0 and newer",
		"TestClientInitProducerId":          "Kafka 3.0 and newer",
		"TestClientTxnOffsetCommit":         "Kafka 3.0 and newer",
		"TestConn/nettest":                  "what its authors leave out as well",
		"TestReadTruncatedMessages":         "always, in this version",
		"TestConsumerGroupWithMissingTopic": "topics that are created on use",
	},
	broker: []string{
		"TestClient", "TestConn", "TestClientProduce", "TestClientFetchCompressed", "TestConsumerGroup", "TestCloseLeavesGroup", "TestClientDeleteOffset",
	},
}
