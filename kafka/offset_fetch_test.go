package kafka

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

func TestOffsetFetchVersions(t *testing.T) {
	for version := int16(0); version <= 10; version++ {
		inOffsets(t, noDelay, func(o *offsetTest) {
			code(t, nil, o.commitCode(commitRequest(at(1, 11, "note"))))
			req := kmsg.NewPtrOffsetFetchRequest()
			req.Version, req.Group, req.RequireStable = version, "g", version >= 7
			req.Topics = []kmsg.OffsetFetchRequestTopic{
				{Topic: "a", Partitions: []int32{1, 2, 99}}, {Topic: "none", Partitions: []int32{0}}}
			group := kmsg.NewOffsetFetchRequestGroup()
			group.Group = "g"
			group.Topics = []kmsg.OffsetFetchRequestGroupTopic{
				{Topic: "a", TopicID: o.ids["a"], Partitions: []int32{1, 2, 99}},
				{Topic: "none", TopicID: [16]byte{9}, Partitions: []int32{0}}}
			req.Groups = []kmsg.OffsetFetchRequestGroup{group}
			topics := o.topicsOf(o.fetch(overTheWire(t, req)), version, "g")

			missing, unknown := (*kerr.Error)(nil), (*kerr.Error)(nil)
			switch {
			case version == 0:
				missing, unknown = kerr.UnknownTopicOrPartition, kerr.UnknownTopicOrPartition
			case version >= 10:
				unknown = kerr.UnknownTopicID
			}
			require.Len(t, topics, 2)
			if version >= 10 {
				require.Equal(t, [16]byte(o.ids["a"]), topics[0].TopicID)
			} else {
				require.Equal(t, "a", topics[0].Topic)
			}
			found := topics[0].Partitions[0]
			code(t, nil, found.ErrorCode)
			require.Equal(t, int64(11), found.Offset)
			require.Equal(t, "note", *found.Metadata)
			if version >= 5 {
				require.Equal(t, int32(7), found.LeaderEpoch)
			}
			for _, p := range append(topics[0].Partitions[1:], topics[1].Partitions...) {
				require.Equal(t, int64(-1), p.Offset)
				require.Equal(t, int32(-1), p.LeaderEpoch)
				require.Equal(t, "", *p.Metadata)
			}
			code(t, missing, topics[0].Partitions[1].ErrorCode)
			code(t, missing, topics[0].Partitions[2].ErrorCode)
			code(t, unknown, topics[1].Partitions[0].ErrorCode)
		})
	}
}

// topicsOf is the answer for one group, in the form of the versions that have several.
func (o *offsetTest) topicsOf(resp *kmsg.OffsetFetchResponse, version int16, group string) []kmsg.OffsetFetchResponseGroupTopic {
	if version >= 8 {
		require.Equal(o, group, resp.Groups[0].Group)
		require.Zero(o, resp.Groups[0].ErrorCode)
		return resp.Groups[0].Topics
	}
	require.Zero(o, resp.ErrorCode)
	var topics []kmsg.OffsetFetchResponseGroupTopic
	for _, old := range resp.Topics {
		t := kmsg.OffsetFetchResponseGroupTopic{Topic: old.Topic}
		for _, p := range old.Partitions {
			t.Partitions = append(t.Partitions, kmsg.OffsetFetchResponseGroupTopicPartition(p))
		}
		topics = append(topics, t)
	}
	return topics
}

func TestOffsetFetchAll(t *testing.T) {
	for version := int16(2); version <= 10; version++ {
		inOffsets(t, noDelay, func(o *offsetTest) {
			req := commitRequest(at(3, 1, ""), at(1, 2, ""))
			req.Topics = append(req.Topics, kmsg.OffsetCommitRequestTopic{
				Topic: "b", Partitions: []kmsg.OffsetCommitRequestTopicPartition{at(0, 3, "")}})
			code(t, nil, o.commitCode(req))

			all := func(group string) map[string]map[int32]int64 {
				req := kmsg.NewPtrOffsetFetchRequest()
				req.Version, req.Group = version, group
				one := kmsg.NewOffsetFetchRequestGroup()
				one.Group = group
				req.Groups = []kmsg.OffsetFetchRequestGroup{one}
				found := map[string]map[int32]int64{}
				for _, topic := range o.topicsOf(o.fetch(overTheWire(t, req)), version, group) {
					name := topic.Topic
					if version >= 10 {
						known, err := o.s.log.TopicByID(topic.TopicID)
						require.NoError(t, err)
						name = known.Name
					}
					require.NotContains(t, found, name, "a topic stands once")
					found[name] = map[int32]int64{}
					for _, p := range topic.Partitions {
						found[name][p.Partition] = p.Offset
					}
				}
				return found
			}
			require.Equal(t, map[string]map[int32]int64{"a": {1: 2, 3: 1}, "b": {0: 3}}, all("g"))
			require.Empty(t, all("none"))
			_, err := o.s.log.DeleteTopics([]log.TopicID{o.ids["a"]}).Wait(o.ctx)
			require.NoError(t, err)
			require.Equal(t, map[string]map[int32]int64{"b": {0: 3}}, all("g"))
		})
	}
}

func TestOffsetFetchNoTopicsIsNotAll(t *testing.T) {
	inOffsets(t, noDelay, func(o *offsetTest) {
		code(t, nil, o.commitCode(commitRequest(at(0, 1, ""))))
		req := kmsg.NewPtrOffsetFetchRequest()
		req.Version, req.Group, req.Topics = 7, "g", []kmsg.OffsetFetchRequestTopic{}
		require.Empty(t, o.fetch(overTheWire(t, req)).Topics)
		req.Version, req.Topics = 1, nil
		require.Empty(t, o.fetch(overTheWire(t, req)).Topics, "version 1 has no null")
	})
}

func TestOffsetFetchErrorsOfTheGroup(t *testing.T) {
	for version := int16(0); version <= 10; version++ {
		inOffsets(t, noDelay, func(o *offsetTest) {
			long := strings.Repeat("g", log.MaxGroupName+1)
			req := kmsg.NewPtrOffsetFetchRequest()
			req.Version, req.Group = version, long
			req.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: "a", Partitions: []int32{1}}}
			req.Groups = []kmsg.OffsetFetchRequestGroup{{Group: long}, {Group: "g"}}
			resp := o.fetch(overTheWire(t, req))
			switch {
			case version < 2:
				code(t, kerr.InvalidGroupID, resp.Topics[0].Partitions[0].ErrorCode)
			case version < 8:
				code(t, kerr.InvalidGroupID, resp.ErrorCode)
			default:
				code(t, kerr.InvalidGroupID, resp.Groups[0].ErrorCode)
				code(t, nil, resp.Groups[1].ErrorCode)
			}
			o.s.groups.Close()
			resp = o.fetch(overTheWire(t, req))
			if version >= 8 {
				code(t, kerr.NotCoordinator, resp.Groups[1].ErrorCode)
			}
		})
	}
}

func TestOffsetFetchManyGroupsIsBounded(t *testing.T) {
	inOffsets(t, noDelay, func(o *offsetTest) {
		req := kmsg.NewPtrOffsetFetchRequest()
		req.Version = 8
		for _, name := range manyNames(maxGroupNames + 5) {
			req.Groups = append(req.Groups, kmsg.OffsetFetchRequestGroup{Group: name})
		}
		resp := o.fetch(req)
		require.Len(t, resp.Groups, maxGroupNames+1)
		code(t, kerr.InvalidRequest, resp.Groups[maxGroupNames].ErrorCode)
	})
}
