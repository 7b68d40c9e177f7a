package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/log/record"
)

func fewPartitions(_ *Options, lo *log.Options) { lo.Limits = log.Usage{Partitions: 10, Topics: 3} }

// What goes beyond a limit is refused by name, for good, and its neighbours in the request are created.
func TestTopicsBeyondTheLimits(t *testing.T) {
	inDoor(t, fewPartitions, func(d *door) {
		c := d.dial()
		many := func(name string, n int32) kmsg.CreateTopicsRequestTopic {
			return newTopic(name, func(t *kmsg.CreateTopicsRequestTopic) { t.NumPartitions = n })
		}
		for _, validate := range []bool{true, false} {
			req := createRequest(7, many("a", 6), many("b", 5), many("c", 2), many("d", 1), many("e", 1))
			req.ValidateOnly = validate
			resp := ask[*kmsg.CreateTopicsResponse](c, req)
			for i, want := range []*kerr.Error{nil, kerr.PolicyViolation, nil, nil, kerr.PolicyViolation} {
				requireCode(t, want, resp.Topics[i].ErrorCode, "topic %d", i)
			}
			require.Contains(t, *resp.Topics[1].ErrorMessage, "max-partitions is 10")
			require.Contains(t, *resp.Topics[4].ErrorMessage, "max-topics is 3")
			require.Zero(t, resp.ThrottleMillis)
		}
		for version := range int16(8) {
			requireCode(t, kerr.PolicyViolation, ask[*kmsg.CreateTopicsResponse](c, createRequest(version, many("b", 5))).Topics[0].ErrorCode)
		}
		for version := range int16(4) {
			for _, validate := range []bool{true, false} {
				req := kmsg.NewPtrCreatePartitionsRequest()
				req.Version, req.ValidateOnly = version, validate
				req.Topics = []kmsg.CreatePartitionsRequestTopic{growth("a", 8)}
				out := ask[*kmsg.CreatePartitionsResponse](c, req).Topics[0]
				requireCode(t, kerr.PolicyViolation, out.ErrorCode)
				require.Contains(t, *out.ErrorMessage, "max-partitions is 10")
			}
		}
		d.requireTopics(map[string]int32{"a": 6, "c": 2, "d": 1})
	})
}

// A client does not ask for ever for a topic that cannot be: it is unknown, as where nothing is created by itself.
func TestMetadataBeyondTheLimits(t *testing.T) {
	inDoor(t, func(o *Options, lo *log.Options) { fewPartitions(o, lo); autoCreating(o, lo) }, func(d *door) {
		c := d.dial()
		names := make([]string, maxTopicsAtOnce)
		want := make([]string, maxTopicsAtOnce)
		for i := range names {
			names[i] = "t" + itoa(int32(i))
			if want[i] = names[i]; i >= 2 {
				want[i] += " UNKNOWN_TOPIC_OR_PARTITION"
			}
		}
		req := metadataRequest(12, names...)
		req.AllowAutoTopicCreation = true
		for range 2 {
			require.Equal(t, want, topicsOf(ask[*kmsg.MetadataResponse](c, req)))
		}
		d.requireTopics(map[string]int32{"t0": 5, "t1": 5})
	})
}

// A topic that is deleted twice in a request contradicts itself, by whichever of its names.
func TestDeleteTopicsTwiceInARequest(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		c := d.dial()
		id := d.topic("a", 1)
		d.topic("b", 1)
		a, b := "a", "b"
		req := kmsg.NewPtrDeleteTopicsRequest()
		req.Version, req.Topics = 6, []kmsg.DeleteTopicsRequestTopic{{Topic: &a}, {Topic: &b}, {TopicID: id}}
		resp := ask[*kmsg.DeleteTopicsResponse](c, req)
		require.Len(t, resp.Topics, 2)
		requireCode(t, kerr.InvalidRequest, resp.Topics[0].ErrorCode)
		require.Contains(t, *resp.Topics[0].ErrorMessage, "twice")
		requireCode(t, nil, resp.Topics[1].ErrorCode)
		req = kmsg.NewPtrDeleteTopicsRequest()
		req.Version, req.TopicNames = 3, []string{"a", "a"}
		resp = ask[*kmsg.DeleteTopicsResponse](c, req)
		require.Len(t, resp.Topics, 1)
		requireCode(t, kerr.InvalidRequest, resp.Topics[0].ErrorCode)
		d.requireTopics(map[string]int32{"a": 1})
	})
}

// A commit of a group that is one too many is final for its client; the other groups commit on.
func TestOffsetCommitBeyondTheLimits(t *testing.T) {
	inDoor(t, func(_ *Options, lo *log.Options) { lo.Limits = log.Usage{Groups: 1, Offsets: 2} }, func(d *door) {
		c := d.dial()
		d.topic("a", 4)
		commit := func(group string, parts ...int32) (codes []int16) {
			req := commitRequest()
			req.Group, req.Generation = group, -1
			req.Topics[0].Partitions = nil
			for _, p := range parts {
				req.Topics[0].Partitions = append(req.Topics[0].Partitions, at(p, 1, ""))
			}
			for _, p := range ask[*kmsg.OffsetCommitResponse](c, req).Topics[0].Partitions {
				codes = append(codes, p.ErrorCode)
			}
			return codes
		}
		size := kerr.InvalidCommitOffsetSize.Code
		require.Equal(t, []int16{0}, commit("g", 0))
		require.Equal(t, []int16{size}, commit("h", 0))
		require.Equal(t, []int16{0, 0, size}, commit("g", 0, 1, 2))
		require.Equal(t, []int16{size, 0}, commit("g", 3, 1))
		require.Equal(t, []string{"g"}, d.log.Groups())
	})
}

// A batch of a producer that is one too many is refused for good; those that are known produce on.
func TestProduceBeyondTheLimits(t *testing.T) {
	inDoor(t, func(_ *Options, lo *log.Options) { lo.Limits = log.Usage{Producers: 1} }, func(d *door) {
		c := d.dial()
		d.topic("a", 1)
		produce := func(id int64, sequence int32) int16 {
			batch, err := record.AppendBatch(nil, []record.Record{{Value: []byte("v")}}, &record.Sequence{ProducerID: id, Base: sequence})
			require.NoError(t, err)
			return c.produced(produceRequest("a", batch)).ErrorCode
		}
		requireCode(t, nil, produce(1, 0))
		requireCode(t, kerr.PolicyViolation, produce(2, 0))
		requireCode(t, nil, produce(1, 1))
		require.Contains(t, d.told(), "failed Produce POLICY_VIOLATION")
	})
}
