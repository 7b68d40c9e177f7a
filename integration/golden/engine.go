package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/integration/wire"
	"streamhouse/log"
)

// topicsAndGroups writes every entry about topics, configs, offsets and groups, with the largest values that each may have.
func (m *maker) topicsAndGroups() error {
	return m.with(func(o *opened) error {
		err := errors.Join(
			o.create(
				log.TopicSpec{Name: "configured", Partitions: 1, Configs: map[string]string{
					"cleanup.policy": "delete", "compression.type": "producer", "max.message.bytes": "2097152",
					"message.timestamp.after.max.ms": "7200000", "message.timestamp.before.max.ms": "9223372036854775807",
					"message.timestamp.type": "LogAppendTime", "min.insync.replicas": "1",
					"retention.bytes": "-1", "retention.ms": "-1",
				}},
				log.TopicSpec{Name: "altered", Partitions: 3, Configs: map[string]string{"retention.ms": "1000", "retention.bytes": "5"}},
				log.TopicSpec{Name: "replaced", Partitions: 1, Configs: map[string]string{"retention.ms": "1000", "retention.bytes": "5"}},
				log.TopicSpec{Name: strings.Repeat("n", log.MaxTopicName), Partitions: 1},
				log.TopicSpec{Name: "wide", Partitions: 12},
			),
			o.append("configured", 0, [][]byte{one("stamped", "by the broker"), one("later")}),
		)
		if err != nil {
			return err
		}
		altered, err := o.partition("altered", 0)
		if err != nil {
			return err
		}
		last, wide := altered, altered
		last.Index = 4
		if wide, err = o.partition("wide", 11); err != nil {
			return err
		}
		return errors.Join(
			o.all(o.CreatePartitions([]log.PartitionsSpec{{Topic: "altered", Count: 5}}, false)),
			o.all(o.AlterConfigs([]log.ConfigChange{
				{Topic: "altered", Set: map[string]string{"retention.ms": "2000"}, Remove: []string{"retention.bytes"}},
				{Topic: "replaced", Replace: true, Set: map[string]string{"max.message.bytes": "100000"}},
			}, false)),
			// Commits of nothing but offsets: one position, many, the largest metadata, and the empty name.
			o.commit("engine", log.OffsetCommit{Partition: altered, Offset: 12, LeaderEpoch: 2, Metadata: "m"}, log.OffsetCommit{Partition: last, LeaderEpoch: -1}),
			o.commit("engine", log.OffsetCommit{Partition: wide, Offset: 1 << 40, LeaderEpoch: -1, Metadata: strings.Repeat("x", log.MaxOffsetMetadata)}),
			o.commit("", log.OffsetCommit{Partition: altered, Offset: 1, LeaderEpoch: -1}),
			o.commit("forgets", log.OffsetCommit{Partition: altered, Offset: 1}, log.OffsetCommit{Partition: last, Offset: 2}),
			o.commit("forgotten", log.OffsetCommit{Partition: altered, Offset: 1}),
			o.all(o.DeleteOffsets("forgets", []log.PartitionID{last})),
			o.all(o.DeleteGroups([]string{"forgotten"})),
		)
	})
}

// codecs appends the same records as each codec of batches holds them.
func (m *maker) codecs() error {
	plain := wire.Plain(baseTime,
		wire.Record{},
		wire.Record{Key: []byte{}, Value: []byte{}},
		wire.Record{Key: []byte{0, 0xff}, Value: bytes.Repeat([]byte("long "), 500), TimestampDelta: -5_000},
		wire.Record{TimestampDelta: 4_000, Headers: []kmsg.Header{
			{Key: "b", Value: []byte("2")}, {Key: "a", Value: []byte("1")}, {Key: "b", Value: []byte("2")},
			{Key: "", Value: []byte{}}, {Key: "null"}, {Key: "\xff\xfe not UTF-8", Value: []byte{0x80, 0}},
		}},
	)
	batches := [][]byte{plain.Bytes()}
	for _, codec := range []kgo.CompressionCodec{kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()} {
		compressor, err := kgo.DefaultCompressor(codec)
		if err != nil {
			return err
		}
		payload, kind := compressor.Compress(new(bytes.Buffer), plain.Uncompressed())
		b := plain
		b.Attributes, b.Payload = int16(kind), bytes.Clone(payload)
		batches = append(batches, b.Bytes())
		if kind == kgo.CodecSnappy {
			b.Payload = xerial(b.Payload)
			batches = append(batches, b.Bytes())
		}
	}
	var again [][]byte // the log keeps what it is given
	for _, b := range batches {
		again = append(again, bytes.Clone(b))
	}
	return m.with(func(o *opened) error {
		return errors.Join(
			o.create(log.TopicSpec{Name: "codecs", Partitions: 2}),
			o.append("codecs", 0, batches),
			o.append("codecs", 1, again),
		)
	})
}

// trusted appends a compressed batch that nobody looks at, beside one that is looked at.
func (m *maker) trusted() error {
	m.trust = true
	defer func() { m.trust = false }()
	return m.with(func(o *opened) error {
		return errors.Join(
			o.create(log.TopicSpec{Name: "trusted", Partitions: 1}),
			o.append("trusted", 0, [][]byte{one("before"), rubbish(1, "\x1f\x8b\x08 is no gzip"), one("behind")}),
		)
	})
}

// xerial frames a snappy block as the Java client does.
func xerial(block []byte) []byte {
	frame := []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1}
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(block)))
	return append(frame, block...)
}

// producers has idempotent producers do all that they may and may not do.
func (m *maker) producers() error {
	return m.with(func(o *opened) error {
		named, err := o.ProducerID(m.ctx, "engine")
		if err != nil {
			return err
		}
		id, err := o.ReserveProducerID(m.ctx)
		if err != nil {
			return err
		}
		seq := func(epoch int16, sequence int32, values ...string) []byte {
			return wire.Sequenced(id, epoch, sequence, values...).Bytes()
		}
		other := wire.Sequenced(named, 0, 1<<31-2, "before", "at", "behind the wrap").Bytes()
		return errors.Join(
			o.create(log.TopicSpec{Name: "producers", Partitions: 3}),
			// One block, whose second, fourth and last batch belong to nobody: extents with gaps between them.
			o.append("producers", 0, [][]byte{seq(0, 0, "0", "1"), seq(0, 0, "0", "1"), seq(0, 2, "2"), seq(0, 7, "a hole"), other, seq(0, 3, "3"), seq(0, 9, "a hole")},
				nil, nil, nil, log.ErrOutOfOrderSequence, nil, nil, log.ErrOutOfOrderSequence),
			// More than are remembered.
			o.append("producers", 0, [][]byte{seq(0, 4, "4"), seq(0, 5, "5"), seq(0, 6, "6"), seq(0, 7, "7"), seq(0, 8, "8"), seq(0, 2, "2")},
				nil, nil, nil, nil, nil, log.ErrOutOfOrderSequence),
			// The next epoch, and the old one behind it.
			o.append("producers", 0, [][]byte{seq(1, 1, "not 0"), seq(1, 0, "of epoch 1"), seq(0, 9, "fenced"), seq(1, 1, "goes on")},
				log.ErrOutOfOrderSequence, nil, log.ErrInvalidProducerEpoch, nil),
			o.append("producers", 0, [][]byte{wire.Sequenced(named, 0, 1, "goes on").Bytes(), one("of nobody")}),
			// As many as are remembered, and one; the oldest of them comes again.
			o.append("producers", 2, [][]byte{seq(2, 0, "0"), seq(2, 1, "1"), seq(2, 2, "2"), seq(2, 3, "3"), seq(2, 4, "4"), seq(2, 5, "5"), seq(2, 1, "1"), seq(2, 0, "0")},
				nil, nil, nil, nil, nil, nil, nil, log.ErrOutOfOrderSequence),
			// A flush of which nothing is kept.
			o.append("producers", 1, [][]byte{seq(5, 0, "begins late")}),
			o.append("producers", 1, [][]byte{seq(4, 0, "fenced")}, log.ErrInvalidProducerEpoch),
		)
	})
}

// blocks writes a block in each way that blocks are stored: zstd, as it is, and
// S2, which a flush takes that is sealed while another is under way.
func (m *maker) blocks() error {
	return m.with(func(o *opened) error {
		if err := o.create(log.TopicSpec{Name: "blocks", Partitions: 3}); err != nil {
			return err
		}
		random := make([]byte, 2000)
		rand.NewChaCha8([32]byte{}).Read(random)
		compressible := one(strings.Repeat("compressible ", 300))
		if err := errors.Join(
			o.append("blocks", 0, [][]byte{compressible}),
			o.append("blocks", 1, [][]byte{one(string(random))}),
			// More than one block holds.
			o.append("blocks", 1, [][]byte{one(strings.Repeat("a", 600_000)), one(strings.Repeat("b", 600_000)), one(strings.Repeat("c", 1_000_000))}),
		); err != nil {
			return err
		}
		var first *log.Pending[[]log.AppendResult]
		return o.overlapping(func() (err error) {
			first, err = o.start("blocks", 2, bytes.Clone(compressible))
			return err
		}, func() error {
			err := o.append("blocks", 2, [][]byte{bytes.Clone(compressible), one("in the same block")})
			if err != nil {
				return err
			}
			_, err = first.Wait(m.ctx)
			return err
		})
	})
}

// deletions moves the starts of logs: into batches, into extents, and to the end.
func (m *maker) deletions() error {
	return m.with(func(o *opened) error {
		err := errors.Join(
			o.create(log.TopicSpec{Name: "trimmed", Partitions: 3}, log.TopicSpec{Name: "dropped", Partitions: 1}),
			o.append("trimmed", 0, [][]byte{one("0", "1", "2"), one("3", "4", "5"), one("6")}),
			o.append("trimmed", 0, [][]byte{one("7"), one("8")}),
			o.append("trimmed", 1, [][]byte{one("all"), one("of it")}),
		)
		if err != nil {
			return err
		}
		trimmed, err := o.partition("trimmed", 0)
		if err != nil {
			return err
		}
		emptied := trimmed
		emptied.Index = 1
		for _, spec := range []log.DeleteSpec{
			{Partition: trimmed, Offset: 1}, // in the middle of a batch
			{Partition: trimmed, Offset: 4}, // in the middle of the second, of the same extent
			{Partition: emptied, Offset: -1},
		} {
			results, err := o.DeleteRecords([]log.DeleteSpec{spec}).Wait(m.ctx)
			if err := errors.Join(err, results[0].Err); err != nil {
				return err
			}
		}
		return m.appendAndDelete(o)
	})
}

// appendAndDelete writes records, commits an offset and deletes the topic in one
// flush; another topic takes the name in the next.
func (m *maker) appendAndDelete(o *opened) error {
	p, err := o.partition("dropped", 0)
	if err != nil {
		return err
	}
	if err := o.append("dropped", 0, [][]byte{one("of the flush before")}); err != nil {
		return err
	}
	appended, err := o.start("dropped", 0, one("dropped with its topic"))
	if err != nil {
		return err
	}
	committed := o.CommitOffsets("dropped", []log.OffsetCommit{{Partition: p, Offset: 2}})
	deleted := o.DeleteTopics([]log.TopicID{p.Topic})
	results, err := appended.Wait(m.ctx)
	if err != nil {
		return err
	}
	return errors.Join(
		results[0].Err, o.all(committed), o.all(deleted),
		o.create(log.TopicSpec{Name: "dropped", Partitions: 2}),
		o.append("dropped", 0, [][]byte{one("of the other topic")}),
		m.appendTooLate(o),
	)
}

// appendTooLate writes records whose topic is deleted by the flush before theirs: they are in the bucket, and in no topic.
func (m *maker) appendTooLate(o *opened) error {
	if err := o.create(log.TopicSpec{Name: "late", Partitions: 1}); err != nil {
		return err
	}
	p, err := o.partition("late", 0)
	if err != nil {
		return err
	}
	var deleted *log.Pending[[]error]
	return o.overlapping(func() error {
		deleted = o.DeleteTopics([]log.TopicID{p.Topic})
		return nil
	}, func() error {
		err := o.append("late", 0, [][]byte{one("too late")}, log.ErrTopicNotFound)
		return errors.Join(err, o.all(deleted))
	})
}

// end leaves the metadata file of the last broker.
func (m *maker) end() error {
	err := m.with(func(o *opened) error {
		return o.append("kafka", 0, [][]byte{one("the last")})
	})
	if err != nil {
		return err
	}
	if err := os.Rename(m.path("engine.db"), m.path(lateName)); err != nil {
		return fmt.Errorf("the last metadata file: %w", err)
	}
	return nil
}
