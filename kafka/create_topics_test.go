package kafka

import (
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
)

func itoa(n int32) string { return strconv.Itoa(int(n)) }

// newTopic is a topic for CreateTopics with defaults for all but its name.
func newTopic(name string, change ...func(*kmsg.CreateTopicsRequestTopic)) kmsg.CreateTopicsRequestTopic {
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, -1, -1
	for _, c := range change {
		c(&topic)
	}
	return topic
}

// assigned is a manual assignment of partitions 0 to n-1, each with its brokers.
func assigned(brokers ...[]int32) func(*kmsg.CreateTopicsRequestTopic) {
	return func(t *kmsg.CreateTopicsRequestTopic) {
		for i, b := range brokers {
			t.ReplicaAssignment = append(t.ReplicaAssignment, kmsg.CreateTopicsRequestTopicReplicaAssignment{Partition: int32(i), Replicas: b})
		}
	}
}

func configured(name string, value *string) func(*kmsg.CreateTopicsRequestTopic) {
	return func(t *kmsg.CreateTopicsRequestTopic) {
		t.Configs = append(t.Configs, kmsg.CreateTopicsRequestTopicConfig{Name: name, Value: value})
	}
}

func createRequest(version int16, topics ...kmsg.CreateTopicsRequestTopic) *kmsg.CreateTopicsRequest {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Version, req.Topics = version, topics
	return req
}

// requireTopics makes sure that these topics are there, with so many partitions, and no other.
func (d *door) requireTopics(want map[string]int32) {
	d.Helper()
	have := make(map[string]int32)
	for _, t := range d.log.Topics() {
		have[t.Name] = t.Partitions
	}
	require.Equal(d, want, have)
}

func TestCreateTopics(t *testing.T) {
	inDoor(t, func(o *Options, _ *log.Options) { o.DefaultPartitions = 4 }, func(d *door) {
		c := d.dial()
		want := make(map[string]int32)
		for version := range int16(8) {
			name := "v" + itoa(int32(version))
			want[name], want[name+"-default"] = 3, 4
			resp := ask[*kmsg.CreateTopicsResponse](c, createRequest(version,
				newTopic(name, func(t *kmsg.CreateTopicsRequestTopic) { t.NumPartitions, t.ReplicationFactor = 3, 3 }), newTopic(name+"-default")))
			for i, topic := range resp.Topics {
				requireCode(t, nil, topic.ErrorCode)
				if version >= 5 {
					require.Equal(t, want[topic.Topic], topic.NumPartitions)
					require.EqualValues(t, []int{3, 1}[i], topic.ReplicationFactor)
				}
				if there, err := d.log.Topic(topic.Topic); version >= 7 {
					require.NoError(t, err)
					require.Equal(t, [16]byte(there.ID), topic.TopicID)
				}
			}
		}
		d.requireTopics(want)
	})
}

func TestCreateTopicsRefuses(t *testing.T) {
	text := "nonsense"
	partitions := func(n int32) func(*kmsg.CreateTopicsRequestTopic) {
		return func(t *kmsg.CreateTopicsRequestTopic) { t.NumPartitions = n }
	}
	replicas := func(n int16) func(*kmsg.CreateTopicsRequestTopic) {
		return func(t *kmsg.CreateTopicsRequestTopic) { t.ReplicationFactor = n }
	}
	for what, w := range map[string]struct {
		topics []kmsg.CreateTopicsRequestTopic
		want   *kerr.Error
	}{
		"exists":                    {[]kmsg.CreateTopicsRequestTopic{newTopic("there")}, kerr.TopicAlreadyExists},
		"a name that can't be":      {[]kmsg.CreateTopicsRequestTopic{newTopic("..")}, kerr.InvalidTopicException},
		"no partitions":             {[]kmsg.CreateTopicsRequestTopic{newTopic("t", partitions(0))}, kerr.InvalidPartitions},
		"fewer than none":           {[]kmsg.CreateTopicsRequestTopic{newTopic("t", partitions(-2))}, kerr.InvalidPartitions},
		"too many":                  {[]kmsg.CreateTopicsRequestTopic{newTopic("t", partitions(log.MaxPartitions+1))}, kerr.InvalidPartitions},
		"no replica":                {[]kmsg.CreateTopicsRequestTopic{newTopic("t", replicas(0))}, kerr.InvalidReplicationFactor},
		"more than are kept":        {[]kmsg.CreateTopicsRequestTopic{newTopic("t", replicas(log.MaxReplicas+1))}, kerr.InvalidReplicationFactor},
		"fewer replicas than none":  {[]kmsg.CreateTopicsRequestTopic{newTopic("t", replicas(-2))}, kerr.InvalidReplicationFactor},
		"a config that's not known": {[]kmsg.CreateTopicsRequestTopic{newTopic("t", configured("no.such", &text))}, kerr.InvalidConfig},
		"a config that's wrong":     {[]kmsg.CreateTopicsRequestTopic{newTopic("t", configured("retention.ms", &text))}, kerr.InvalidConfig},
		"a config without a value":  {[]kmsg.CreateTopicsRequestTopic{newTopic("t", configured("retention.ms", nil))}, kerr.InvalidConfig},
		"a name like another's":     {[]kmsg.CreateTopicsRequestTopic{newTopic("dotted_there")}, kerr.InvalidTopicException},
		"a name that Kafka keeps":   {[]kmsg.CreateTopicsRequestTopic{newTopic("__cluster_metadata")}, kerr.InvalidRequest},
		"exists, and no replica":    {[]kmsg.CreateTopicsRequestTopic{newTopic("there", replicas(0))}, kerr.TopicAlreadyExists},
		"no name, and no value":     {[]kmsg.CreateTopicsRequestTopic{newTopic("", configured("retention.ms", nil))}, kerr.InvalidTopicException},
		"twice":                     {[]kmsg.CreateTopicsRequestTopic{newTopic("t"), newTopic("t")}, kerr.InvalidRequest},
		"brokers that don't exist":  {[]kmsg.CreateTopicsRequestTopic{newTopic("t", assigned([]int32{nodeID}, []int32{2}))}, kerr.InvalidReplicaAssignment},
		"more than one broker":      {[]kmsg.CreateTopicsRequestTopic{newTopic("t", assigned([]int32{nodeID, 2}))}, kerr.InvalidReplicaAssignment},
		"assignment and count":      {[]kmsg.CreateTopicsRequestTopic{newTopic("t", partitions(1), assigned([]int32{nodeID}))}, kerr.InvalidRequest},
		"a gap in the assignment": {[]kmsg.CreateTopicsRequestTopic{newTopic("t", assigned([]int32{nodeID}), func(t *kmsg.CreateTopicsRequestTopic) {
			t.ReplicaAssignment[0].Partition = 1
		})}, kerr.InvalidReplicaAssignment},
	} {
		t.Run(what, func(t *testing.T) {
			inDoor(t, nil, func(d *door) {
				d.topic("there", 1)
				d.topic("dotted.there", 1)
				c := d.dial()
				for _, validate := range []bool{true, false} {
					req := createRequest(7, append(w.topics, newTopic("good"))...)
					req.ValidateOnly = validate
					resp := ask[*kmsg.CreateTopicsResponse](c, req)
					require.Len(t, resp.Topics, 2)
					requireCode(d, w.want, resp.Topics[0].ErrorCode)
					require.NotEmpty(d, *resp.Topics[0].ErrorMessage)
					require.NotNil(d, resp.Topics[0].Configs)
					require.Empty(d, resp.Topics[0].Configs)
					require.Zero(d, resp.Topics[0].TopicID)
					requireCode(d, nil, resp.Topics[1].ErrorCode, "its neighbour is none the worse")
				}
				d.requireTopics(map[string]int32{"there": 1, "dotted.there": 1, "good": 1})
			})
		})
	}
}

func TestCreateTopicsWithAnAssignment(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		resp := ask[*kmsg.CreateTopicsResponse](d.dial(), createRequest(7, newTopic("t", assigned([]int32{nodeID}, []int32{nodeID}))))
		requireCode(t, nil, resp.Topics[0].ErrorCode)
		d.requireTopics(map[string]int32{"t": 2})
	})
}

func TestCreateTopicsTellsTheConfigs(t *testing.T) {
	hour := "3600000"
	inDoor(t, nil, func(d *door) {
		c := d.dial()
		req := createRequest(7, newTopic("t", configured("retention.ms", &hour)))
		req.ValidateOnly = true
		validated := ask[*kmsg.CreateTopicsResponse](c, req)
		require.NotZero(t, validated.Topics[0].TopicID)
		d.requireTopics(map[string]int32{})
		req.ValidateOnly = false
		created := ask[*kmsg.CreateTopicsResponse](c, req)
		require.NotEqual(t, validated.Topics[0].TopicID, created.Topics[0].TopicID)
		got := configsOfCreated(created)
		require.Equal(t, got, configsOfCreated(validated), "it tells what it would be")
		require.Equal(t, "3600000 DYNAMIC_TOPIC_CONFIG", got["retention.ms"])
		require.Regexp(t, " DEFAULT_CONFIG$", got["max.message.bytes"])
		described, err := d.log.DescribeConfigs("t")
		require.NoError(t, err)
		require.Len(t, slices.Collect(maps.Keys(got)), len(described))
	})
}

func configsOfCreated(resp *kmsg.CreateTopicsResponse) map[string]string {
	all := make(map[string]string)
	for _, c := range resp.Topics[0].Configs {
		all[c.Name] = *c.Value + " " + kmsg.ConfigSource(c.Source).String()
	}
	return all
}

func TestCreateTopicsSoManyAtOnce(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		var topics []kmsg.CreateTopicsRequestTopic
		for i := range maxTopicsAtOnce + 1 {
			topics = append(topics, newTopic("t"+itoa(int32(i))))
		}
		resp := ask[*kmsg.CreateTopicsResponse](d.dial(), createRequest(7, topics...))
		requireCode(t, nil, resp.Topics[maxTopicsAtOnce-1].ErrorCode)
		requireCode(t, kerr.PolicyViolation, resp.Topics[maxTopicsAtOnce].ErrorCode)
		require.Len(t, d.log.Topics(), maxTopicsAtOnce)
	})
}

// The answer comes when the topics are durable, or when the client waits no more.
func TestCreateTopicsWhileTheStoreIsAway(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		began, req := time.Now(), createRequest(7, newTopic("t"))
		req.TimeoutMillis = 3000
		resp := ask[*kmsg.CreateTopicsResponse](d.dial(), req)
		requireCode(t, kerr.RequestTimedOut, resp.Topics[0].ErrorCode)
		require.Equal(t, 3*time.Second, time.Since(began))
		d.requireTopics(map[string]int32{})
	})
}
