package oracle

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// unaskedRequests are those of Kafka that no case asks, and why.
var unaskedRequests = map[kmsg.Key]string{
	kmsg.AddRaftVoter:                          "it changes the quorum of the one node that answers",
	kmsg.RemoveRaftVoter:                       "the same",
	kmsg.UnregisterController:                  "the same",
	kmsg.InitializeShareGroupState:             "brokers ask it of each other",
	kmsg.ReadShareGroupState:                   "the same",
	kmsg.WriteShareGroupState:                  "the same",
	kmsg.DeleteShareGroupState:                 "the same",
	kmsg.ReadShareGroupStateSummary:            "the same",
	kmsg.AlterShareGroupOffsets:                "of a group that describe finds nowhere; share groups are not there",
	kmsg.DeleteShareGroupOffsets:               "the same",
	kmsg.StreamsGroupHeartbeat:                 "streams groups are not there, and what it answers is a matter of time",
	kmsg.StreamsGroupTopologyDescriptionUpdate: "the same",
}

// Every request that Kafka has is asked by a case, or stands above; and so is every one of ours.
func TestEveryRequestIsAsked(t *testing.T) {
	asking := make(map[int16]bool)
	for _, c := range subjects {
		asking[c.key.Int16()] = true
	}
	var there int
	for _, a := range readGolden(t, subject{name: "api versions"}).steps[0].answers {
		for c := range a {
			text, ok := strings.CutPrefix(c.path, "ApiKeys[")
			if !ok || c.field != "" {
				continue
			}
			key, err := strconv.ParseInt(strings.TrimSuffix(text, "]"), 10, 16)
			require.NoError(t, err)
			there++
			why := unaskedRequests[kmsg.Key(key)]
			assert.NotEqual(t, asking[int16(key)], why != "", "%s: it is asked, or there is a reason why it is not: %q", kmsg.NameForKey(int16(key)), why)
		}
	}
	assert.NotZero(t, there)
}
