package meta

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommitRoundTrip(t *testing.T) {
	for _, c := range []*Commit{everyEntry(), sealCommit(), {Seq: 1}, {Seq: 1<<64 - 1, Epoch: maxEpoch - 1, Time: -1 << 63}} {
		require.NoError(t, c.Validate())
		decoded, err := DecodeCommit(AppendCommit(nil, c))
		require.NoError(t, err)
		require.Equal(t, c, decoded)
	}
}

func TestCommitHoldsEveryKind(t *testing.T) {
	seen := map[kind]bool{}
	for _, e := range append(everyEntry().Entries, sealCommit().Entries...) {
		seen[e.kind()] = true
	}
	for k := kindSeal; k <= kindAlterReplicas; k++ {
		require.Equal(t, kindNames[k] != "", seen[k], "a test commit holds a %s", k)
	}
	require.Len(t, kindNames, int(kindAlterReplicas)+1)
}

// TestGoldenCommit pins the bytes: a journal written today is read by every later version.
func TestGoldenCommit(t *testing.T) {
	for name, c := range map[string]*Commit{"commit": everyEntry(), "seal": sealCommit()} {
		file := filepath.Join("testdata", name+".hex")
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(hex.Dump(AppendCommit(nil, c))), 0o644))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(want), hex.Dump(AppendCommit(nil, c)), "%s: the encoding of commits has changed", file)
	}
}

func TestAppendCommitAppends(t *testing.T) {
	alone := AppendCommit(nil, everyEntry())
	require.Equal(t, append([]byte("before"), alone...), AppendCommit([]byte("before"), everyEntry()))
}

// TestEntryLengths crosses the sizes where the length of an entry takes another byte.
func TestEntryLengths(t *testing.T) {
	for _, n := range []int{1, 120, 124, 125, 126, 127, 128, 129, 130, 16_380, 16_381, 16_382, 16_383, 16_384} {
		c := &Commit{Seq: 1, Entries: []Entry{&NameProducer{Name: strings.Repeat("n", n)}, &DeleteGroup{Group: "behind"}}}
		decoded, err := DecodeCommit(AppendCommit(nil, c))
		require.NoError(t, err, "%d bytes", n)
		require.Equal(t, c, decoded)
	}
	big := &Commit{Seq: 1, Entries: []Entry{&CommitOffsets{Group: "g", Offsets: []CommitOffset{{Metadata: strings.Repeat("m", 3<<20)}}}, &DeleteGroup{Group: "behind"}}}
	decoded, err := DecodeCommit(AppendCommit(nil, big))
	require.NoError(t, err)
	require.Equal(t, big, decoded)
}

func TestDecodeRefusesEveryCut(t *testing.T) {
	whole := AppendCommit(nil, everyEntry())
	for n := range whole {
		_, err := DecodeCommit(whole[:n])
		require.ErrorIs(t, err, ErrCorrupt, "%d of %d bytes", n, len(whole))
	}
	_, err := DecodeCommit(append(whole, 0))
	require.ErrorIs(t, err, ErrCorrupt)
}

func TestDecodeRefusesTheFuture(t *testing.T) {
	_, err := DecodeCommit([]byte{commitVersion + 1, 1, 2, 3})
	require.ErrorIs(t, err, ErrVersion)
	_, err = DecodeCommit(append(head(1), byte(kindAlterReplicas)+1, 0))
	require.ErrorIs(t, err, ErrVersion)
	_, err = DecodeCommit(append(head(1), 200, 3, 'n', 'e', 'w'))
	require.ErrorIs(t, err, ErrVersion)
	require.ErrorContains(t, err, "kind 200")
}

func TestDecodeRefusesWhatNoWriterWrites(t *testing.T) {
	id := string(make([]byte, 16))
	for _, c := range []struct{ name, entry, want string }{
		{"bytes left in an entry", "\x0c\x03\x01gx", "1 bytes are left over"},
		{"a number that is too long", "\x08\x02\x81\x00", "a number"},
		{"a number without an end", "\x08\x01\x80", "a number"},
		{"a number beyond 64 bits", "\x08\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "a number"},
		{"a string beyond the entry", "\x0c\x02\x05g", "5 bytes where 1 are left"},
		{"configs out of order", "\x05\x19" + id + "\x00\x00\x02\x01b\x00\x01a\x00", `"a" after "b"`},
		{"the same config twice", "\x05\x19" + id + "\x00\x00\x02\x01a\x00\x01a\x00", `"a" after "a"`},
		{"a bool of 2", "\x05\x13" + id + "\x02\x00\x00", "2 where at most 1"},
		{"no producer ids", "\x08\x01\x00", "0 ids"},
		{"a producer without a name", "\x09\x01\x00", "a name of 0 bytes"},
		{"a topic without an id", "\x02\x14" + id + "\x01t\x01\x00", "no topic id"},
		{"a commit without offsets", "\x0a\x03\x01g\x00", "no offsets"},
		{"a block without batches", "\x06\x14" + id + "\x00\x01\x01\x00", "without batches"},
		{"a partition that is too large", "\x07\x16" + id + "\x80\x80\x80\x80\x08\x00", "2147483648 where"},
		{"a seal of another epoch", "\x01\x11\x02" + id, "begins epoch 1, not 2"},
	} {
		_, err := DecodeCommit(append(head(1), c.entry...))
		require.ErrorIs(t, err, ErrCorrupt, c.name)
		require.ErrorContains(t, err, c.want, c.name)
	}
	_, err := DecodeCommit([]byte{commitVersion, 0, 0, 0, 0})
	require.ErrorIs(t, err, ErrCorrupt, "sequence number 0")
}

// TestDecodeBelievesNoLength: lists that claim to be long cost nothing.
func TestDecodeBelievesNoLength(t *testing.T) {
	huge := "\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
	id := string(make([]byte, 16))
	for _, c := range []struct{ name, raw, want string }{
		{"entries", string(head(0)[:4]) + huge, "a list of"},
		{"batches", string(head(1)) + "\x06\x1c" + id + "\x00\x01\x01" + huge, "a list of"},
		{"configs", string(head(1)) + "\x05\x1b" + id + "\x00\x00" + huge, "a list of"},
		{"strings", string(head(1)) + "\x05\x1a" + id + "\x00" + huge, "a list of"},
		{"offsets", string(head(1)) + "\x0a\x0b\x01g" + huge, "a list of"},
		{"partitions", string(head(1)) + "\x0b\x0b\x01g" + huge, "a list of"},
		{"name", string(head(1)) + "\x09\x09" + huge, "bytes where 0 are left"},
		{"payload", string(head(1)) + "\x09" + huge, "bytes where 0 are left"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := DecodeCommit([]byte(c.raw))
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, ErrCorrupt, c.name)
		require.ErrorContains(t, err, c.want, c.name)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), c.name)
	}
}

func TestValidate(t *testing.T) {
	id := topicID("t")
	long := strings.Repeat("n", 1<<15)
	batch := func(change func(*Batch)) Entry {
		b := by(1, 0, 0, 1)
		change(&b)
		return block(at(id, 0), b)
	}
	for name, e := range map[string]Entry{
		"no name":              &CreateTopic{ID: id, Partitions: 1},
		"long name":            &CreateTopic{ID: id, Name: long, Partitions: 1},
		"no id":                &CreateTopic{Name: "t", Partitions: 1},
		"no partitions":        &CreateTopic{ID: id, Name: "t"},
		"replicas below none":  &CreateTopic{ID: id, Name: "t", Partitions: 1, Replicas: -1},
		"too many replicas":    &CreateTopic{ID: id, Name: "t", Partitions: 1, Replicas: maxReplicas + 1},
		"too many of them":     &AlterReplicas{ID: id, Replicas: maxReplicas + 1},
		"too many partitions":  &CreateTopic{ID: id, Name: "t", Partitions: maxPartitions + 1},
		"negative count":       &CreatePartitions{ID: id, Count: -1},
		"empty block":          block(at(id, 0)),
		"negative partition":   block(at(id, -1), plain(1)),
		"negative position":    &Append{Partition: at(id, 0), Pos: -1, Len: 1, Batches: []Batch{plain(1)}},
		"no time, legacy":      &Append{Legacy: true, Partition: at(id, 0), Len: 1, Batches: []Batch{{Len: 1, Offsets: 1, TimeUnknown: true, ProducerID: -1}}},
		"a time, not known":    batch(func(b *Batch) { b.TimeUnknown = true }),
		"no length":            &Append{Partition: at(id, 0), Batches: []Batch{plain(1)}},
		"empty batch":          batch(func(b *Batch) { b.Len = 0 }),
		"no offsets":           batch(func(b *Batch) { b.Offsets = 0 }),
		"producer -2":          batch(func(b *Batch) { b.ProducerID = -2 }),
		"producer's epoch":     batch(func(b *Batch) { b.ProducerEpoch = -1 }),
		"producer's sequence":  batch(func(b *Batch) { b.BaseSequence = -1 }),
		"block over 2 GiB":     block(at(id, 0), Batch{Len: 1 << 30, Offsets: 1, ProducerID: -1}, Batch{Len: 1 << 30, Offsets: 1, ProducerID: -1}),
		"records of none":      &DeleteRecords{Partition: at(id, -1)},
		"long producer":        &NameProducer{Name: long},
		"long group":           &CommitOffsets{Group: long, Offsets: []CommitOffset{{}}},
		"long group, forget":   &DeleteOffsets{Group: long},
		"long group, delete":   &DeleteGroup{Group: long},
		"negative offset":      &CommitOffsets{Offsets: []CommitOffset{{Offset: -1}}},
		"leader epoch":         &CommitOffsets{Offsets: []CommitOffset{{LeaderEpoch: -2}}},
		"partition, committed": &CommitOffsets{Offsets: []CommitOffset{{Partition: at(id, -1)}}},
		"partition, forgotten": &DeleteOffsets{Partitions: []PartitionID{at(id, -1)}},
		"negative ids":         &ReserveProducerIDs{Count: -1},
		"same epoch":           &Seal{Next: 0},
		"skipped epoch":        &Seal{Next: 2},
	} {
		err := (&Commit{Seq: 1, Entries: []Entry{e}}).Validate()
		require.ErrorIs(t, err, ErrInvalid, name)
	}
	require.ErrorIs(t, (&Commit{}).Validate(), ErrInvalid)
	require.ErrorIs(t, (&Commit{Seq: 1, Epoch: maxEpoch}).Validate(), ErrInvalid)
	require.ErrorIs(t, (&Commit{Seq: 1, Entries: []Entry{&Seal{Next: 1}, &DeleteGroup{}}}).Validate(), ErrInvalid)
}

// FuzzDecodeCommit: what is accepted encodes to the same bytes, is valid, and can be applied.
func FuzzDecodeCommit(f *testing.F) {
	f.Add(AppendCommit(nil, everyEntry()))
	f.Add(AppendCommit(nil, sealCommit()))
	for _, e := range everyEntry().Entries {
		f.Add(AppendCommit(nil, &Commit{Seq: 1, Entries: []Entry{e}}))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := DecodeCommit(raw)
		if err != nil {
			return
		}
		require.NoError(t, c.Validate())
		require.Equal(t, raw, AppendCommit(nil, c))
		again, err := DecodeCommit(raw)
		require.NoError(t, err)
		require.True(t, reflect.DeepEqual(c, again))
		applyAnyhow(t, c)
	})
}

// applyAnyhow applies a commit to a small state as if it followed it.
func applyAnyhow(t *testing.T, c *Commit) {
	j := newJournal(t)
	id := TopicID{0: 0xaa, 15: 0x01}
	j.one(&CreateTopic{ID: id, Name: "t", Partitions: 1})
	j.append(at(id, 0), by(1, 0, 0, 5))
	partitions := int64(0)
	for i, e := range c.Entries {
		switch e := e.(type) {
		case *Seal:
			c.Entries[i] = &Seal{Next: j.state.Epoch + 1}
		case *CreateTopic:
			partitions += int64(e.Partitions)
		case *CreatePartitions:
			partitions += int64(e.Count)
		}
	}
	if partitions > 1<<12 {
		return // allowed, and slow
	}
	c.Epoch, c.Seq, c.Size = j.state.Epoch, j.state.Seq+1, 1<<40
	for _, e := range c.Entries {
		if a, ok := e.(*Append); ok {
			a.Pos %= 1 << 39 // the object is that long
		}
	}
	_, err := j.state.Apply(c)
	require.NoError(t, err)
	require.NoError(t, j.state.Check())
}
