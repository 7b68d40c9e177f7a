package integration

import (
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// kgoLeftOut are the tests of franz-go's own suite that fail where a broker does
// not have what they need.
var kgoLeftOut = map[string]string{
	"TestTxnEtl":       "transactions",
	"TestConsumeRegex": "the internal topic __consumer_offsets: here the positions of groups are no topic",
}

// kgoSkipped are those that notice by themselves.
var kgoSkipped = map[string]string{
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
}

// kgoBroker are some of the suite's tests that talk to a broker: they must have run.
var kgoBroker = []string{
	"TestPing", "TestClient_Produce", "TestClient_ProduceLargeMessages", "TestIssue434", "TestIssue523/sticky",
	"TestAddRemovePartitions", "TestGroupSimple/classic",
	"TestGroupETL/range", "TestGroupETL/cooperative-sticky", "TestGroupETL/cooperative-sticky/static",
}

var kgoVerdict = regexp.MustCompile(`(?m)^\s*--- (PASS|FAIL|SKIP): (\S+)`)

// The client that most of these tests rely on has a suite of its own that talks
// to a broker. It passes against this one at default settings.
func TestClientKgo_OwnSuite(t *testing.T) {
	t.Parallel()
	onBothStores(t, runKgoSuite)
}

func runKgoSuite(t *testing.T, s *store) {
	b := startBroker(t, s)
	leftOut := slices.Sorted(maps.Keys(kgoLeftOut))
	cmd := exec.CommandContext(guarded(t), "go", "test", "-v", "-count=1", "-parallel=8",
		"-skip=^("+strings.Join(leftOut, "|")+")$", "github.com/twmb/franz-go/pkg/kgo")
	cmd.Env = append(os.Environ(), "GOWORK=off", "KGO_SEEDS="+b.Kafka, "KGO_TEST_RF=1", "KGO_TEST_RECORDS=10000", "KGO_LOG_LEVEL=none")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", lastBytes(string(out), 20<<10))

	passed, skipped := make(map[string]bool), make(map[string]bool)
	for _, v := range kgoVerdict.FindAllStringSubmatch(string(out), -1) {
		switch v[1] {
		case "PASS":
			passed[v[2]] = true
		case "SKIP":
			skipped[v[2]] = true
		}
	}
	for name := range skipped {
		require.Contains(t, kgoSkipped, name, "it was skipped for a reason that nobody knows")
	}
	for _, name := range kgoBroker {
		require.True(t, passed[name], "%s has not run", name)
	}
	t.Logf("%d tests passed, %d skipped themselves; left out: %s", len(passed), len(skipped), strings.Join(leftOut, ", "))
}
