package meta

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// maxPartitions bounds what one entry can make the state allocate; the engine's
// own limit is lower. maxTopicName keeps the journal honest about names.
const (
	maxPartitions = 1 << 17
	maxTopicName  = 1 << 10
	maxReplicas   = 1<<15 - 1 // of Kafka's protocol; the engine's own limit is lower
)

func checkPartitions(n int32) error {
	if n < 1 || n > maxPartitions {
		return fmt.Errorf("%d partitions", n)
	}
	return nil
}

func checkReplicas(n int32) error {
	if n < 0 || n > maxReplicas {
		return fmt.Errorf("%d replicas", n)
	}
	return nil
}

func (e *CreateTopic) kind() kind {
	if e.Replicas == 0 {
		return kindCreateTopic
	}
	return kindCreateReplicated
}

// Validate implements Entry.
func (e *CreateTopic) Validate() error {
	if e.Name == "" || len(e.Name) > maxTopicName {
		return fmt.Errorf("a name of %d bytes", len(e.Name))
	}
	if e.ID == (TopicID{}) {
		return errors.New("no topic id")
	}
	return errors.Join(checkPartitions(e.Partitions), checkReplicas(e.Replicas))
}

func (e *CreateTopic) append(dst []byte) []byte {
	dst = appendString(append(dst, e.ID[:]...), e.Name)
	dst = appendConfigs(binary.AppendUvarint(dst, uint64(e.Partitions)), e.Configs)
	if e.Replicas > 0 {
		dst = binary.AppendUvarint(dst, uint64(e.Replicas))
	}
	return dst
}

// createTopic reads what append wrote; a topic of the older kind has no replicas.
func (r *reader) createTopic(replicated bool) Entry {
	e := &CreateTopic{ID: r.id(), Name: r.string(), Partitions: r.int32(), Configs: r.configs()}
	if replicated {
		if e.Replicas = r.int32(); e.Replicas == 0 {
			r.fail("a replicated topic without replicas")
		}
	}
	return e
}

func (e *CreateTopic) apply(s *Application) Outcome {
	if s.byName[e.Name] != nil || s.topics[e.ID] != nil {
		return Outcome{Err: fmt.Errorf("%w: %q", ErrTopicExists, e.Name)}
	}
	t := &Topic{ID: e.ID, Name: e.Name, CreatedAt: s.commit.Time, Configs: maps.Clone(e.Configs), Replicas: e.Replicas}
	s.addTopic(t)
	s.growTopic(t, e.Partitions)
	return Outcome{}
}

func (s *State) addTopic(t *Topic) {
	s.topics[t.ID], s.byName[t.Name] = t, t
	s.alike.add(t)
	s.ordered.add(t)
}

func (s *State) removeTopic(t *Topic) {
	delete(s.topics, t.ID)
	delete(s.byName, t.Name)
	s.alike.remove(t)
	s.ordered.remove(t)
}

// growTopic adds empty partitions up to count. They are made in one piece.
func (s *State) growTopic(t *Topic, count int32) {
	have := int32(len(t.Partitions))
	fresh := make([]Partition, count-have)
	t.Partitions = slices.Grow(t.Partitions, len(fresh))
	for i := range fresh {
		p := &fresh[i]
		p.ID = PartitionID{t.ID, have + int32(i)}
		t.Partitions = append(t.Partitions, p)
		s.unsaved.partition(p)
	}
	s.usage.Partitions += int64(len(fresh))
	s.unsaved.topic(t.ID)
}

func (*DeleteTopic) kind() kind { return kindDeleteTopic }

// Validate implements Entry.
func (e *DeleteTopic) Validate() error { return nil }

func (e *DeleteTopic) append(dst []byte) []byte { return append(dst, e.ID[:]...) }

func (e *DeleteTopic) apply(s *Application) Outcome {
	t := s.topics[e.ID]
	if t == nil {
		return Outcome{Err: ErrTopicNotFound}
	}
	for _, p := range t.Partitions {
		s.dropExtents(p, len(p.Extents.list))
		p.deleted = true
		s.usage.Producers -= int64(len(p.Producers))
	}
	s.deleteOffsetsOf(t)
	s.usage.Partitions -= int64(len(t.Partitions))
	s.removeTopic(t)
	s.unsaved.deleteTopic(t.ID)
	return Outcome{}
}

func (*CreatePartitions) kind() kind { return kindCreatePartitions }

// Validate implements Entry.
func (e *CreatePartitions) Validate() error { return checkPartitions(e.Count) }

func (e *CreatePartitions) append(dst []byte) []byte {
	return binary.AppendUvarint(append(dst, e.ID[:]...), uint64(e.Count))
}

func (e *CreatePartitions) apply(s *Application) Outcome {
	t := s.topics[e.ID]
	if t == nil {
		return Outcome{Err: ErrTopicNotFound}
	}
	if int(e.Count) <= len(t.Partitions) {
		return Outcome{Err: fmt.Errorf("%w: %d, topic %q has %d already", ErrInvalidPartitions, e.Count, t.Name, len(t.Partitions))}
	}
	s.growTopic(t, e.Count)
	return Outcome{}
}

func (*AlterConfigs) kind() kind { return kindAlterConfigs }

// Validate implements Entry.
func (e *AlterConfigs) Validate() error { return nil }

func (e *AlterConfigs) append(dst []byte) []byte {
	dst = append(dst, e.ID[:]...)
	if e.Replace {
		dst = append(dst, 1)
	} else {
		dst = append(dst, 0)
	}
	return appendConfigs(appendStrings(dst, e.Remove), e.Set)
}

func (e *AlterConfigs) apply(s *Application) Outcome {
	t := s.topics[e.ID]
	if t == nil {
		return Outcome{Err: ErrTopicNotFound}
	}
	configs := make(map[string]string, len(t.Configs)+len(e.Set))
	if !e.Replace {
		maps.Copy(configs, t.Configs)
	}
	for _, name := range e.Remove {
		delete(configs, name)
	}
	maps.Copy(configs, e.Set)
	t.Configs = configs
	s.unsaved.topic(t.ID)
	return Outcome{}
}

func (*AlterReplicas) kind() kind { return kindAlterReplicas }

// Validate implements Entry.
func (e *AlterReplicas) Validate() error { return checkReplicas(e.Replicas) }

func (e *AlterReplicas) append(dst []byte) []byte {
	return binary.AppendUvarint(append(dst, e.ID[:]...), uint64(e.Replicas))
}

func (e *AlterReplicas) apply(s *Application) Outcome {
	t := s.topics[e.ID]
	if t == nil {
		return Outcome{Err: ErrTopicNotFound}
	}
	t.Replicas = e.Replicas
	s.unsaved.topic(t.ID)
	return Outcome{}
}
