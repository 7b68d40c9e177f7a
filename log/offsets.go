package log

import (
	"fmt"
	"slices"
	"time"

	"streamhouse/meta"
)

// OffsetCommit is a consumer group's position in one partition.
type OffsetCommit struct {
	Partition   PartitionID
	Offset      int64 // the next record to read; may lie beyond the log's end
	LeaderEpoch int32 // -1 where unknown
	Metadata    string
}

// CommittedOffset is a position as it was committed.
type CommittedOffset struct {
	OffsetCommit
	CommittedAt int64 // milliseconds since 1970
}

// CommitOffsets stores positions of a group, all in one commit. Errors per position:
// ErrTopicNotFound, ErrPartitionNotFound, ErrInvalidGroup, ErrInvalidOffset, ErrLimit for one that the
// group has not yet. Whether the committer may is the door's affair.
func (l *Log) CommitOffsets(group string, commits []OffsetCommit) *Pending[[]error] {
	errs := make([]error, len(commits))
	e := &meta.CommitOffsets{Group: group}
	var kept []int
	held := l.claimPositions(group, commits, errs)
	for i, c := range commits {
		if errs[i] == nil {
			kept = append(kept, i)
			e.Offsets = append(e.Offsets, meta.CommitOffset{Partition: c.Partition, Offset: c.Offset, LeaderEpoch: c.LeaderEpoch, Metadata: c.Metadata})
		}
	}
	return l.submitPositions(e, held, errs, kept)
}

// claimPositions checks positions and claims room for what is new of them. It fills errs, and returns what was let in.
func (l *Log) claimPositions(group string, commits []OffsetCommit, errs []error) (held claim) {
	var refused error
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	for i, c := range commits {
		if errs[i] = checkCommit(group, c); errs[i] != nil {
			continue
		}
		adds := l.positionUsage(group, c)
		if held.adds.Groups > 0 {
			adds.Groups = 0 // the first position has claimed it
		}
		if adds == (Usage{}) {
			continue
		}
		if errs[i] = l.admission.claim(claim{adds: adds}, time.Time{}); errs[i] == nil {
			held.add(claim{adds: adds}, 1)
		} else {
			refused = errs[i]
		}
	}
	if refused != nil {
		l.refused(refused) // once, however many positions a commit has
	}
	return held
}

// positionUsage is what a position adds to the state. stateMu is held for reading at least.
func (l *Log) positionUsage(group string, c OffsetCommit) (adds Usage) {
	old, known := l.state.GroupOffset(group, c.Partition)
	if !known {
		adds.Offsets = 1
		if !l.state.HasGroup(group) {
			adds.Groups = 1
		}
	}
	adds.OffsetMetadataBytes = max(0, int64(len(c.Metadata)-len(old.Metadata)))
	return adds
}

func checkCommit(group string, c OffsetCommit) error {
	if err := checkPosition(group, c.Partition); err != nil {
		return err
	}
	switch {
	case len(c.Metadata) > MaxOffsetMetadata:
		return fmt.Errorf("%w: metadata of %d bytes, at most %d are allowed", ErrInvalidOffset, len(c.Metadata), MaxOffsetMetadata)
	case c.Offset < 0:
		return fmt.Errorf("%w: %d", ErrInvalidOffset, c.Offset)
	case c.LeaderEpoch < -1:
		return fmt.Errorf("%w: leader epoch %d", ErrInvalidOffset, c.LeaderEpoch)
	}
	return nil
}

// checkPosition refuses what cannot be a group's position in a partition.
func checkPosition(group string, p PartitionID) error {
	if p.Index < 0 {
		return fmt.Errorf("%w: %d", ErrPartitionNotFound, p.Index)
	}
	return checkGroupName(group)
}

func checkGroupName(group string) error {
	if len(group) > MaxGroupName {
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrInvalidGroup, len(group), MaxGroupName)
	}
	return nil
}

// submitPositions submits one entry whose outcome has an error per position;
// kept says which of errs they are.
func (l *Log) submitPositions(e meta.Entry, held claim, errs []error, kept []int) *Pending[[]error] {
	if len(kept) == 0 {
		return completed(errs)
	}
	spread := func(all error, each []error) {
		for i, k := range kept {
			if errs[k] = all; all == nil && each != nil {
				errs[k] = each[i]
			}
		}
	}
	p := submitClaimed(l, []meta.Entry{e}, held, make([]error, 1),
		func(_ *error, _ *meta.Commit, o meta.Outcome) { spread(o.Err, o.Errs) },
		func(_ *error, err error) { spread(err, nil) })
	return &Pending[[]error]{flush: p.flush, next: p.next, result: func() []error { p.result(); return errs }}
}

// CommittedOffset returns a group's position in a partition, and whether it has one.
// What a Wait has acknowledged is seen.
func (l *Log) CommittedOffset(group string, p PartitionID) (CommittedOffset, bool) {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	o, ok := l.state.GroupOffset(group, p)
	return committed(p, o), ok
}

func committed(p PartitionID, o meta.GroupOffset) CommittedOffset {
	return CommittedOffset{OffsetCommit{p, o.Offset, o.LeaderEpoch, o.Metadata}, o.CommittedAt}
}

// CommittedOffsets returns all positions of a group, by topic id and partition.
func (l *Log) CommittedOffsets(group string) []CommittedOffset {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	var all []CommittedOffset
	for p, o := range l.state.GroupOffsets(group) {
		all = append(all, committed(p, o))
	}
	return all
}

// DeleteOffsets forgets positions of a group. Errors per position as in CommitOffsets, and ErrGroupNotFound for all.
func (l *Log) DeleteOffsets(group string, parts []PartitionID) *Pending[[]error] {
	errs := make([]error, len(parts))
	e := &meta.DeleteOffsets{Group: group}
	var kept []int
	for i, p := range parts {
		if errs[i] = checkPosition(group, p); errs[i] == nil {
			kept = append(kept, i)
			e.Partitions = append(e.Partitions, p)
		}
	}
	return l.submitPositions(e, claim{}, errs, kept)
}

// DeleteGroups forgets all positions of groups. Errors per group: ErrGroupNotFound, ErrInvalidGroup.
func (l *Log) DeleteGroups(groups []string) *Pending[[]error] {
	entries, errs := make([]meta.Entry, len(groups)), make([]error, len(groups))
	for i, g := range groups {
		if errs[i] = checkGroupName(g); errs[i] == nil {
			entries[i] = &meta.DeleteGroup{Group: g}
		}
	}
	return submitErrors(l, entries, errs)
}

// Groups returns the names of all groups that have positions, sorted.
func (l *Log) Groups() []string {
	l.stateMu.RLock()
	defer l.stateMu.RUnlock()
	return slices.Sorted(l.state.Groups())
}
