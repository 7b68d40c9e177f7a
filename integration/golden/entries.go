package main

import (
	"errors"
	"fmt"

	"streamhouse/integration/wire"
	"streamhouse/log"
)

// partition finds a partition by the name of its topic.
func (o *opened) partition(topic string, index int32) (log.PartitionID, error) {
	t, err := o.Topic(topic)
	return log.PartitionID{Topic: t.ID, Index: index}, err
}

// create makes topics in one commit.
func (o *opened) create(specs ...log.TopicSpec) error {
	results, err := o.CreateTopics(specs).Wait(o.m.ctx)
	for _, r := range results {
		err = errors.Join(err, r.Err)
	}
	return err
}

// all waits for a change that has an error for each of its parts.
func (o *opened) all(p *log.Pending[[]error]) error {
	errs, err := p.Wait(o.m.ctx)
	return errors.Join(append(errs, err)...)
}

// start begins to append batches, each by a request of its own, all in one flush.
func (o *opened) start(topic string, index int32, batches ...[]byte) (*log.Pending[[]log.AppendResult], error) {
	p, err := o.partition(topic, index)
	if err != nil {
		return nil, err
	}
	var reqs []log.AppendRequest
	for _, b := range batches {
		reqs = append(reqs, log.AppendRequest{Partition: p, Records: b})
	}
	return o.Append(o.m.ctx, reqs)
}

// append appends batches, each by a request of its own, and wants as many outcomes; nil, and one that is not given, is a success.
func (o *opened) append(topic string, index int32, batches [][]byte, want ...error) error {
	pending, err := o.start(topic, index, batches...)
	if err != nil {
		return err
	}
	results, err := pending.Wait(o.m.ctx)
	if err != nil {
		return err
	}
	for i, r := range results {
		var expected error
		if i < len(want) {
			expected = want[i]
		}
		if !errors.Is(r.Err, expected) {
			return fmt.Errorf("batch %d: %w, expected is: %w", i, r.Err, expected)
		}
	}
	return nil
}

// one is a batch of plain values.
func one(values ...string) []byte {
	var records []wire.Record
	for _, v := range values {
		records = append(records, wire.Record{Key: []byte("key"), Value: []byte(v)})
	}
	return wire.Plain(baseTime, records...).Bytes()
}

// baseTime is the time of all records, milliseconds since 1970.
const baseTime = 1_780_000_000_000

// commit commits positions of a group, all in one entry.
func (o *opened) commit(group string, offsets ...log.OffsetCommit) error {
	return o.all(o.CommitOffsets(group, offsets))
}
