package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"streamhouse/integration/wire"
	"streamhouse/log"
	"streamhouse/meta"
)

// producerNames are the names under which the maker's producers are known.
var producerNames = []string{"door", "engine"}

// describeBatches lists every batch that can be read, with its place, its
// bytes' hash, and how many bytes it has.
func describeBatches(ctx context.Context, l *log.Log) (string, error) {
	var out strings.Builder
	for _, t := range l.Topics() {
		for i := range t.Partitions {
			if err := describePartitionBatches(ctx, &out, l, t, i); err != nil {
				return "", fmt.Errorf("partition %d of %s: %w", i, t.Name, err)
			}
		}
	}
	return out.String(), nil
}

func describePartitionBatches(ctx context.Context, out *strings.Builder, l *log.Log, t log.Topic, index int32) error {
	for next := int64(-1); ; {
		req := log.ReadRequest{Partition: log.PartitionID{Topic: t.ID, Index: index}, Offset: next, MaxBytes: 1 << 20, LeaderEpoch: -1}
		got := l.Read(ctx, []log.ReadRequest{req}, log.ReadOptions{MaxBytes: 1 << 20, MinBytes: 1, MaxWait: time.Millisecond})[0]
		var outside *log.OffsetError
		switch {
		case errors.As(got.Err, &outside) && next < 0:
			next = outside.Start
			continue
		case got.Err != nil:
			return got.Err
		case next == got.HighWatermark:
			return nil
		}
		batches, err := wire.Split(slices.Concat(got.Records...))
		if err != nil {
			return err
		}
		for _, b := range batches {
			base, count := wire.BaseOffset(b), int64(binary.BigEndian.Uint32(b[23:]))+1
			fmt.Fprintf(out, "batch %s/%d %d+%d %d bytes %x\n", t.Name, index, base, count, len(b), sha256.Sum256(b))
			next = base + count
		}
	}
}

// loadState reads the state from the metadata file of a log that is closed.
func loadState(path string) (*meta.State, error) {
	db, err := meta.OpenDB(path)
	if err != nil {
		return nil, err
	}
	state, err := db.Load()
	return state, errors.Join(err, db.Close())
}

// describeState says what the state holds, but for where in the bucket the batches are.
func describeState(s *meta.State) string {
	var out strings.Builder
	fmt.Fprintf(&out, "cluster %x\nseq %d epoch %d time %d\n", s.Cluster, s.Seq, s.Epoch, s.Time)
	for t := range s.Topics() {
		fmt.Fprintf(&out, "topic %s %x created %d\n", t.Name, t.ID, t.CreatedAt)
		for _, name := range slices.Sorted(maps.Keys(t.Configs)) {
			fmt.Fprintf(&out, "config %s %s=%s\n", t.Name, name, t.Configs[name])
		}
		for _, p := range t.Partitions {
			describePartition(&out, t, p)
		}
	}
	for group := range s.Groups() {
		for p, o := range s.GroupOffsets(group) {
			fmt.Fprintf(&out, "group %q %s/%d offset %d epoch %d metadata %q at %d\n",
				group, s.TopicByID(p.Topic).Name, p.Index, o.Offset, o.LeaderEpoch, o.Metadata, o.CommittedAt)
		}
	}
	for _, name := range producerNames {
		id, known := s.NamedProducer(name)
		fmt.Fprintf(&out, "producer name %q %d %t\n", name, id, known)
	}
	return out.String()
}

// describeNext says which producer id a new producer gets.
func describeNext(id int64) string { return fmt.Sprintf("next producer id %d\n", id) }

func describePartition(out *strings.Builder, t *meta.Topic, p *meta.Partition) {
	fmt.Fprintf(out, "partition %s/%d from %d to %d epochs", t.Name, p.ID.Index, p.LogStart, p.HighWatermark)
	for _, e := range p.Epochs {
		fmt.Fprintf(out, " %d@%d", e.Epoch, e.Start)
	}
	out.WriteByte('\n')
	for _, id := range slices.Sorted(maps.Keys(p.Producers)) {
		w := p.Producers[id]
		fmt.Fprintf(out, "producer %s/%d %d epoch %d at %d batches", t.Name, p.ID.Index, w.ID, w.Epoch, w.LastTime)
		for _, b := range w.Batches {
			fmt.Fprintf(out, " %d-%d@%d time %d", b.FirstSeq, b.LastSeq, b.Base, b.Timestamp)
		}
		out.WriteByte('\n')
	}
}
