package kafka

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

func slowly(_ *Options, lo *log.Options) { lo.PartitionChangeRate = 1000 }

// exhaust takes all partitions that may be created at once, and 5 seconds' worth more.
func (d *door) exhaust() {
	d.topic("first", 9_999)
	d.topic("second", 5_001)
}

func TestThrottleMillis(t *testing.T) {
	require.Zero(t, throttleMillis())
	require.Zero(t, throttleMillis(nil, errors.New("another")))
	err := fmt.Errorf("wrapped: %w", &log.ThrottledError{RetryAfter: 1500*time.Microsecond + 1})
	require.EqualValues(t, 2, throttleMillis(nil, err, &log.ThrottledError{RetryAfter: 1}), "a client that waits so long comes at the right time")
}

// Versions that know how to are told when to come again; older ones wait for as long (KIP-599).
func TestCreateTopicsTooFast(t *testing.T) {
	inDoor(t, slowly, func(d *door) {
		c := d.dial()
		d.exhaust()
		resp := ask[*kmsg.CreateTopicsResponse](c, createRequest(6, newTopic("a"), newTopic("first")))
		requireCode(t, kerr.ThrottlingQuotaExceeded, resp.Topics[0].ErrorCode)
		require.Contains(t, *resp.Topics[0].ErrorMessage, "partition-change-rate is 1000 a second")
		requireCode(t, kerr.TopicAlreadyExists, resp.Topics[1].ErrorCode)
		require.EqualValues(t, 5001, resp.ThrottleMillis)
		req := createRequest(6, newTopic("a"))
		req.ValidateOnly = true
		resp = ask[*kmsg.CreateTopicsResponse](c, req)
		requireCode(t, nil, resp.Topics[0].ErrorCode, "nothing is created")
		require.Zero(t, resp.ThrottleMillis)

		start := time.Now()
		req = createRequest(5, newTopic("a"))
		req.TimeoutMillis = 2000
		resp = ask[*kmsg.CreateTopicsResponse](c, req)
		requireCode(t, kerr.RequestTimedOut, resp.Topics[0].ErrorCode)
		require.Equal(t, 2*time.Second, time.Since(start))
		resp = ask[*kmsg.CreateTopicsResponse](c, createRequest(5, newTopic("a")))
		requireCode(t, nil, resp.Topics[0].ErrorCode)
		require.Equal(t, 5001*time.Millisecond, time.Since(start))
		require.Zero(t, resp.ThrottleMillis)
		time.Sleep(time.Second)
		requireCode(t, nil, ask[*kmsg.CreateTopicsResponse](c, createRequest(7, newTopic("b"))).Topics[0].ErrorCode)
		d.requireTopics(map[string]int32{"first": 9999, "second": 5001, "a": 1, "b": 1})
	})
}

func TestCreatePartitionsTooFast(t *testing.T) {
	inDoor(t, slowly, func(d *door) {
		c := d.dial()
		d.exhaust()
		req := kmsg.NewPtrCreatePartitionsRequest()
		req.Version, req.TimeoutMillis = 3, 60_000
		req.Topics = []kmsg.CreatePartitionsRequestTopic{growth("second", 5002)}
		resp := ask[*kmsg.CreatePartitionsResponse](c, req)
		requireCode(t, kerr.ThrottlingQuotaExceeded, resp.Topics[0].ErrorCode)
		require.EqualValues(t, 5001, resp.ThrottleMillis)
		req.ValidateOnly = true
		for req.Version = range int16(4) {
			requireCode(t, nil, ask[*kmsg.CreatePartitionsResponse](c, req).Topics[0].ErrorCode)
		}
		start := time.Now()
		req.Version, req.ValidateOnly = 2, false
		requireCode(t, nil, ask[*kmsg.CreatePartitionsResponse](c, req).Topics[0].ErrorCode)
		require.Equal(t, 5001*time.Millisecond, time.Since(start))
		d.requireTopics(map[string]int32{"first": 9999, "second": 5002})
	})
}

func TestDeleteTopicsTooFast(t *testing.T) {
	inDoor(t, slowly, func(d *door) {
		c := d.dial()
		d.exhaust()
		name := "first"
		req := kmsg.NewPtrDeleteTopicsRequest()
		req.Version, req.TimeoutMillis, req.TopicNames = 5, 60_000, []string{"first", "none"}
		resp := ask[*kmsg.DeleteTopicsResponse](c, req)
		requireCode(t, kerr.ThrottlingQuotaExceeded, resp.Topics[0].ErrorCode)
		requireCode(t, kerr.UnknownTopicOrPartition, resp.Topics[1].ErrorCode)
		require.EqualValues(t, 5001, resp.ThrottleMillis)
		req.Version, req.TopicNames, req.Topics = 6, nil, []kmsg.DeleteTopicsRequestTopic{{Topic: &name}}
		requireCode(t, kerr.ThrottlingQuotaExceeded, ask[*kmsg.DeleteTopicsResponse](c, req).Topics[0].ErrorCode)
		start := time.Now()
		req.Version, req.TopicNames, req.Topics = 4, []string{"first"}, nil
		requireCode(t, nil, ask[*kmsg.DeleteTopicsResponse](c, req).Topics[0].ErrorCode)
		require.Equal(t, 5001*time.Millisecond, time.Since(start))
		d.requireTopics(map[string]int32{"second": 5001})
	})
}

// Topics that Metadata creates come at the same pace; a client that would wait too long asks again.
func TestMetadataTooFast(t *testing.T) {
	// At 1,000 a second the second wait would be as long as Metadata waits, to the nanosecond.
	slower := func(o *Options, lo *log.Options) { autoCreating(o, lo); lo.PartitionChangeRate = 999 }
	inDoor(t, slower, func(d *door) {
		c := d.dial()
		d.exhaust()
		start := time.Now()
		req := metadataRequest(12, "a")
		req.AllowAutoTopicCreation = true
		require.Equal(t, []string{"a"}, topicsOf(ask[*kmsg.MetadataResponse](c, req)))
		require.InDelta(t, 5006, time.Since(start).Milliseconds(), 1)
		time.Sleep(11 * time.Second)
		d.topic("large", 9_999)
		d.topic("larger", 10_000)
		require.Equal(t, []string{"b LEADER_NOT_AVAILABLE"}, topicsOf(ask[*kmsg.MetadataResponse](c, metadataRequest(3, "b"))))
	})
}
