package main

import (
	"encoding/binary"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"

	"streamhouse/integration/wire"
	"streamhouse/log"
)

// poison appends batches that lie about what is in them. The version of the first golden
// bucket looked at headers and checksums only and took them; a log that has them
// must open, and hand them out as they are. What a later version refuses is left out.
func (m *maker) poison() error {
	two := one("a", "b")
	named := map[string][]byte{
		"fewer records than it says": altered(two, 23, 9, 57, 10),
		"more records than it says":  altered(two, 23, 0, 57, 1),
		"offset deltas wrong":        offsetDeltas(two),
		"rubbish":                    rubbish(0, strings.Repeat("\xff\x00rubbish", 40)),
		"rubbish as gzip":            rubbish(1, "\x1f\x8b\x08 is no gzip"),
		"rubbish as snappy":          rubbish(2, "\xff\xff\xff\xff\xff\xff"),
		"rubbish as lz4":             rubbish(3, "\x04\x22\x4d\x18 is no lz4"),
		"rubbish as zstd":            rubbish(4, "\x28\xb5\x2f\xfd is no zstd"),
		"no records":                 rubbish(0, ""),
		"bytes behind the records":   rubbish(0, string(wire.Plain(0, wire.Record{Value: []byte("v")}).Uncompressed())+"more"),
		"base offset":                baseOffset(two),
		"no largest timestamp":       timestamps(two, baseTime, -1),
		"largest timestamp too low":  timestamps(two, baseTime, baseTime-1000),
		"largest timestamp too high": timestamps(two, baseTime, baseTime+1000),
		"no timestamps":              timestamps(two, -1, -1),
		"unknown attributes":         attributes(two, 0x7f80),
		"says LogAppendTime":         attributes(two, 0x08),
		"as many records as can be":  altered(two, 23, math.MaxInt32-1, 57, math.MaxInt32),
		"first sequence not 0":       wire.Sequenced(1<<40, 0, 77, "of a producer that nobody knows").Bytes(),
	}
	return m.with(func(o *opened) error {
		for _, name := range slices.Sorted(maps.Keys(named)) {
			topic := "poison." + strings.ReplaceAll(name, " ", ".")
			if err := o.create(log.TopicSpec{Name: topic, Partitions: 1}); err != nil {
				return err
			}
			pending, err := o.start(topic, 0, one("before"), named[name], one("behind"))
			if err != nil {
				return err
			}
			results, err := pending.Wait(m.ctx)
			if err != nil {
				return err
			}
			if refused := results[1].Err; refused != nil {
				slog.Info("a batch is refused and left out", "batch", name, "error", refused)
			}
		}
		return nil
	})
}

// altered sets two 32-bit fields of a copy of a batch, at their places in its header, and seals it.
func altered(batch []byte, at1 int, v1 int32, at2 int, v2 int32) []byte {
	b := append([]byte(nil), batch...)
	binary.BigEndian.PutUint32(b[at1:], uint32(v1))
	binary.BigEndian.PutUint32(b[at2:], uint32(v2))
	wire.Seal(b)
	return b
}

// timestamps sets the base and the largest timestamp of a copy, in milliseconds since 1970.
func timestamps(batch []byte, base, latest int64) []byte {
	b := append([]byte(nil), batch...)
	binary.BigEndian.PutUint64(b[27:], uint64(base))
	binary.BigEndian.PutUint64(b[35:], uint64(latest))
	wire.Seal(b)
	return b
}

// attributes sets the attributes of a copy: codec, timestamp type, and bits that mean nothing.
func attributes(batch []byte, a uint16) []byte {
	b := append([]byte(nil), batch...)
	binary.BigEndian.PutUint16(b[21:], a)
	wire.Seal(b)
	return b
}

// baseOffset sets the field that only the broker may set; it is outside the checksum.
func baseOffset(batch []byte) []byte {
	b := append([]byte(nil), batch...)
	binary.BigEndian.PutUint64(b, 12345)
	return b
}

// offsetDeltas gives both records the delta of the first.
func offsetDeltas(batch []byte) []byte {
	b := append([]byte(nil), batch...)
	second := 61 + 1 + int(b[61]>>1) // both records are short: their lengths take a byte
	b[second+3] = 0                  // behind length, attributes and timestamp delta
	wire.Seal(b)
	return b
}

// rubbish is a batch of one record, as its header says.
func rubbish(codec int16, payload string) []byte {
	b := wire.Plain(baseTime, wire.Record{})
	b.Attributes, b.Payload = codec, []byte(payload)
	return b.Bytes()
}
