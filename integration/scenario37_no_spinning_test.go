package integration

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/integration/wire"
)

// An idle consumer is held as long as it asked to be, also where that is next to nothing.
func TestScenario37_ShortWaitsAreWaited(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t))
	createTopic(t, b, "visible", 2)
	c := dial(t, b)
	_, err := c.Produce("visible", 0, valueBatch(0))
	require.NoError(t, err)
	for _, limit := range []int32{1, 1 << 20} {
		for _, millis := range []int32{1, 20, 50, 99} {
			const fetches = 10
			began := time.Now()
			for range fetches {
				got, err := c.Fetch("visible", wire.FetchOptions{MinBytes: 1, MaxBytes: limit, MaxWaitMillis: millis},
					wire.Position{Partition: 0, Offset: 1}, wire.Position{Partition: 1}, wire.Position{Partition: 7})
				require.NoError(t, err)
				require.NoError(t, got[0].Err)
				require.Empty(t, got[0].Records)
				require.Error(t, got[7].Err, "the one that does not exist is told, and ends no wait")
			}
			require.GreaterOrEqual(t, time.Since(began), fetches*time.Duration(millis)*time.Millisecond)
		}
	}
	// What is there is not waited for, however little of it is asked for.
	got, err := c.Fetch("visible", wire.FetchOptions{MinBytes: 1, MaxBytes: 1, MaxWaitMillis: 1}, wire.Position{})
	require.NoError(t, err)
	require.Equal(t, valueBatch(0)[17:], got[0].Records[17:], "the first batch comes whole")
}

// A small request that repeats a name does not ask for a giant answer.
func TestScenario37_RepeatedNamesAreAnsweredOnce(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t))
	createTopic(t, b, "costly", 1)
	metadata := strings.Repeat("m", 4096)
	commit := kmsg.NewPtrOffsetCommitRequest()
	commit.Version, commit.Group, commit.Generation = 8, "group", -1
	commit.Topics = []kmsg.OffsetCommitRequestTopic{{Topic: "costly", Partitions: []kmsg.OffsetCommitRequestTopicPartition{{Metadata: &metadata, LeaderEpoch: -1}}}}
	c := dial(t, b)
	committed, err := commit.RequestWith(guarded(t), c)
	require.NoError(t, err)
	require.Zero(t, committed.Topics[0].Partitions[0].ErrorCode)

	offsets := kmsg.NewPtrOffsetFetchRequest()
	offsets.Version, offsets.Group = 7, "group"
	offsets.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: "costly", Partitions: make([]int32, 10_000)}}
	groups := kmsg.NewPtrDescribeGroupsRequest()
	groups.Version, groups.Groups = 5, slices.Repeat([]string{"group"}, 10_000)
	configs := kmsg.NewPtrDescribeConfigsRequest()
	configs.Version = 4
	configs.Resources = slices.Repeat([]kmsg.DescribeConfigsRequestResource{{ResourceType: kmsg.ConfigResourceTypeTopic, ResourceName: "costly"}}, 10_000)
	for _, req := range []kmsg.Request{offsets, groups, configs} {
		require.NoError(t, c.Send(req))
		answer, err := c.ReadFrame()
		require.NoError(t, err)
		require.Less(t, len(answer), 16<<10, kmsg.NameForKey(req.Key()))
	}
}
