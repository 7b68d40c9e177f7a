package oracle

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// adminMillis is how long changes may take.
const adminMillis = 60_000

func createTopics(topics ...kmsg.CreateTopicsRequestTopic) *kmsg.CreateTopicsRequest {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Topics, req.TimeoutMillis = topics, adminMillis
	return req
}

// newTopic is a topic to create; configs are name, value, name, value.
func newTopic(name string, partitions int32, configs ...string) kmsg.CreateTopicsRequestTopic {
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = name, partitions, 1
	for pair := range slices.Chunk(configs, 2) {
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = pair[0], &pair[1]
		t.Configs = append(t.Configs, c)
	}
	return t
}

func topicResource(name string, configs ...string) kmsg.DescribeConfigsRequestResource {
	return configResource(kmsg.ConfigResourceTypeTopic, name, configs...)
}

func configResource(kind kmsg.ConfigResourceType, name string, configs ...string) kmsg.DescribeConfigsRequestResource {
	r := kmsg.NewDescribeConfigsRequestResource()
	r.ResourceType, r.ResourceName, r.ConfigNames = kind, name, configs
	return r
}

func describeConfigs(resources ...kmsg.DescribeConfigsRequestResource) *kmsg.DescribeConfigsRequest {
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.Resources = resources
	return req
}

// metadataOf asks for topics by name.
func metadataOf(topics ...string) *kmsg.MetadataRequest {
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{}
	for i := range topics {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = &topics[i]
		req.Topics = append(req.Topics, t)
	}
	return req
}

// metadataByID asks for topics by id.
func metadataByID(ids ...[16]byte) *kmsg.MetadataRequest {
	req := kmsg.NewPtrMetadataRequest()
	for _, id := range ids {
		t := kmsg.NewMetadataRequestTopic()
		t.TopicID = id
		req.Topics = append(req.Topics, t)
	}
	return req
}

// produce asks for records to be appended to partitions of one topic, in the order given: its name and its id are
// both there, the version decides which of them is sent.
func (s *script) produceTo(topic string, parts ...kmsg.ProduceRequestTopicPartition) *kmsg.ProduceRequest {
	t := kmsg.NewProduceRequestTopic()
	t.Topic, t.Partitions = topic, parts
	t.TopicID, _ = s.idOf(topic)
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis, req.Topics = -1, adminMillis, []kmsg.ProduceRequestTopic{t}
	return req
}

func part(index int32, records []byte) kmsg.ProduceRequestTopicPartition {
	p := kmsg.NewProduceRequestTopicPartition()
	p.Partition, p.Records = index, records
	return p
}

// unknownID is the id of no topic.
var unknownID = [16]byte{0xde, 0xad, 15: 1}

// idOf is a topic's id, or that of no topic.
func (s *script) idOf(topic string) ([16]byte, bool) {
	for id, name := range s.names.topics {
		if s.name(name) == topic {
			return id, true
		}
	}
	return unknownID, false
}
