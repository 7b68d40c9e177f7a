package kafka

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func deleteRequest(partitions ...int32) *kmsg.OffsetDeleteRequest {
	req := kmsg.NewPtrOffsetDeleteRequest()
	req.Group = "g"
	for _, name := range []string{"a", "b", "none"} {
		topic := kmsg.OffsetDeleteRequestTopic{Topic: name}
		for _, p := range partitions {
			topic.Partitions = append(topic.Partitions, kmsg.OffsetDeleteRequestTopicPartition{Partition: p})
		}
		req.Topics = append(req.Topics, topic)
	}
	return req
}

func (o *offsetTest) deleteOffsets(req *kmsg.OffsetDeleteRequest) *call[*kmsg.OffsetDeleteResponse] {
	return started(o.T, o.s.offsetDelete(o.ctx, &client{id: "c"}, req))
}

func TestOffsetDelete(t *testing.T) {
	inOffsets(t, noDelay, func(o *offsetTest) {
		code(t, kerr.GroupIDNotFound, o.deleteOffsets(deleteRequest(0)).answer().ErrorCode)
		unnamed := deleteRequest(0)
		unnamed.Group = ""
		code(t, kerr.InvalidGroupID, o.deleteOffsets(unnamed).answer().ErrorCode)

		code(t, nil, o.commitCode(commitRequest(at(0, 1, ""), at(1, 2, ""))))
		resp := o.deleteOffsets(deleteRequest(1, 7, -1)).answer()
		code(t, nil, resp.ErrorCode)
		for _, topic := range resp.Topics {
			for i, want := range []*kerr.Error{nil, kerr.UnknownTopicOrPartition, kerr.UnknownTopicOrPartition} {
				if topic.Topic == "none" {
					want = kerr.UnknownTopicOrPartition
				}
				code(t, want, topic.Partitions[i].ErrorCode)
			}
		}
		require.Equal(t, int64(1), o.committed("g", 0))
		require.Equal(t, int64(-1), o.committed("g", 1))
		require.Zero(t, o.groups())
	})
}

func TestOffsetDeleteOfTopicsThatAreRead(t *testing.T) {
	inOffsets(t, noDelay, func(o *offsetTest) {
		req := commitRequest(at(0, 1, ""))
		req.Topics = append(req.Topics, kmsg.OffsetCommitRequestTopic{
			Topic: "b", Partitions: []kmsg.OffsetCommitRequestTopicPartition{at(0, 3, "")}})
		code(t, nil, o.commitCode(req))
		expect := func(a, b *kerr.Error) {
			t.Helper()
			resp := o.deleteOffsets(deleteRequest(0)).answer()
			code(t, nil, resp.ErrorCode)
			code(t, a, resp.Topics[0].Partitions[0].ErrorCode)
			code(t, b, resp.Topics[1].Partitions[0].ErrorCode)
		}
		m := o.member("m")
		m.protocols = reading("a")
		join := m.enter()
		expect(kerr.GroupSubscribedToTopic, nil)
		m.in(join)
		expect(kerr.GroupSubscribedToTopic, nil)
		o.synced(m)
		expect(kerr.GroupSubscribedToTopic, nil)
		m.protocols = protocols("range") // its metadata cannot be read: it may be reading anything
		m.in(m.join())
		expect(kerr.GroupSubscribedToTopic, kerr.GroupSubscribedToTopic)
		code(t, nil, m.leave())
		expect(nil, nil)
		require.Equal(t, int64(-1), o.committed("g", 0))

		other := o.member("connect")
		join2 := other.joinRequest()
		join2.Version, join2.ProtocolType = 3, "connect"
		o.s.joinGroup(o.ctx, other.client, join2)()
		code(t, kerr.NonEmptyGroup, o.deleteOffsets(deleteRequest(0)).answer().ErrorCode)
	})
}

func TestOffsetDeleteIsDurableBeforeItsAnswer(t *testing.T) {
	inOffsets(t, noDelay, func(o *offsetTest) {
		code(t, nil, o.commitCode(commitRequest(at(0, 1, ""))))
		o.store.shut()
		deletion := o.deleteOffsets(deleteRequest(0))
		deletion.waits()
		start := time.Now()
		code(t, kerr.CoordinatorNotAvailable, deletion.answer().ErrorCode)
		require.Equal(t, 15*time.Second, time.Since(start))
		deletion = o.deleteOffsets(deleteRequest(0))
		deletion.waits()
		o.store.open()
		code(t, nil, deletion.answer().ErrorCode)
		require.Equal(t, int64(-1), o.committed("g", 0))
	})
}
