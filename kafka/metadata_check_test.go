package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

func TestMetadataByIDBeginsWithVersion12(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		id := d.topic("t", 1)
		c := d.dial()
		for version := int16(10); version <= 13; version++ {
			req := metadataByID(id)
			req.Version = version
			resp := ask[*kmsg.MetadataResponse](c, req)
			require.Len(t, resp.Topics, 1)
			require.EqualValues(t, id, resp.Topics[0].TopicID)
			if version >= 12 {
				require.Equal(t, []string{"t"}, topicsOf(resp))
				require.Len(t, resp.Brokers, 1)
				continue
			}
			require.Equal(t, []string{" INVALID_REQUEST"}, topicsOf(resp), "version %d", version)
			require.Empty(t, resp.Brokers)
			require.Nil(t, resp.ClusterID)
			require.EqualValues(t, -1, resp.ControllerID)
		}
	})
}

func TestMetadataByNameAndByID(t *testing.T) {
	name := func(t kmsg.MetadataRequestTopic, name string) kmsg.MetadataRequestTopic {
		t.Topic = &name
		return t
	}
	none := kmsg.MetadataRequestTopic{}
	inDoor(t, func(o *Options, _ *log.Options) { o.AutoCreateTopics = true }, func(d *door) {
		a, b := kmsg.MetadataRequestTopic{TopicID: d.topic("a", 1)}, kmsg.MetadataRequestTopic{TopicID: d.topic("b", 1)}
		c := d.dial()
		for what, w := range map[string]struct {
			topics []kmsg.MetadataRequestTopic
			old    string // versions 10 and 11: of the first
			want   []string
		}{
			"the id counts":            {[]kmsg.MetadataRequestTopic{name(b, "a")}, "a", []string{"b"}},
			"a name beside an id":      {[]kmsg.MetadataRequestTopic{name(none, "a"), b}, "a", []string{"b"}},
			"and nothing is created":   {[]kmsg.MetadataRequestTopic{name(none, "new"), name(a, "new"), none}, "new", []string{"a"}},
			"neither a name nor an id": {[]kmsg.MetadataRequestTopic{none, name(none, "new")}, "", []string{" INVALID_REQUEST", "new INVALID_REQUEST"}},
		} {
			for version := int16(10); version <= 13; version++ {
				req := metadataRequest(version)
				req.Topics, req.AllowAutoTopicCreation = w.topics, true
				resp := ask[*kmsg.MetadataResponse](c, req)
				if version < 12 {
					require.Len(t, resp.Topics, len(w.topics), what)
					require.Equal(t, w.old+" INVALID_REQUEST", topicsOf(resp)[0], what)
					continue
				}
				require.Equal(t, w.want, topicsOf(resp), "%s, version %d", what, version)
				require.Equal(t, len(w.want) == 1, len(resp.Brokers) == 1, what)
				if version >= 13 && len(w.want) > 1 {
					requireCode(t, kerr.InvalidRequest, resp.ErrorCode)
				}
			}
		}
		d.requireTopics(map[string]int32{"a": 1, "b": 1})
	})
}

func TestMetadataCallsKafkasTopicsInternal(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("__consumer_offsets", 1)
		d.topic("__mine", 1)
		resp := ask[*kmsg.MetadataResponse](d.dial(), metadataRequest(13, "__consumer_offsets", "__transaction_state", "__share_group_state", "__mine", "__cluster_metadata"))
		for _, topic := range resp.Topics {
			require.Equal(t, internalTopics[*topic.Topic], topic.IsInternal, *topic.Topic)
		}
		require.False(t, resp.Topics[3].IsInternal)
		require.True(t, resp.Topics[1].IsInternal, "also where it is not there")
	})
}

func TestMetadataOperationsOfIDs(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		req := metadataByID(d.topic("t", 1), log.TopicID{1})
		req.IncludeTopicAuthorizedOperations = true
		resp := ask[*kmsg.MetadataResponse](d.dial(), req)
		require.EqualValues(t, 3576, resp.Topics[0].AuthorizedOperations)
		require.EqualValues(t, -1<<31, resp.Topics[1].AuthorizedOperations, "nobody knows what it is")
	})
}

// What cannot be created is not waited for.
func TestMetadataDoesNotCreateWhatNobodyMay(t *testing.T) {
	inDoor(t, func(o *Options, _ *log.Options) { o.AutoCreateTopics = true }, func(d *door) {
		d.topic("a.b", 1)
		req := metadataRequest(12, "__cluster_metadata", "a_b")
		req.AllowAutoTopicCreation = true
		require.Equal(t, []string{"__cluster_metadata UNKNOWN_TOPIC_OR_PARTITION", "a_b UNKNOWN_TOPIC_OR_PARTITION"}, topicsOf(ask[*kmsg.MetadataResponse](d.dial(), req)))
		d.requireTopics(map[string]int32{"a.b": 1})
	})
}
