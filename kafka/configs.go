package kafka

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// sourcedConfig is a config with where its value comes from.
type sourcedConfig struct {
	log.Config
	source kmsg.ConfigSource
}

func configSource(c log.Config) kmsg.ConfigSource {
	if c.Set {
		return kmsg.ConfigSourceDynamicTopicConfig
	}
	return kmsg.ConfigSourceDefaultConfig
}

// resourceKey is how a request names what has configs.
type resourceKey struct {
	kind kmsg.ConfigResourceType
	name string
}

// alterable rejects what has no configs that a client can alter.
func alterable(kind kmsg.ConfigResourceType, name string, twice bool) error {
	switch {
	case kind != kmsg.ConfigResourceTypeTopic:
		return fmt.Errorf("%w: only the configs of topics can be altered; the broker's are settings of the program", kerr.InvalidRequest)
	case twice:
		return fmt.Errorf("%w: %q stands twice in the request", kerr.InvalidRequest, name)
	case name == "":
		return fmt.Errorf("%w: a topic without a name; its defaults are settings of the program", kerr.InvalidRequest)
	}
	return log.CheckTopicName(name)
}

func errConfigTwice(name string) error {
	return fmt.Errorf("%w: config %q stands twice in the request", kerr.InvalidRequest, name)
}
