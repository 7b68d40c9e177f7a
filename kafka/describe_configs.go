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

// describeConfigs answers DescribeConfigs for topics and for the broker, those named or, where none is, all.
//
//   - Of resources beyond [Options].MaxAnswerBytes there is an error alone.
//   - Version 0 says which are defaults; from version 1 on the answer has the source and, where asked, synonyms.
//   - From version 3 on it has types and, where asked, documentation.
func (s *Server) describeConfigs(_ context.Context, _ *client, req *kmsg.DescribeConfigsRequest) *kmsg.DescribeConfigsResponse {
	resp := req.ResponseKind().(*kmsg.DescribeConfigsResponse)
	req.Resources, _ = distinct(req.Resources, func(r *kmsg.DescribeConfigsRequestResource) resourceKey {
		return resourceKey{r.ResourceType, r.ResourceName}
	})
	resp.Resources = make([]kmsg.DescribeConfigsResponseResource, len(req.Resources))
	room := s.answerRoom()
	for i, r := range req.Resources {
		out := &resp.Resources[i]
		out.Default()
		out.ResourceType, out.ResourceName = r.ResourceType, r.ResourceName
		var configs []sourcedConfig
		err := room.check()
		if err == nil {
			configs, err = s.configsOf(r.ResourceType, r.ResourceName)
		}
		if out.ErrorCode, out.ErrorMessage = codeOf(err), textOf(err); err == nil {
			out.ErrorMessage = new(string) // as in Kafka: never null
		}
		for _, c := range configs {
			if len(r.ConfigNames) == 0 || slices.Contains(r.ConfigNames, c.Name) {
				out.Configs = append(out.Configs, describeConfig(c, req))
				room.take(describedBytes(&out.Configs[len(out.Configs)-1]))
			}
		}
	}
	return resp
}

func (s *Server) configsOf(kind kmsg.ConfigResourceType, name string) ([]sourcedConfig, error) {
	switch kind {
	case kmsg.ConfigResourceTypeTopic:
		if err := log.CheckTopicName(name); err != nil {
			return nil, err
		}
		configs, err := s.log.DescribeConfigs(name)
		all := make([]sourcedConfig, len(configs))
		for i, c := range configs {
			all[i] = sourcedConfig{c, configSource(c)}
		}
		return all, err
	case kmsg.ConfigResourceTypeBroker:
		if name != "" && name != strconv.Itoa(nodeID) {
			return nil, fmt.Errorf("%w: broker %q does not exist, this is %d", kerr.InvalidRequest, name, nodeID)
		}
		return s.brokerConfigs(), nil
	}
	return nil, fmt.Errorf("%w: only topics and the broker have configs", kerr.InvalidRequest)
}

// configTypes translates the engine's types of configs.
var configTypes = map[log.ConfigType]kmsg.ConfigType{
	log.ConfigBool: kmsg.ConfigTypeBoolean, log.ConfigString: kmsg.ConfigTypeString, log.ConfigInt: kmsg.ConfigTypeInt,
	log.ConfigLong: kmsg.ConfigTypeLong, log.ConfigList: kmsg.ConfigTypeList,
}

func describeConfig(c sourcedConfig, req *kmsg.DescribeConfigsRequest) kmsg.DescribeConfigsResponseResourceConfig {
	out := kmsg.NewDescribeConfigsResponseResourceConfig()
	out.Name, out.Value, out.Source, out.ConfigType = c.Name, &c.Value, c.source, configTypes[c.Type]
	out.ReadOnly = c.source == kmsg.ConfigSourceStaticBrokerConfig
	out.IsDefault = c.source == kmsg.ConfigSourceDefaultConfig
	if req.IncludeDocumentation {
		out.Documentation = &c.Doc
	}
	if req.IncludeSynonyms {
		out.ConfigSynonyms = synonyms(c)
	}
	return out
}

// describedBytes is about how long a described config is.
func describedBytes(c *kmsg.DescribeConfigsResponseResourceConfig) int {
	n := 16 + len(c.Name) + len(*c.Value)
	if c.Documentation != nil {
		n += len(*c.Documentation)
	}
	for _, s := range c.ConfigSynonyms {
		n += 8 + len(s.Name) + len(*s.Value)
	}
	return n
}

// synonyms lists where a config's value could come from, the one in force first.
func synonyms(c sourcedConfig) (all []kmsg.DescribeConfigsResponseResourceConfigConfigSynonym) {
	add := func(value string, source kmsg.ConfigSource) {
		s := kmsg.NewDescribeConfigsResponseResourceConfigConfigSynonym()
		s.Name, s.Value, s.Source = c.Name, &value, source
		all = append(all, s)
	}
	if c.source != kmsg.ConfigSourceDefaultConfig {
		add(c.Value, c.source)
	}
	if c.source != kmsg.ConfigSourceStaticBrokerConfig {
		add(c.Default, kmsg.ConfigSourceDefaultConfig)
	}
	return all
}
