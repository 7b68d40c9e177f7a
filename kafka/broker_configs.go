package kafka

import (
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// brokerConfigs are the settings of the program that Kafka has a name for, sorted by name.
// Clients and consoles look some of them up before they create topics or groups.
func (s *Server) brokerConfigs() (all []sourcedConfig) {
	add := func(name, value string, kind log.ConfigType, doc string) {
		c := log.Config{Name: name, Value: value, Default: value, Set: true, Type: kind, Doc: doc}
		all = append(all, sourcedConfig{c, kmsg.ConfigSourceStaticBrokerConfig})
	}
	number := func(name string, n int64, kind log.ConfigType, doc string) {
		add(name, strconv.FormatInt(n, 10), kind, doc)
	}
	millis := func(name string, d time.Duration, kind log.ConfigType, doc string) {
		number(name, max(d.Milliseconds(), 0), kind, doc)
	}
	groups := s.groups.Options()
	add("auto.create.topics.enable", strconv.FormatBool(s.o.AutoCreateTopics), log.ConfigBool, "A topic that a client asks for is created.")
	number("broker.id", nodeID, log.ConfigInt, "The broker's id.")
	millis("connections.max.idle.ms", s.o.IdleTimeout, log.ConfigLong, "A connection that asks nothing is closed after this time.")
	number("default.replication.factor", 1, log.ConfigInt, "The object store replicates.")
	add("delete.topic.enable", "true", log.ConfigBool, "Topics can be deleted.")
	number("fetch.max.bytes", maxFetchBytes, log.ConfigInt, "Most that one fetch returns.")
	millis("group.initial.rebalance.delay.ms", groups.InitialRebalanceDelay, log.ConfigInt, "How long a new group waits for more members.")
	millis("group.max.session.timeout.ms", groups.MaxSessionTimeout, log.ConfigInt, "Longest session timeout that a group member may ask for.")
	number("group.max.size", int64(groups.MaxSize), log.ConfigInt, "Most members of one group.")
	millis("group.min.session.timeout.ms", groups.MinSessionTimeout, log.ConfigInt, "Shortest session timeout that a group member may ask for.")
	add("inter.broker.protocol.version", metadataVersion, log.ConfigString, "The version of Kafka that the broker is like. Kafka itself has it no more; consoles still read it.")
	number("max.connections", int64(s.o.MaxConnections), log.ConfigInt, "Connections that are served at once.")
	number("min.insync.replicas", 1, log.ConfigInt, "Always met: an acknowledged record is in the object store.")
	number("num.partitions", int64(s.o.DefaultPartitions), log.ConfigInt, "Partitions of a topic that is created without a number.")
	number("offset.metadata.max.bytes", log.MaxOffsetMetadata, log.ConfigInt, "Longest metadata of a committed offset.")
	number("socket.request.max.bytes", int64(s.o.MaxFrameBytes), log.ConfigInt, "Largest request.")
	return all
}
