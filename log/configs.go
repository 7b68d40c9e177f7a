package log

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"streamhouse/log/record"
)

// Config is one config of a topic as it is in force.
type Config struct {
	Name    string
	Value   string
	Default string // in force where the topic does not set it
	Set     bool   // the topic sets it
	Type    ConfigType
	Doc     string
}

// ConfigType is how a config's value is written.
type ConfigType int8

// The types of configs.
const (
	ConfigInt ConfigType = iota
	ConfigLong
	ConfigString
	ConfigList
	ConfigBool
)

// topicConfigs declares every topic config once. The names and defaults are
// Kafka's. A config that the engine does not honour is not here, and refused.
var topicConfigs = []topicConfig{
	{"cleanup.policy", "delete", ConfigList, oneOf("delete"),
		"What happens to old records: delete them. Compaction is not supported yet.", nil},
	{"compression.type", "producer", ConfigString, oneOf("producer"),
		"Batches are kept in the codec that the producer chose.", nil},
	{"max.message.bytes", "1048588", ConfigInt, between(record.HeaderLen, MaxFrameBytes),
		"Largest record batch, bytes.", func(s *topicSettings, v int64) { s.maxMessageBytes = v }},
	{"message.timestamp.after.max.ms", "3600000", ConfigLong, between(0, maxInt64),
		"How far a record's timestamp may lie ahead of the broker's clock.", func(s *topicSettings, v int64) { s.afterMax = v }},
	{"message.timestamp.before.max.ms", "9223372036854775807", ConfigLong, between(0, maxInt64),
		"How far a record's timestamp may lie behind the broker's clock.", func(s *topicSettings, v int64) { s.beforeMax = v }},
	{"message.timestamp.type", "CreateTime", ConfigString, oneOf("CreateTime", "LogAppendTime"),
		"Whose clock the record timestamps are from: the producer's or the broker's.", nil},
	{"min.insync.replicas", "1", ConfigInt, between(1, maxInt32),
		"Always met: an acknowledged record is in the object store, whatever this says.", nil},
	{"retention.bytes", "-1", ConfigLong, between(-1, maxInt64),
		"Bytes of a partition that are kept at least; -1: no limit. Recorded; nothing is deleted by it yet.", nil},
	{"retention.ms", "604800000", ConfigLong, between(-1, maxInt64),
		"How long records are kept at least; -1: for ever. Recorded; nothing is deleted by it yet.", nil},
}

const (
	maxInt32 = 1<<31 - 1
	maxInt64 = 1<<63 - 1
)

type topicConfig struct {
	name, value string // the built-in default
	kind        ConfigType
	check       func(string) error
	doc         string
	apply       func(*topicSettings, int64) // sets what the engine reads of a number
}

func oneOf(values ...string) func(string) error {
	return func(v string) error {
		if slices.Contains(values, v) {
			return nil
		}
		return fmt.Errorf("it can be %q", values)
	}
}

func between(low, high int64) func(string) error {
	return func(v string) error {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < low || n > high {
			return fmt.Errorf("it is a whole number from %d to %d", low, high)
		}
		return nil
	}
}

// topicSettings are the configs of a topic that are read for every batch, parsed.
type topicSettings struct {
	maxMessageBytes     int64
	afterMax, beforeMax int64 // milliseconds
	logAppendTime       bool
}

// timeRange is what the timestamps of records may be (KIP-937). Where the broker sets the time, the producer's does not
// matter.
func (s *topicSettings) timeRange(now int64) record.TimeRange {
	r := record.TimeRange{Oldest: math.MinInt64, Newest: math.MaxInt64, OursAlone: s.logAppendTime}
	if now > math.MinInt64+s.beforeMax {
		r.Oldest = now - s.beforeMax
	}
	if now < 0 || s.afterMax < math.MaxInt64-now {
		r.Newest = now + s.afterMax
	}
	return r
}

func (s *topicSettings) timestampType() string {
	if s.logAppendTime {
		return "LogAppendTime"
	}
	return "CreateTime"
}

// configTable holds the defaults in force: the built-in ones and what the
// options replaced them by.
type configTable struct {
	defaults map[string]string
}

func newConfigTable(overrides map[string]string) (configTable, error) {
	t := configTable{make(map[string]string, len(topicConfigs))}
	for _, c := range topicConfigs {
		t.defaults[c.name] = c.value
	}
	if err := t.validate(overrides); err != nil {
		return t, fmt.Errorf("topic defaults: %w", err)
	}
	maps.Copy(t.defaults, overrides)
	return t, nil
}

// validate refuses unknown names and values that are not allowed. The error
// names them all.
func (t configTable) validate(configs map[string]string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		c := findConfig(name)
		if c == nil {
			errs = append(errs, fmt.Errorf("%w: %q is not supported", ErrInvalidConfig, name))
		} else if v := configs[name]; len(v) > MaxConfigValue {
			errs = append(errs, fmt.Errorf("%w: %s has a value of %d bytes, at most %d are allowed", ErrInvalidConfig, name, len(v), MaxConfigValue))
		} else if err := c.check(configs[name]); err != nil {
			errs = append(errs, fmt.Errorf("%w: %s=%q: %w", ErrInvalidConfig, name, configs[name], err))
		}
	}
	return errors.Join(errs...)
}

func findConfig(name string) *topicConfig {
	i := slices.IndexFunc(topicConfigs, func(c topicConfig) bool { return c.name == name })
	if i < 0 {
		return nil
	}
	return &topicConfigs[i]
}

func (t configTable) value(set map[string]string, name string) string {
	if v, ok := set[name]; ok {
		return v
	}
	return t.defaults[name]
}

// settings parses the configs of a topic. They were checked before they came
// into the journal; what a later version wrote and this one cannot read counts as its default.
func (t configTable) settings(set map[string]string) topicSettings {
	var s topicSettings
	for _, c := range topicConfigs {
		if c.apply == nil {
			continue
		}
		n, err := strconv.ParseInt(t.value(set, c.name), 10, 64)
		if err != nil {
			n, _ = strconv.ParseInt(c.value, 10, 64)
		}
		c.apply(&s, n)
	}
	s.logAppendTime = t.value(set, "message.timestamp.type") == "LogAppendTime"
	return s
}

// describe lists all configs as they are in force for a topic.
func (t configTable) describe(set map[string]string) []Config {
	all := make([]Config, 0, len(topicConfigs))
	for _, c := range topicConfigs {
		_, isSet := set[c.name]
		all = append(all, Config{Name: c.name, Value: t.value(set, c.name), Default: t.defaults[c.name], Set: isSet, Type: c.kind, Doc: c.doc})
	}
	return all
}
