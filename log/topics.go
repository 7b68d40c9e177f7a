package log

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"streamhouse/meta"
)

// Topic describes a topic. Its Configs are shared and must not be changed.
type Topic struct {
	ID         TopicID
	Name       string
	Partitions int32
	Configs    map[string]string // only what was set on the topic
	CreatedAt  time.Time
	Replicas   int32 // the replication factor that was asked for, 1 where none was, MaxReplicas at most
	InSync     int32 // how many of them to show in sync: all, or as many as min.insync.replicas wants where that is more
}

// TopicSpec asks for a topic.
type TopicSpec struct {
	Name       string
	Partitions int32
	Configs    map[string]string
	Replicas   int32 // the replication factor, which is kept to be read back; 0 is the default
}

// TopicResult is the outcome for one topic: Err, or the topic.
type TopicResult struct {
	Topic Topic
	Err   error
}

// Topic returns a topic by name, or ErrTopicNotFound.
func (l *Log) Topic(name string) (Topic, error) {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	t := l.state.TopicByName(name)
	if t == nil {
		return Topic{}, fmt.Errorf("%w: %q", ErrTopicNotFound, name)
	}
	return l.describeTopic(t), nil
}

// TopicByID returns a topic by id, or ErrTopicNotFound.
func (l *Log) TopicByID(id TopicID) (Topic, error) {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	t := l.state.TopicByID(id)
	if t == nil {
		return Topic{}, fmt.Errorf("%w: id %s", ErrTopicNotFound, meta.FormatID(id))
	}
	return l.describeTopic(t), nil
}

func (l *Log) describeTopic(m *meta.Topic) Topic {
	t := Topic{ID: m.ID, Name: m.Name, Partitions: int32(len(m.Partitions)), Configs: m.Configs, CreatedAt: time.UnixMilli(m.CreatedAt)}
	l.setReplicas(&t, m.Replicas)
	return t
}

// Topics returns all topics, sorted by name.
func (l *Log) Topics() []Topic {
	l.stateMu.RLock()
	all := make([]Topic, 0, len(l.topics))
	for t := range l.state.Topics() {
		all = append(all, l.describeTopic(t))
	}
	l.stateMu.RUnlock()
	slices.SortFunc(all, func(a, b Topic) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// CreateTopics creates topics: all that are valid and let in, in one commit. Errors per
// topic: ErrInvalidTopic, ErrReservedTopic, ErrTopicExists, ErrInvalidPartitions, ErrInvalidReplicas, ErrInvalidConfig, ErrLimit, ErrThrottled.
func (l *Log) CreateTopics(specs []TopicSpec) *Pending[[]TopicResult] {
	results := l.checkTopics(specs)
	entries := make([]meta.Entry, len(specs))
	var held claim
	for i, s := range specs {
		if results[i].Err == nil {
			results[i].Err = l.claimInto(&held, claim{topicUsage(s), int64(s.Partitions)})
		}
		if results[i].Err == nil {
			entries[i] = &meta.CreateTopic{ID: results[i].Topic.ID, Name: s.Name, Partitions: s.Partitions, Configs: maps.Clone(s.Configs), Replicas: s.Replicas}
		}
	}
	return submitClaimed(l, entries, held, results, func(r *TopicResult, c *meta.Commit, o meta.Outcome) {
		r.Err, r.Topic.CreatedAt = o.Err, time.UnixMilli(c.Time)
	}, func(r *TopicResult, err error) { r.Err = err })
}

// topicUsage is what a topic adds to the state.
func topicUsage(s TopicSpec) Usage { return Usage{Topics: 1, Partitions: int64(s.Partitions)} }

// ValidateTopics tells what CreateTopics would answer for each topic if it created those before it, and changes
// nothing. The pace does not count: nothing is created. The id of a topic is one that it could have: it gets
// another when it is created.
func (l *Log) ValidateTopics(specs []TopicSpec) []TopicResult {
	results := l.checkTopics(specs)
	var sum claim
	for i, s := range specs {
		if results[i].Err == nil {
			results[i].Err = l.admission.checkWith(&sum, claim{adds: topicUsage(s)})
		}
	}
	return results
}

// checkTopics finds what is wrong with topics by themselves, and which exist.
func (l *Log) checkTopics(specs []TopicSpec) []TopicResult {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	results := make([]TopicResult, len(specs))
	for i, s := range specs {
		results[i].Topic = Topic{ID: meta.NewID(), Name: s.Name, Partitions: s.Partitions, Configs: s.Configs}
		l.setReplicas(&results[i].Topic, s.Replicas)
		err := checkNewName(s.Name)
		switch {
		case err != nil:
			results[i].Err = err
		case l.state.TopicByName(s.Name) != nil:
			results[i].Err = fmt.Errorf("%w: %q", ErrTopicExists, s.Name)
		case l.state.TopicLike(s.Name) != nil:
			results[i].Err = fmt.Errorf("%w: %q: there is %q, and dots and underscores alone do not tell topics apart", ErrInvalidTopic, s.Name, l.state.TopicLike(s.Name).Name)
		case s.Partitions < 1 || s.Partitions > MaxPartitions:
			results[i].Err = fmt.Errorf("%w: %d, a topic has 1 to %d", ErrInvalidPartitions, s.Partitions, MaxPartitions)
		default:
			results[i].Err = errors.Join(checkReplicas(s.Replicas), l.configs.validate(s.Configs))
		}
	}
	return results
}

// DeleteTopics deletes topics with their records and the offsets committed for
// them. Errors per topic: ErrTopicNotFound, ErrThrottled.
func (l *Log) DeleteTopics(ids []TopicID) *Pending[[]error] {
	entries, errs := make([]meta.Entry, len(ids)), make([]error, len(ids))
	var held claim
	for i, id := range ids {
		t, err := l.TopicByID(id)
		if err == nil {
			err = l.claimInto(&held, claim{changes: int64(t.Partitions)})
		}
		if errs[i] = err; err == nil {
			entries[i] = &meta.DeleteTopic{ID: id}
		}
	}
	return submitErrorsClaimed(l, entries, held, errs)
}

// PartitionsSpec asks for a topic to have Count partitions.
type PartitionsSpec struct {
	Topic string
	Count int32
}

// CreatePartitions raises the number of partitions of topics. Errors per
// topic: ErrTopicNotFound, ErrInvalidPartitions, ErrLimit, ErrThrottled. With validateOnly it changes nothing.
func (l *Log) CreatePartitions(specs []PartitionsSpec, validateOnly bool) *Pending[[]error] {
	entries, errs := make([]meta.Entry, len(specs)), make([]error, len(specs))
	var held, sum claim
	for i, s := range specs {
		t, err := l.Topic(s.Topic)
		grown := claim{Usage{Partitions: int64(s.Count - t.Partitions)}, int64(s.Count - t.Partitions)}
		switch {
		case err != nil:
			errs[i] = err
		case s.Count <= t.Partitions || s.Count > MaxPartitions:
			errs[i] = fmt.Errorf("%w: %d, topic %q has %d and can have up to %d", ErrInvalidPartitions, s.Count, s.Topic, t.Partitions, MaxPartitions)
		case validateOnly:
			errs[i] = l.admission.checkWith(&sum, grown)
		default:
			if errs[i] = l.claimInto(&held, grown); errs[i] == nil {
				entries[i] = &meta.CreatePartitions{ID: t.ID, Count: s.Count}
			}
		}
	}
	return submitErrorsClaimed(l, entries, held, errs)
}

// ConfigChange changes the configs of a topic: it first forgets all that is set
// where Replace is true, then removes the names in Remove, then sets Set.
type ConfigChange struct {
	Topic   string
	Replace bool
	Set     map[string]string
	Remove  []string
}

// AlterConfigs changes topic configs. Errors per topic: ErrTopicNotFound,
// ErrInvalidConfig naming the config. With validateOnly it changes nothing.
func (l *Log) AlterConfigs(changes []ConfigChange, validateOnly bool) *Pending[[]error] {
	entries, errs := make([]meta.Entry, len(changes)), make([]error, len(changes))
	for i, c := range changes {
		t, err := l.Topic(c.Topic)
		if err == nil {
			err = l.checkChange(c)
		}
		if errs[i] = err; err == nil && !validateOnly {
			entries[i] = &meta.AlterConfigs{ID: t.ID, Replace: c.Replace, Remove: slices.Clone(c.Remove), Set: maps.Clone(c.Set)}
		}
	}
	return submitErrors(l, entries, errs)
}

func (l *Log) checkChange(c ConfigChange) error {
	errs := []error{l.configs.validate(c.Set)}
	for _, name := range c.Remove {
		if findConfig(name) == nil {
			errs = append(errs, fmt.Errorf("%w: %q is not supported", ErrInvalidConfig, name))
		}
	}
	return errors.Join(errs...)
}

// DescribeConfigs returns all configs of a topic, by name, or ErrTopicNotFound.
func (l *Log) DescribeConfigs(topic string) ([]Config, error) {
	t, err := l.Topic(topic)
	if err != nil {
		return nil, err
	}
	return l.configs.describe(t.Configs), nil
}

// ConfigsInForce returns all configs of a topic that sets the given ones, by name.
func (l *Log) ConfigsInForce(set map[string]string) []Config { return l.configs.describe(set) }

// DeleteSpec asks for the records of a partition before Offset to go; -1 means all.
type DeleteSpec struct {
	Partition PartitionID
	Offset    int64
}

// DeleteResult is the partition's new first offset, or an error: ErrTopicNotFound,
// ErrPartitionNotFound, ErrOffsetOutOfRange.
type DeleteResult struct {
	LogStart int64
	Err      error
}

// DeleteRecords moves the start of partitions forward.
func (l *Log) DeleteRecords(specs []DeleteSpec) *Pending[[]DeleteResult] {
	entries, results := make([]meta.Entry, len(specs)), make([]DeleteResult, len(specs))
	for i, s := range specs {
		if s.Partition.Index < 0 {
			results[i].Err = fmt.Errorf("%w: %d", ErrPartitionNotFound, s.Partition.Index)
			continue
		}
		entries[i] = &meta.DeleteRecords{Partition: s.Partition, Offset: s.Offset}
	}
	return submit(l, entries, results, func(r *DeleteResult, _ *meta.Commit, o meta.Outcome) {
		r.LogStart, r.Err = o.Value, o.Err
	}, func(r *DeleteResult, err error) { r.Err = err })
}
