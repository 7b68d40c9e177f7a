package meta

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxName bounds names that are keys of the metadata file. bbolt's own limit is 32 KiB.
const maxName = 1 << 14

func checkGroup(name string) error {
	if len(name) > maxName {
		return fmt.Errorf("a group name of %d bytes", len(name))
	}
	return nil
}

func (*CommitOffsets) kind() kind { return kindCommitOffsets }

// Validate implements Entry.
func (e *CommitOffsets) Validate() error {
	for _, o := range e.Offsets {
		if o.Offset < 0 || o.LeaderEpoch < -1 || o.Partition.Index < 0 {
			return fmt.Errorf("offset %d, leader epoch %d, partition %d", o.Offset, o.LeaderEpoch, o.Partition.Index)
		}
	}
	if len(e.Offsets) == 0 {
		return errors.New("no offsets")
	}
	return checkGroup(e.Group)
}

func (e *CommitOffsets) append(dst []byte) []byte {
	dst = binary.AppendUvarint(appendString(dst, e.Group), uint64(len(e.Offsets)))
	for i := range e.Offsets {
		o := &e.Offsets[i]
		dst = binary.AppendUvarint(appendPartition(dst, o.Partition), uint64(o.Offset))
		dst = binary.AppendUvarint(dst, uint64(int64(o.LeaderEpoch)+1))
		dst = appendString(dst, o.Metadata)
	}
	return dst
}

func (r *reader) commitOffsets() *CommitOffsets {
	e := &CommitOffsets{Group: r.string()}
	if n := r.count(20); n > 0 {
		e.Offsets = make([]CommitOffset, n)
	}
	for i := range e.Offsets {
		e.Offsets[i] = CommitOffset{r.partition(), r.int64(), r.leaderEpoch(), r.string()}
	}
	return e
}

func (e *CommitOffsets) apply(s *Application) Outcome {
	var out Outcome
	for i := range e.Offsets {
		o := &e.Offsets[i]
		if _, err := s.findPartition(o.Partition); err != nil {
			out.setErr(i, len(e.Offsets), err)
			continue
		}
		s.setOffset(e.Group, o.Partition, GroupOffset{o.Offset, o.LeaderEpoch, o.Metadata, s.commit.Time})
		s.unsaved.offset(e.Group, o.Partition)
	}
	return out
}

// setErr sets the error of position i of n.
func (o *Outcome) setErr(i, n int, err error) {
	if o.Errs == nil {
		o.Errs = make([]error, n)
	}
	o.Errs[i] = err
}

// setOffset stores a position in a partition that exists. The topic counts
// its groups, so that it can be deleted without looking through all there are.
func (s *State) setOffset(group string, p PartitionID, o GroupOffset) {
	offsets := s.groups[group]
	if offsets == nil {
		offsets = make(map[PartitionID]GroupOffset)
		s.groups[group] = offsets
	}
	old, known := offsets[p]
	if !known {
		s.usage.Offsets++
		t := s.topics[p.Topic]
		if t.groups == nil {
			t.groups = make(map[string]int)
		}
		t.groups[group]++
	}
	s.usage.OffsetMetadataBytes += int64(len(o.Metadata) - len(old.Metadata))
	offsets[p] = o
}

// deleteOffsetsOf forgets all positions in a topic. It looks at the group's positions or the topic's partitions,
// whichever are fewer: a commit may delete many topics, and groups may have many positions.
func (s *State) deleteOffsetsOf(t *Topic) {
	for group := range t.groups {
		if offsets := s.groups[group]; len(offsets) < len(t.Partitions) {
			for p := range offsets {
				if p.Topic == t.ID {
					s.deleteOffset(group, p)
				}
			}
			continue
		}
		for _, p := range t.Partitions {
			s.deleteOffset(group, p.ID)
		}
	}
}

// deleteOffset forgets a position; a group without any is gone.
func (s *State) deleteOffset(group string, p PartitionID) {
	offsets := s.groups[group]
	o, ok := offsets[p]
	if !ok {
		return
	}
	s.usage.Offsets--
	s.usage.OffsetMetadataBytes -= int64(len(o.Metadata))
	if delete(offsets, p); len(offsets) == 0 {
		delete(s.groups, group)
	}
	if t := s.topics[p.Topic]; t.groups[group] > 1 {
		t.groups[group]--
	} else {
		delete(t.groups, group)
	}
	s.unsaved.offset(group, p)
}

func (*DeleteOffsets) kind() kind { return kindDeleteOffsets }

// Validate implements Entry.
func (e *DeleteOffsets) Validate() error {
	for _, p := range e.Partitions {
		if p.Index < 0 {
			return fmt.Errorf("partition %d", p.Index)
		}
	}
	return checkGroup(e.Group)
}

func (e *DeleteOffsets) append(dst []byte) []byte {
	dst = binary.AppendUvarint(appendString(dst, e.Group), uint64(len(e.Partitions)))
	for _, p := range e.Partitions {
		dst = appendPartition(dst, p)
	}
	return dst
}

func (r *reader) deleteOffsets() *DeleteOffsets {
	e := &DeleteOffsets{Group: r.string()}
	if n := r.count(17); n > 0 {
		e.Partitions = make([]PartitionID, n)
	}
	for i := range e.Partitions {
		e.Partitions[i] = r.partition()
	}
	return e
}

func (e *DeleteOffsets) apply(s *Application) Outcome {
	if s.groups[e.Group] == nil {
		return Outcome{Err: fmt.Errorf("%w: %q", ErrGroupNotFound, e.Group)}
	}
	var out Outcome
	for i, p := range e.Partitions {
		if _, err := s.findPartition(p); err != nil {
			out.setErr(i, len(e.Partitions), err)
			continue
		}
		s.deleteOffset(e.Group, p)
	}
	return out
}

func (*DeleteGroup) kind() kind { return kindDeleteGroup }

// Validate implements Entry.
func (e *DeleteGroup) Validate() error { return checkGroup(e.Group) }

func (e *DeleteGroup) append(dst []byte) []byte { return appendString(dst, e.Group) }

func (e *DeleteGroup) apply(s *Application) Outcome {
	offsets := s.groups[e.Group]
	if offsets == nil {
		return Outcome{Err: fmt.Errorf("%w: %q", ErrGroupNotFound, e.Group)}
	}
	for p := range offsets {
		s.deleteOffset(e.Group, p)
	}
	return Outcome{}
}
