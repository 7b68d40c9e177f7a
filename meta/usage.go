package meta

// Usage counts what clients have made the state hold. Whoever proposes commits
// bounds it; Apply does not, so that a replay gives the same state under any settings.
type Usage struct {
	Topics              int64
	Partitions          int64 // of all topics
	Groups              int64 // that have offsets
	Offsets             int64 // positions of all groups
	OffsetMetadataBytes int64 // of all positions
	Producers           int64 // idempotent producers, counted in each partition that remembers them
	ProducerNames       int64
}

// Usage returns the counts of this moment. It is cheap.
func (s *State) Usage() Usage {
	u := s.usage
	u.Topics, u.Groups, u.ProducerNames = int64(len(s.topics)), int64(len(s.groups)), int64(len(s.names))
	return u
}

// count looks at everything and returns what Usage has to be.
func (s *State) count() Usage {
	u := Usage{Topics: int64(len(s.topics)), Groups: int64(len(s.groups)), ProducerNames: int64(len(s.names))}
	for _, t := range s.topics {
		u.Partitions += int64(len(t.Partitions))
		for _, p := range t.Partitions {
			u.Producers += int64(len(p.Producers))
		}
	}
	for _, offsets := range s.groups {
		u.Offsets += int64(len(offsets))
		for _, o := range offsets {
			u.OffsetMetadataBytes += int64(len(o.Metadata))
		}
	}
	return u
}
