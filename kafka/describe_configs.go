package kafka

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// describeConfigs answers DescribeConfigs for topics and for the broker. A broker's configs are settings of
// the program: they are shown under Kafka's names and cannot be altered here.
func (s *Server) describeConfigs(_ context.Context, _ *client, req *kmsg.DescribeConfigsRequest) *kmsg.DescribeConfigsResponse {
	resp := req.ResponseKind().(*kmsg.DescribeConfigsResponse)
	for _, r := range req.Resources {
		out := kmsg.NewDescribeConfigsResponseResource()
		out.ResourceType, out.ResourceName = r.ResourceType, r.ResourceName
		configs, code, why := s.configsOf(r.ResourceType, r.ResourceName)
		if code != 0 {
			out.ErrorCode, out.ErrorMessage = code, &why
		}
		for _, c := range configs {
			if r.ConfigNames == nil || slices.Contains(r.ConfigNames, c.Name) {
				out.Configs = append(out.Configs, describeConfig(c, req))
			}
		}
		resp.Resources = append(resp.Resources, out)
	}
	return resp
}

// described is a config with where its value comes from.
type described struct {
	log.Config
	source   kmsg.ConfigSource
	readOnly bool
}

func (s *Server) configsOf(kind kmsg.ConfigResourceType, name string) (all []described, code int16, why string) {
	switch kind {
	case kmsg.ConfigResourceTypeTopic:
		configs, err := s.log.DescribeConfigs(name)
		if err != nil {
			return nil, codeOf(err), err.Error()
		}
		for _, c := range configs {
			all = append(all, described{c, configSource(c), false})
		}
		return all, 0, ""
	case kmsg.ConfigResourceTypeBroker:
		if name != "" && name != strconv.Itoa(nodeID) {
			return nil, kerr.InvalidRequest.Code, fmt.Sprintf("broker %q does not exist, this is %d", name, nodeID)
		}
		return s.brokerConfigs(), 0, ""
	}
	return nil, kerr.InvalidRequest.Code, "only topics and the broker have configs"
}

func configSource(c log.Config) kmsg.ConfigSource {
	if c.Set {
		return kmsg.ConfigSourceDynamicTopicConfig
	}
	return kmsg.ConfigSourceDefaultConfig
}

func (s *Server) brokerConfigs() []described {
	var all []described
	add := func(name, value string, kind log.ConfigType, doc string) {
		all = append(all, described{log.Config{Name: name, Value: value, Default: value, Type: kind, Doc: doc}, kmsg.ConfigSourceStaticBrokerConfig, true})
	}
	add("auto.create.topics.enable", strconv.FormatBool(s.o.AutoCreateTopics), log.ConfigBool, "Topics that clients ask for are created.")
	add("broker.id", strconv.Itoa(nodeID), log.ConfigInt, "The broker's id.")
	add("connections.max.idle.ms", strconv.FormatInt(s.o.IdleTimeout.Milliseconds(), 10), log.ConfigLong, "A connection that asks nothing is closed after this time.")
	add("default.replication.factor", "1", log.ConfigInt, "The object store replicates.")
	add("num.partitions", strconv.Itoa(int(s.o.DefaultPartitions)), log.ConfigInt, "Partitions of a topic that does not say.")
	add("socket.request.max.bytes", strconv.Itoa(int(s.o.MaxFrameBytes)), log.ConfigInt, "Largest request.")
	return all
}

// configTypes translates the engine's types of configs.
var configTypes = map[log.ConfigType]kmsg.ConfigType{
	log.ConfigBool: kmsg.ConfigTypeBoolean, log.ConfigString: kmsg.ConfigTypeString, log.ConfigInt: kmsg.ConfigTypeInt,
	log.ConfigLong: kmsg.ConfigTypeLong, log.ConfigList: kmsg.ConfigTypeList,
}

func describeConfig(c described, req *kmsg.DescribeConfigsRequest) kmsg.DescribeConfigsResponseResourceConfig {
	out := kmsg.NewDescribeConfigsResponseResourceConfig()
	out.Name, out.Value, out.ReadOnly, out.Source = c.Name, &c.Value, c.readOnly, c.source
	out.IsDefault, out.ConfigType = c.source == kmsg.ConfigSourceDefaultConfig, configTypes[c.Type]
	if req.IncludeDocumentation {
		out.Documentation = &c.Doc
	}
	if req.IncludeSynonyms {
		out.ConfigSynonyms = synonyms(c)
	}
	return out
}

// synonyms lists where a config's value could come from, the one in force first.
func synonyms(c described) (all []kmsg.DescribeConfigsResponseResourceConfigConfigSynonym) {
	add := func(value string, source kmsg.ConfigSource) {
		s := kmsg.NewDescribeConfigsResponseResourceConfigConfigSynonym()
		s.Name, s.Value, s.Source = c.Name, &value, source
		all = append(all, s)
	}
	if c.source != kmsg.ConfigSourceDefaultConfig {
		add(c.Value, c.source)
	}
	if !c.readOnly {
		add(c.Default, kmsg.ConfigSourceDefaultConfig)
	}
	return all
}
