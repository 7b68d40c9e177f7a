package meta

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
)

// maxPartitions bounds what one entry can make the state allocate. The engine's own limit is lower.
const maxPartitions = 1 << 20

func checkPartitions(n int32) error {
	if n < 1 || n > maxPartitions {
		return fmt.Errorf("%d partitions", n)
	}
	return nil
}

func (*CreateTopic) kind() kind { return kindCreateTopic }

// Validate implements Entry.
func (e *CreateTopic) Validate() error {
	if e.Name == "" || len(e.Name) > 1<<10 {
		return fmt.Errorf("a name of %d bytes", len(e.Name))
	}
	if e.ID == (TopicID{}) {
		return errors.New("no topic id")
	}
	return checkPartitions(e.Partitions)
}

// append writes: topic id 16 bytes, name string, partitions uvarint, configs (count, then key and value each).
func (e *CreateTopic) append(dst []byte) []byte {
	dst = appendString(append(dst, e.ID[:]...), e.Name)
	return appendConfigs(binary.AppendUvarint(dst, uint64(e.Partitions)), e.Configs)
}

func (e *CreateTopic) apply(s *State, c *Commit) Outcome {
	if s.byName[e.Name] != nil || s.topics[e.ID] != nil {
		return Outcome{Err: fmt.Errorf("%w: %q", ErrTopicExists, e.Name)}
	}
	t := &Topic{ID: e.ID, Name: e.Name, CreatedAt: c.Time, Configs: maps.Clone(e.Configs)}
	s.addTopic(t)
	s.growTopic(t, e.Partitions)
	return Outcome{}
}

func (s *State) addTopic(t *Topic) {
	s.topics[t.ID], s.byName[t.Name] = t, t
	s.dirty.topics[t.ID] = struct{}{}
}

// growTopic adds empty partitions up to count. They are made in one piece.
func (s *State) growTopic(t *Topic, count int32) {
	have := int32(len(t.Partitions))
	fresh := make([]Partition, count-have)
	for i := range fresh {
		p := &fresh[i]
		p.ID = PartitionID{t.ID, have + int32(i)}
		t.Partitions = append(t.Partitions, p)
	}
	s.dirty.topics[t.ID] = struct{}{}
}

func (*DeleteTopic) kind() kind { return kindDeleteTopic }

// Validate implements Entry.
func (e *DeleteTopic) Validate() error { return nil }

// append writes: topic id 16 bytes.
func (e *DeleteTopic) append(dst []byte) []byte { return append(dst, e.ID[:]...) }

func (e *DeleteTopic) apply(s *State, c *Commit) Outcome {
	t := s.topics[e.ID]
	if t == nil {
		return Outcome{Err: ErrTopicNotFound}
	}
	for _, p := range t.Partitions {
		s.dropExtents(p, len(p.Extents))
		for id := range p.Producers {
			s.dirty.producers[producerKey{p.ID, id}] = struct{}{}
		}
		s.dirty.partitions[p.ID] = struct{}{}
	}
	for group, offsets := range s.groups {
		for p := range offsets {
			if p.Topic == e.ID {
				s.deleteOffset(group, p)
			}
		}
	}
	delete(s.topics, t.ID)
	delete(s.byName, t.Name)
	s.dirty.topics[t.ID] = struct{}{}
	return Outcome{}
}

func (*CreatePartitions) kind() kind { return kindCreatePartitions }

// Validate implements Entry.
func (e *CreatePartitions) Validate() error { return checkPartitions(e.Count) }

// append writes: topic id 16 bytes, count uvarint.
func (e *CreatePartitions) append(dst []byte) []byte {
	return binary.AppendUvarint(append(dst, e.ID[:]...), uint64(e.Count))
}

func (e *CreatePartitions) apply(s *State, c *Commit) Outcome {
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

// append writes: topic id 16 bytes, replace 0 or 1, removed names (count, strings), configs as in CreateTopic.
func (e *AlterConfigs) append(dst []byte) []byte {
	dst = append(dst, e.ID[:]...)
	if e.Replace {
		dst = append(dst, 1)
	} else {
		dst = append(dst, 0)
	}
	return appendConfigs(appendStrings(dst, e.Remove), e.Set)
}

func (e *AlterConfigs) apply(s *State, c *Commit) Outcome {
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
	s.dirty.topics[t.ID] = struct{}{}
	return Outcome{}
}
