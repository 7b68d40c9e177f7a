package oracle

import (
	"github.com/twmb/franz-go/pkg/kmsg"
)

// topicConfigs are all configs that a topic of Kafka 4.4 has, each with values that are right and values that are not.
var topicConfigs = []struct {
	name   string
	values []string
}{
	{"cleanup.policy", []string{"delete", "compact", "compact,delete", "delete,compact", "delete,delete", "", "none", "DELETE", " delete", "delete, compact"}},
	{"compression.gzip.level", []string{"-1", "1", "9", "0", "10", "-2", "x"}},
	{"compression.lz4.level", []string{"1", "17", "0", "18"}},
	{"compression.type", []string{"producer", "uncompressed", "gzip", "snappy", "lz4", "zstd", "none", "GZIP", ""}},
	{"compression.zstd.level", []string{"-131072", "22", "-131073", "23"}},
	{"delete.retention.ms", []string{"0", "86400000", "-1"}},
	{"errors.deadletterqueue.group.enable", []string{"true", "x"}},
	{"file.delete.delay.ms", []string{"0", "60000", "-1"}},
	{"flush.messages", []string{"1", "9223372036854775807", "0"}},
	{"flush.ms", []string{"0", "9223372036854775807", "-1"}},
	{"follower.replication.throttled.replicas", []string{"*", "0:1,1:1", "", "x"}},
	{"index.interval.bytes", []string{"0", "4096", "-1"}},
	{"leader.replication.throttled.replicas", []string{"*", "0:1", "none"}},
	{"local.retention.bytes", []string{"-2", "-1", "0", "1", "-3"}},
	{"local.retention.ms", []string{"-2", "-1", "0", "1", "-3"}},
	{"max.compaction.lag.ms", []string{"1", "9223372036854775807", "0"}},
	{"max.decompressed.message.bytes", []string{"0", "1", "1048588", "-1", "2147483647", "2147483648"}},
	{"max.message.bytes", []string{"0", "1", "1048588", "2147483647", "-1", "2147483648", "1.5", "", "1k", " 7 ", "+7", "0x10"}},
	{"message.downconversion.enable", []string{"true", "false"}},
	{"message.format.version", []string{"3.0", "x"}},
	{"message.timestamp.after.max.ms", []string{"0", "3600000", "9223372036854775807", "-1"}},
	{"message.timestamp.before.max.ms", []string{"0", "9223372036854775807", "-1"}},
	{"message.timestamp.difference.max.ms", []string{"1"}},
	{"message.timestamp.type", []string{"CreateTime", "LogAppendTime", "createtime", "NoTimestampType", ""}},
	{"min.cleanable.dirty.ratio", []string{"0", "0.5", "1", "1.1", "-0.1", "x"}},
	{"min.compaction.lag.ms", []string{"0", "9223372036854775807", "-1"}},
	{"min.insync.replicas", []string{"1", "2", "0", "-1"}},
	{"preallocate", []string{"true", "false", "TRUE", "yes", ""}},
	{"remote.copy.lag.bytes", []string{"0", "-1", "1", "-2"}},
	{"remote.copy.lag.ms", []string{"0", "-1", "1", "-2"}},
	{"remote.log.copy.disable", []string{"true", "false"}},
	{"remote.log.delete.on.disable", []string{"true", "false"}},
	{"remote.storage.enable", []string{"true", "false"}},
	{"retention.bytes", []string{"-1", "0", "1", "9223372036854775807", "-2", "9223372036854775808", "x", ""}},
	{"retention.ms", []string{"-1", "0", "1", "604800000", "9223372036854775807", "-2", "x", ""}},
	{"segment.bytes", []string{"1048576", "1048575", "14", "1073741824", "2147483647", "2147483648"}},
	{"segment.index.bytes", []string{"4", "10485760", "3", "0"}},
	{"segment.jitter.ms", []string{"0", "1", "-1"}},
	{"segment.ms", []string{"1", "604800000", "0"}},
	{"unclean.leader.election.enable", []string{"true", "false", "1"}},
	{"no.such.config", []string{"1"}},
}

// topicConfigsCase says which values a topic can be created with, in the newest version alone.
func topicConfigsCase(s *script) {
	if s.version < 7 {
		return
	}
	for _, field := range []string{"Configs", "TopicID", "NumPartitions", "ReplicationFactor"} {
		s.hide[field] = true
	}
	for _, c := range topicConfigs {
		for i, value := range c.values {
			req := createTopics(newTopic(s.name("t"), 1, c.name, value))
			req.ValidateOnly = true
			step := c.name + "=" + value
			if value == "" || i > 0 && value == c.values[i-1] {
				step += "(empty)"
			}
			s.ask(step, req)
		}
	}
	for _, pair := range [][4]string{
		{"max.compaction.lag.ms", "5", "min.compaction.lag.ms", "6"},
		{"local.retention.ms", "6", "retention.ms", "5"},
		{"local.retention.bytes", "6", "retention.bytes", "5"},
		{"local.retention.ms", "-1", "retention.ms", "5"},
		{"cleanup.policy", "compact", "retention.ms", "5"},
		{"remote.log.delete.on.disable", "true", "remote.log.copy.disable", "true"},
		{"retention.ms", "x", "retention.bytes", "x"},
	} {
		req := createTopics(newTopic(s.name("t"), 1, pair[:]...))
		req.ValidateOnly = true
		s.ask(pair[0]+"="+pair[1]+", "+pair[2]+"="+pair[3], req)
	}
}

func describeConfigsCase(s *script) {
	plain, own := s.topic("plain", 1), s.topic("own", 1, "retention.ms", "1000", "cleanup.policy", "delete", "max.message.bytes", "1048588")
	s.ask("all of a topic", describeConfigs(topicResource(plain)))
	s.ask("an empty list", describeConfigs(kmsg.DescribeConfigsRequestResource{ResourceType: kmsg.ConfigResourceTypeTopic, ResourceName: plain, ConfigNames: []string{}}))
	some := describeConfigs(topicResource(own, "retention.ms", "retention.bytes", "cleanup.policy", "max.message.bytes", "no.such.config", "retention.ms"))
	s.ask("some", some)
	full := describeConfigs(topicResource(own, "retention.ms", "retention.bytes", "max.message.bytes", "min.insync.replicas", "message.timestamp.type"))
	full.IncludeDocumentation, full.IncludeSynonyms = true, true
	s.ask("with synonyms and documentation", full)
	s.ask("no such topic", describeConfigs(topicResource(s.name("nobody"))))
	s.ask("a name that cannot be", describeConfigs(topicResource("x/y")))
	s.ask("no name", describeConfigs(topicResource("")))
	s.ask("nothing", describeConfigs())
	s.ask("a topic twice", describeConfigs(topicResource(own, "retention.ms"), topicResource(own, "retention.bytes")))
	const broker, logger, group, metrics = kmsg.ConfigResourceTypeBroker, kmsg.ConfigResourceTypeBrokerLogger, kmsg.ConfigResourceTypeGroupConfig, kmsg.ConfigResourceTypeClientMetrics
	s.ask("some of the broker", describeConfigs(configResource(broker, "1", "num.partitions", "message.max.bytes", "node.id", "auto.create.topics.enable", "no.such.config", "log.retention.ms", "retention.ms")))
	s.ask("some of all brokers", describeConfigs(configResource(broker, "", "num.partitions", "message.max.bytes")))
	s.ask("all of all brokers", describeConfigs(configResource(broker, "")))
	s.ask("another broker", describeConfigs(configResource(broker, "9")))
	s.ask("a broker that is no number", describeConfigs(configResource(broker, "x")))
	s.ask("a group", describeConfigs(configResource(group, s.name("g"))))
	s.ask("a group without a name", describeConfigs(configResource(group, "")))
	s.ask("metrics", describeConfigs(configResource(metrics, s.name("m"))))
	s.ask("no such logger", describeConfigs(configResource(logger, "9")))
	s.ask("type 0", describeConfigs(configResource(0, "x")))
	s.ask("type 99", describeConfigs(configResource(99, "x")))
}

// brokerConfigsCase lists what a broker tells of itself.
func brokerConfigsCase(s *script) {
	if s.version < 3 {
		return
	}
	req := describeConfigs(configResource(kmsg.ConfigResourceTypeBroker, "1"))
	s.ask("all of the broker", req)
}

func alterConfigsCase(s *script) {
	alter := func(resources ...kmsg.AlterConfigsRequestResource) *kmsg.AlterConfigsRequest {
		req := kmsg.NewPtrAlterConfigsRequest()
		req.Resources = resources
		return req
	}
	of := func(kind kmsg.ConfigResourceType, name string, configs ...string) kmsg.AlterConfigsRequestResource {
		r := kmsg.NewAlterConfigsRequestResource()
		r.ResourceType, r.ResourceName = kind, name
		for i := 0; i < len(configs); i += 2 {
			c := kmsg.NewAlterConfigsRequestResourceConfig()
			c.Name, c.Value = configs[i], &configs[i+1]
			r.Configs = append(r.Configs, c)
		}
		return r
	}
	const topic, broker = kmsg.ConfigResourceTypeTopic, kmsg.ConfigResourceTypeBroker
	t, u := s.topic("t", 1, "retention.ms", "1000"), s.topic("u", 1)
	now := func(step string) {
		s.ask(step+", then", describeConfigs(topicResource(t, "retention.ms", "retention.bytes"), topicResource(u, "retention.ms", "retention.bytes")))
	}
	s.ask("one config", alter(of(topic, t, "retention.bytes", "5")))
	now("one config")
	s.ask("none", alter(of(topic, t)))
	now("none")
	s.ask("nothing", alter())
	s.ask("an unknown config", alter(of(topic, t, "no.such.config", "1", "retention.ms", "7")))
	s.ask("a wrong value", alter(of(topic, t, "retention.ms", "x")))
	null := of(topic, t)
	null.Configs = []kmsg.AlterConfigsRequestResourceConfig{{Name: "retention.ms"}}
	s.ask("a null value", alter(null))
	s.ask("a config twice", alter(of(topic, t, "retention.ms", "8", "retention.ms", "9")))
	now("a config twice")
	// A topic twice would be next: Kafka never answers it.
	s.ask("one of two is wrong", alter(of(topic, t, "retention.ms", "12"), of(topic, u, "retention.ms", "x")))
	now("one of two is wrong")
	only := alter(of(topic, t, "retention.ms", "13"), of(topic, u, "retention.ms", "x"))
	only.ValidateOnly = true
	s.ask("only validated", only)
	now("only validated")
	s.ask("no such topic", alter(of(topic, s.name("nobody"), "retention.ms", "1")))
	s.ask("no such topic, no configs", alter(of(topic, s.name("nobody"))))
	s.ask("a name that cannot be", alter(of(topic, "x/y", "retention.ms", "1")))
	s.ask("no name", alter(of(topic, "", "retention.ms", "1")))
	s.ask("the broker, an unknown config", alter(of(broker, "1", "no.such.config", "1")))
	s.ask("the broker, a wrong value", alter(of(broker, "1", "log.cleaner.threads", "x")))
	s.ask("the broker, one that is fixed", alter(of(broker, "1", "node.id", "2")))
	s.ask("another broker", alter(of(broker, "9", "log.cleaner.threads", "1")))
	s.ask("a broker that is no number", alter(of(broker, "x", "log.cleaner.threads", "1")))
	s.ask("a topic and the broker of one name", alter(of(topic, "1", "retention.ms", "1"), of(broker, "1", "node.id", "2")))
	s.ask("type 0", alter(of(0, "x", "a", "b")))
	s.ask("type 99", alter(of(99, "x", "a", "b")))
}

func incrementalCase(s *script) {
	const (
		topic, broker = kmsg.ConfigResourceTypeTopic, kmsg.ConfigResourceTypeBroker

		set, remove, app, subtract = kmsg.IncrementalAlterConfigOpSet, kmsg.IncrementalAlterConfigOpDelete, kmsg.IncrementalAlterConfigOpAppend, kmsg.IncrementalAlterConfigOpSubtract
	)
	type op struct {
		op    kmsg.IncrementalAlterConfigOp
		name  string
		value string // "null" is null
	}
	of := func(kind kmsg.ConfigResourceType, name string, ops ...op) kmsg.IncrementalAlterConfigsRequestResource {
		r := kmsg.NewIncrementalAlterConfigsRequestResource()
		r.ResourceType, r.ResourceName = kind, name
		for _, o := range ops {
			c := kmsg.IncrementalAlterConfigsRequestResourceConfig{Name: o.name, Op: o.op, Value: &o.value}
			if o.value == "null" {
				c.Value = nil
			}
			r.Configs = append(r.Configs, c)
		}
		return r
	}
	alter := func(resources ...kmsg.IncrementalAlterConfigsRequestResource) *kmsg.IncrementalAlterConfigsRequest {
		req := kmsg.NewPtrIncrementalAlterConfigsRequest()
		req.Resources = resources
		return req
	}
	t, u := s.topic("t", 1, "retention.ms", "1000"), s.topic("u", 1)
	on := func(step string, ops ...op) {
		s.ask(step, alter(of(topic, t, ops...)))
		s.ask(step+", then", describeConfigs(topicResource(t, "retention.ms", "retention.bytes", "cleanup.policy", "leader.replication.throttled.replicas")))
	}
	on("set", op{set, "retention.bytes", "5"})
	on("set to the default", op{set, "retention.ms", "604800000"})
	on("delete", op{remove, "retention.ms", "null"})
	on("delete, with a value", op{remove, "retention.bytes", "x"})
	on("delete what is not set", op{remove, "retention.bytes", "null"})
	on("delete an unknown one", op{remove, "no.such.config", "null"})
	on("append", op{app, "cleanup.policy", "compact"})
	on("append what is there", op{app, "cleanup.policy", "compact"})
	on("subtract", op{subtract, "cleanup.policy", "delete"})
	on("subtract what is not there", op{subtract, "cleanup.policy", "delete"})
	on("subtract the last", op{subtract, "cleanup.policy", "compact"})
	on("append something wrong", op{app, "cleanup.policy", "x"})
	on("set a list", op{set, "cleanup.policy", "compact,delete"})
	on("append to an empty list", op{app, "leader.replication.throttled.replicas", "0:1,1:1"})
	on("subtract two", op{subtract, "leader.replication.throttled.replicas", "0:1,1:1"})
	on("append to what is no list", op{app, "retention.ms", "1"})
	on("set to null", op{set, "retention.ms", "null"})
	on("append null", op{app, "cleanup.policy", "null"})
	on("set to nothing", op{set, "retention.ms", ""})
	on("operation 4", op{4, "retention.ms", "1"})
	on("operation -1", op{-1, "retention.ms", "1"})
	on("one twice", op{set, "retention.ms", "1"}, op{set, "retention.ms", "2"})
	on("one set and deleted", op{set, "retention.ms", "1"}, op{remove, "retention.ms", "null"})
	on("unknown", op{set, "no.such.config", "1"})
	on("no name", op{set, "", "1"})
	on("a wrong value beside a right one", op{set, "retention.bytes", "77"}, op{set, "retention.ms", "x"})
	on("nothing")
	s.ask("no resources", alter())
	s.ask("one of two is wrong", alter(of(topic, t, op{set, "retention.ms", "12"}), of(topic, u, op{set, "retention.ms", "x"})))
	s.ask("a topic twice", alter(of(topic, t, op{set, "retention.ms", "1"}), of(topic, t, op{set, "retention.bytes", "1"})))
	only := alter(of(topic, t, op{set, "retention.ms", "13"}), of(topic, u, op{set, "retention.ms", "x"}))
	only.ValidateOnly = true
	s.ask("only validated", only)
	s.ask("what is left", describeConfigs(topicResource(t, "retention.ms", "retention.bytes"), topicResource(u, "retention.ms")))
	s.ask("no such topic", alter(of(topic, s.name("nobody"), op{set, "retention.ms", "1"})))
	s.ask("a name that cannot be", alter(of(topic, "x/y", op{set, "retention.ms", "1"})))
	s.ask("no topic's name", alter(of(topic, "", op{set, "retention.ms", "1"})))
	s.ask("the broker, an unknown config", alter(of(broker, "1", op{set, "no.such.config", "1"})))
	s.ask("the broker, one that is fixed", alter(of(broker, "1", op{set, "node.id", "2"})))
	s.ask("the broker, a wrong value", alter(of(broker, "1", op{set, "log.cleaner.threads", "x"})))
	s.ask("another broker", alter(of(broker, "9", op{set, "log.cleaner.threads", "1"})))
	s.ask("a group", alter(of(kmsg.ConfigResourceTypeGroupConfig, s.name("g"), op{set, "consumer.session.timeout.ms", "50000"})))
	s.ask("a group, an unknown config", alter(of(kmsg.ConfigResourceTypeGroupConfig, s.name("g"), op{set, "no.such.config", "1"})))
	s.ask("type 0", alter(of(0, "x", op{set, "a", "b"})))
	s.ask("type 99", alter(of(99, "x", op{set, "a", "b"})))
}
