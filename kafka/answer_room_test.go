package kafka

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// A request of many names gets a long answer, but no endless one: what finds no more room is refused by name.
func TestAnswersHaveABound(t *testing.T) {
	const room, things = 64 << 10, 200
	inDoor(t, func(o *Options, _ *log.Options) { o.MaxAnswerBytes = room }, func(d *door) {
		var specs []log.TopicSpec
		configs := kmsg.NewPtrDescribeConfigsRequest()
		configs.Version, configs.IncludeSynonyms, configs.IncludeDocumentation = 4, true, true
		offsets := kmsg.NewPtrOffsetFetchRequest()
		offsets.Version = 8
		for _, name := range manyNames(things) {
			specs = append(specs, log.TopicSpec{Name: name, Partitions: 1})
			configs.Resources = append(configs.Resources, kmsg.DescribeConfigsRequestResource{ResourceType: kmsg.ConfigResourceTypeTopic, ResourceName: name})
			offsets.Groups = append(offsets.Groups, kmsg.OffsetFetchRequestGroup{Group: name})
		}
		topics, err := d.log.CreateTopics(specs).Wait(d.Context())
		require.NoError(t, err)
		for i, name := range manyNames(things) {
			_, err := d.log.CommitOffsets(name, []log.OffsetCommit{{
				Partition: log.PartitionID{Topic: topics[i].Topic.ID}, Offset: 1, Metadata: strings.Repeat("m", log.MaxOffsetMetadata),
			}}).Wait(d.Context())
			require.NoError(t, err)
		}
		c := d.dial()

		described := ask[*kmsg.DescribeConfigsResponse](c, configs)
		var codes []int16
		for i, r := range described.Resources {
			require.Equal(t, configs.Resources[i].ResourceName, r.ResourceName)
			require.Equal(t, r.ErrorCode == 0, len(r.Configs) > 0)
			codes = append(codes, r.ErrorCode)
		}
		requireBound(t, described, codes, room, things)

		fetched := ask[*kmsg.OffsetFetchResponse](c, offsets)
		codes = nil
		for i, g := range fetched.Groups {
			require.Equal(t, offsets.Groups[i].Group, g.Group)
			require.Equal(t, g.ErrorCode == 0, len(g.Topics) > 0)
			codes = append(codes, g.ErrorCode)
		}
		requireBound(t, fetched, codes, room, things)
	})
}

// The same for groups whose members have much to tell.
func TestDescribeGroupsHasABound(t *testing.T) {
	const room, things = 64 << 10, 30
	inDoor(t, func(o *Options, _ *log.Options) { o.MaxAnswerBytes = room }, func(d *door) {
		req := kmsg.NewPtrDescribeGroupsRequest()
		req.Version, req.Groups = 5, manyNames(things)
		for _, name := range req.Groups {
			d.costlyGroup(name)
		}
		resp := ask[*kmsg.DescribeGroupsResponse](d.dial(), req)
		var codes []int16
		for i, g := range resp.Groups {
			require.Equal(t, req.Groups[i], g.Group)
			codes = append(codes, g.ErrorCode)
		}
		requireBound(t, resp, codes, room, things)
	})
}

// requireBound makes sure that an answer is as long as it may be, that all was answered, and that the rest was refused.
func requireBound(t *testing.T, resp kmsg.Response, codes []int16, room, things int) {
	t.Helper()
	size := len(resp.AppendTo(nil))
	require.Greater(t, size, room*8/10)
	require.Less(t, size, room*2)
	require.Len(t, codes, things)
	refused := 0
	for i, code := range codes {
		if code != 0 {
			requireCode(t, kerr.InvalidRequest, code)
			refused++
			continue
		}
		require.Zero(t, refused, "%d stands behind what was refused", i)
	}
	require.Positive(t, refused)
}
