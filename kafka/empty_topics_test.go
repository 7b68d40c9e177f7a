package kafka

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A topic of which nothing is asked is left out of the answer, except by OffsetForLeaderEpoch and OffsetFetch. That is
// how Kafka does it: most of its answers are sorted from maps of partitions.
func TestTopicsWithoutPartitionsAreLeftOut(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		for name, w := range map[string]struct {
			req  kmsg.Request
			left func(kmsg.Response) []string
		}{
			"Produce": {&kmsg.ProduceRequest{Version: 9, Acks: -1, TimeoutMillis: 1000, Topics: []kmsg.ProduceRequestTopic{
				{Topic: "x"}, {Topic: "t", Partitions: []kmsg.ProduceRequestTopicPartition{producePartition(0, batchOf(t, nil, "a"))}},
			}}, func(r kmsg.Response) []string {
				return namesOf(r.(*kmsg.ProduceResponse).Topics, func(t kmsg.ProduceResponseTopic) string { return t.Topic })
			}},
			"ListOffsets": {&kmsg.ListOffsetsRequest{Version: 6, ReplicaID: -1, Topics: []kmsg.ListOffsetsRequestTopic{
				{Topic: "x"}, {Topic: "t", Partitions: []kmsg.ListOffsetsRequestTopicPartition{{CurrentLeaderEpoch: -1, Timestamp: -1}}},
			}}, func(r kmsg.Response) []string {
				return namesOf(r.(*kmsg.ListOffsetsResponse).Topics, func(t kmsg.ListOffsetsResponseTopic) string { return t.Topic })
			}},
			"DeleteRecords": {&kmsg.DeleteRecordsRequest{Version: 2, TimeoutMillis: 1000, Topics: []kmsg.DeleteRecordsRequestTopic{
				{Topic: "x"}, {Topic: "t", Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Offset: 0}}},
			}}, func(r kmsg.Response) []string {
				return namesOf(r.(*kmsg.DeleteRecordsResponse).Topics, func(t kmsg.DeleteRecordsResponseTopic) string { return t.Topic })
			}},
			"OffsetCommit": {&kmsg.OffsetCommitRequest{Version: 8, Group: "g", Generation: -1, Topics: []kmsg.OffsetCommitRequestTopic{
				{Topic: "x"}, {Topic: "t", Partitions: []kmsg.OffsetCommitRequestTopicPartition{{Offset: 1, LeaderEpoch: -1}}},
			}}, func(r kmsg.Response) []string {
				return namesOf(r.(*kmsg.OffsetCommitResponse).Topics, func(t kmsg.OffsetCommitResponseTopic) string { return t.Topic })
			}},
		} {
			resp := ask[kmsg.Response](c, w.req)
			require.Equal(t, []string{"t"}, w.left(resp), name)
			require.Zero(t, errorFieldsOf(reflect.TypeOf(resp).Elem()).first(resp), name)
		}
		gone := &kmsg.OffsetDeleteRequest{Group: "g", Topics: []kmsg.OffsetDeleteRequestTopic{
			{Topic: "x"}, {Topic: "t", Partitions: []kmsg.OffsetDeleteRequestTopicPartition{{}}},
		}}
		deleted := ask[*kmsg.OffsetDeleteResponse](c, gone)
		requireCode(t, nil, deleted.ErrorCode)
		require.Equal(t, []string{"t"}, namesOf(deleted.Topics, func(t kmsg.OffsetDeleteResponseTopic) string { return t.Topic }))
	})
}

func namesOf[T any](topics []T, name func(T) string) (all []string) {
	for _, t := range topics {
		all = append(all, name(t))
	}
	return all
}
