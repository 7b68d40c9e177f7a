package kafka

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// What stands twice in a request is answered once. The tests here say with what, for the requests whose own tests do not.

func TestTwiceInProduce(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 2)
		c := d.dial()
		req := produceRequest("t", batchOf(t, nil, "first"))
		req.Topics[0].Partitions = append(req.Topics[0].Partitions, producePartition(1, batchOf(t, nil, "fine")))
		req.Topics = append(req.Topics, produceRequest("t", batchOf(t, nil, "second")).Topics...)
		resp := ask[*kmsg.ProduceResponse](c, req)
		require.Len(t, resp.Topics, 1)
		require.Len(t, resp.Topics[0].Partitions, 2)
		requireCode(t, kerr.InvalidRequest, resp.Topics[0].Partitions[0].ErrorCode)
		requireCode(t, nil, resp.Topics[0].Partitions[1].ErrorCode)
		read := fetchRequest("t", 0)
		read.MaxWaitMillis = 0
		require.Empty(t, c.fetched(read).RecordBatches, "all or nothing")
	})
}

// The error of a topic has its text once, and its code with each partition.
func TestErrorOfATopicInProduce(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		req := produceRequest("unknown", nil)
		for i := range int32(5) {
			req.Topics[0].Partitions = append(req.Topics[0].Partitions, producePartition(1+i, nil))
		}
		for i, p := range ask[*kmsg.ProduceResponse](d.dial(), req).Topics[0].Partitions {
			requireCode(t, kerr.UnknownTopicOrPartition, p.ErrorCode)
			require.Equal(t, i == 0, p.ErrorMessage != nil)
		}
	})
}

func TestTwiceInFetch(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 2)
		c := d.dial()
		for _, v := range []string{"a", "b"} {
			c.produced(produceRequest("t", batchOf(t, nil, v)))
		}
		req := fetchRequest("t", 0)
		req.Topics[0].Partitions = append(req.Topics[0].Partitions, fetchPartition(1, 0), fetchPartition(0, 1))
		resp := ask[*kmsg.FetchResponse](c, req)
		require.Len(t, resp.Topics[0].Partitions, 2)
		require.Equal(t, []string{"b"}, valuesOf(t, resp.Topics[0].Partitions[0].RecordBatches, 1), "the last mention counts")
	})
}

func TestTwiceInDeleteTopics(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		byName, byID, both, good := d.topic("name", 1), d.topic("id", 1), d.topic("both", 1), d.topic("good", 1)
		named := func(name string) kmsg.DeleteTopicsRequestTopic {
			return kmsg.DeleteTopicsRequestTopic{Topic: &name}
		}
		req := kmsg.NewPtrDeleteTopicsRequest()
		req.Version = 6
		req.Topics = []kmsg.DeleteTopicsRequestTopic{
			named("name"), {TopicID: byID}, named("both"), named("good"), named("none"), {TopicID: both}, {TopicID: byID}, named("name"), named("none"),
		}
		resp := ask[*kmsg.DeleteTopicsResponse](d.dial(), req)
		require.Len(t, resp.Topics, 5)
		wants := []struct {
			id   log.TopicID
			code *kerr.Error
		}{{byName, kerr.InvalidRequest}, {byID, kerr.InvalidRequest}, {both, kerr.InvalidRequest}, {good, nil}, {log.TopicID{}, kerr.InvalidRequest}}
		for i, want := range wants {
			require.Equal(t, want.id, log.TopicID(resp.Topics[i].TopicID))
			requireCode(t, want.code, resp.Topics[i].ErrorCode)
		}
		d.requireTopics(map[string]int32{"name": 1, "id": 1, "both": 1})
	})
}

func TestTwiceInDeleteRecords(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		c.produced(produceRequest("t", batchOf(t, nil, "a", "b", "c")))
		req := kmsg.NewPtrDeleteRecordsRequest()
		req.Version, req.TimeoutMillis = 2, 10_000
		req.Topics = []kmsg.DeleteRecordsRequestTopic{{Topic: "t", Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Offset: 3}, {Offset: 1}}}}
		resp := ask[*kmsg.DeleteRecordsResponse](c, req)
		require.Len(t, resp.Topics[0].Partitions, 1)
		require.Equal(t, int64(1), resp.Topics[0].Partitions[0].LowWatermark, "the last mention counts, as in Kafka")
	})
}

func TestTwiceInOffsetRequests(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		id := d.topic("a", 1)
		c := d.dial()
		committed := ask[*kmsg.OffsetCommitResponse](c, commitRequest(at(0, 5, "first"), at(0, 3, "last")))
		require.Len(t, committed.Topics[0].Partitions, 1)
		got, _ := d.log.CommittedOffset("g", log.PartitionID{Topic: id})
		require.Equal(t, int64(3), got.Offset, "the last mention counts")

		fetch := kmsg.NewPtrOffsetFetchRequest()
		fetch.Version = 9
		topic := kmsg.OffsetFetchRequestGroupTopic{Topic: "a", Partitions: []int32{0, 0, 0}}
		one, other := kmsg.NewOffsetFetchRequestGroup(), kmsg.NewOffsetFetchRequestGroup()
		one.Group, one.Topics = "g", []kmsg.OffsetFetchRequestGroupTopic{topic, topic}
		other.Group = "twice"
		fetch.Groups = []kmsg.OffsetFetchRequestGroup{one, other, other}
		groups := ask[*kmsg.OffsetFetchResponse](c, fetch).Groups
		require.Len(t, groups, 2)
		require.Len(t, groups[0].Topics, 1)
		require.Len(t, groups[0].Topics[0].Partitions, 1)
		require.Equal(t, "last", *groups[0].Topics[0].Partitions[0].Metadata)
		requireCode(t, kerr.InvalidRequest, groups[1].ErrorCode)

		remove := kmsg.NewPtrOffsetDeleteRequest()
		remove.Group = "g"
		remove.Topics = []kmsg.OffsetDeleteRequestTopic{{Topic: "a", Partitions: []kmsg.OffsetDeleteRequestTopicPartition{{}, {}}}}
		removed := ask[*kmsg.OffsetDeleteResponse](c, remove)
		require.Len(t, removed.Topics[0].Partitions, 1)
		requireCode(t, nil, removed.Topics[0].Partitions[0].ErrorCode)
	})
}

func TestTwiceInRequestsOfGroups(t *testing.T) {
	inDoor(t, func(o *Options, _ *log.Options) { o.Groups.InitialRebalanceDelay = time.Second }, func(d *door) {
		c := d.dial()
		joined := ask[*kmsg.JoinGroupResponse](c, staticJoin("g", "instance"))
		describe := kmsg.NewPtrDescribeGroupsRequest()
		describe.Version, describe.Groups = 5, []string{"g", "none", "g", "none"}
		described := ask[*kmsg.DescribeGroupsResponse](c, describe).Groups
		require.Len(t, described, 2)
		require.Len(t, described[0].Members, 1)

		leave := kmsg.NewPtrLeaveGroupRequest()
		leave.Version, leave.Group = 5, "g"
		instance := "instance"
		member := kmsg.LeaveGroupRequestMember{MemberID: joined.MemberID, InstanceID: &instance}
		leave.Members = []kmsg.LeaveGroupRequestMember{member, member}
		left := ask[*kmsg.LeaveGroupResponse](c, leave).Members
		require.Len(t, left, 1)
		requireCode(t, nil, left[0].ErrorCode)

		remove := kmsg.NewPtrDeleteGroupsRequest()
		remove.Version, remove.Groups = 2, []string{"none", "none"}
		require.Len(t, ask[*kmsg.DeleteGroupsResponse](c, remove).Groups, 1)
	})
}

func TestTwiceInAlterConfigs(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		edit := configEdit{"retention.ms", kmsg.IncrementalAlterConfigOpSet, 1}
		r := ask[*kmsg.AlterConfigsResponse](d.dial(), alterRequest(2, "t", edit, edit)).Resources[0]
		requireCode(t, kerr.InvalidRequest, r.ErrorCode)
		d.requireSet("t", map[string]string{})
	})
}

// The text of an error is bounded, whatever a request names: old versions cannot even hold a long one.
func TestErrorTextIsBounded(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		var edits []configEdit
		for _, name := range manyNames(5000) {
			edits = append(edits, configEdit{"\xff no such config " + name, kmsg.IncrementalAlterConfigOpSet, 1})
		}
		r := ask[*kmsg.AlterConfigsResponse](d.dial(), alterRequest(0, "t", edits...)).Resources[0]
		requireCode(t, kerr.InvalidConfig, r.ErrorCode)
		require.Contains(t, *r.ErrorMessage, "no such config")
		require.Less(t, len(*r.ErrorMessage), maxErrorText+10)
	})
}
