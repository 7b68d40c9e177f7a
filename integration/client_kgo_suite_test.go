package integration

import "testing"

// The client that most of these tests rely on has a suite of its own that talks
// to a broker. It passes against this one at default settings.
func TestClientKgo_OwnSuite(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		suite := kgoSuite
		suite.env = []string{"KGO_SEEDS=" + b.Kafka, "KGO_TEST_RF=1", "KGO_TEST_RECORDS=10000", "KGO_LOG_LEVEL=none"}
		suite.run(t)
	})
}

var kgoSuite = suite{
	args: []string{"-parallel=8", "github.com/twmb/franz-go/pkg/kgo"},
	leftOut: map[string]string{
		"TestTxnEtl":       "transactions",
		"TestConsumeRegex": "the internal topic __consumer_offsets: here the positions of groups are no topic",
	},
	skipped: map[string]string{
		"TestGroupETL/range/848":             "consumer groups of KIP-848",
		"TestGroupETL/sticky/848":            "consumer groups of KIP-848",
		"TestGroupETL/sticky/848/static":     "consumer groups of KIP-848",
		"TestGroupSimple/848":                "consumer groups of KIP-848",
		"Test848RegexBrokerResolves":         "consumer groups of KIP-848",
		"TestShareGroup":                     "share groups",
		"TestShareGroupETL":                  "share groups",
		"TestShareGroupAckOnClose":           "share groups",
		"TestShareGroupOffsetsAdmin":         "share groups",
		"TestConsumeRegexShareSkipsInternal": "share groups",
		"TestSCRAMAuth":                      "SASL",
		"TestSCRAMAuthBadCredentials":        "SASL",
		// Ours advertises Produce from 0 as Kafka does, though it takes 3 and newer.
		"TestIssueProduceBrokerTooOldFailsRecords": "a broker that does not advertise Produce 0",
	},
	broker: []string{
		"TestPing", "TestClient_Produce", "TestClient_ProduceLargeMessages", "TestIssue434", "TestIssue523/sticky",
		"TestAddRemovePartitions", "TestGroupSimple/classic",
		"TestGroupETL/range", "TestGroupETL/cooperative-sticky", "TestGroupETL/cooperative-sticky/static",
	},
}
