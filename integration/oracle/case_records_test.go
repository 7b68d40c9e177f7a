package oracle

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/integration/wire"
)

// A time that stays the same from run to run, and within all limits: only what is too far ahead is refused
// by default.
const aTime = 1_700_000_000_000

func values(texts ...string) []wire.Record {
	var all []wire.Record
	for _, v := range texts {
		all = append(all, wire.Record{Value: []byte(v)})
	}
	return all
}

// plain is a batch of values at aTime.
func plain(texts ...string) wire.Batch { return wire.Plain(aTime, values(texts...)...) }

// edited is a batch whose bytes were changed and whose checksum fits again.
func edited(b wire.Batch, edit func([]byte)) []byte {
	raw := b.Bytes()
	edit(raw)
	wire.Seal(raw)
	return raw
}

// Places in a batch.
const (
	atBaseOffset = 0
	atLength     = 8
	atMagic      = 16
	atCRC        = 17
	atAttributes = 21
	atLastDelta  = 23
	atFirstTime  = 27
	atMaxTime    = 35
	atEpoch      = 51
	atSequence   = 53
	atCount      = 57
	atRecords    = 61
)

func put16(at int, v int16) func([]byte) {
	return func(b []byte) { binary.BigEndian.PutUint16(b[at:], uint16(v)) }
}

func put32(at int, v int32) func([]byte) {
	return func(b []byte) { binary.BigEndian.PutUint32(b[at:], uint32(v)) }
}

func put64(at int, v int64) func([]byte) {
	return func(b []byte) { binary.BigEndian.PutUint64(b[at:], uint64(v)) }
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b) // into memory
	_ = w.Close()
	return out.Bytes()
}

// produceCase is about requests; what a batch may be is in recordsCase.
func produceCase(s *script) {
	a := s.topic("a", 2)
	s.ask("one record", s.produceTo(a, part(0, plain("1").Bytes())))
	s.ask("two partitions", s.produceTo(a, part(0, plain("2").Bytes()), part(1, plain("3").Bytes())))
	b := s.topic("b", 2)
	s.ask("a partition twice", s.produceTo(b, part(0, plain("4").Bytes()), part(0, plain("5").Bytes())))
	s.ask("no such partition", s.produceTo(a, part(2, plain("6").Bytes()), part(0, plain("7").Bytes())))
	s.ask("partition -1", s.produceTo(a, part(-1, plain("8").Bytes())))
	s.ask("no partitions", s.produceTo(a))
	s.ask("no such topic", s.produceTo(s.name("nobody"), part(0, plain("9").Bytes())))
	s.ask("a name that cannot be", s.produceTo(s.name("x/y"), part(0, plain("9").Bytes())))
	none := s.produceTo(a)
	none.Topics = nil
	s.ask("no topics", none)
	twice := s.produceTo(b, part(0, plain("10").Bytes()))
	twice.Topics = append(twice.Topics, s.produceTo(b, part(1, plain("11").Bytes())).Topics...)
	s.ask("a topic twice", twice)
	both := s.produceTo(a, part(0, plain("12").Bytes()))
	both.Topics = append(both.Topics, s.produceTo(s.name("nobody"), part(0, plain("13").Bytes())).Topics...)
	s.ask("one topic of two exists", both)
	// Null records would be next: Kafka never answers them, nor anything behind them.
	s.ask("empty records", s.produceTo(a, part(0, []byte{})))
	for _, acks := range []int16{1, 2, -2} {
		req := s.produceTo(a, part(0, plain("14").Bytes()))
		req.Acks = acks
		s.ask("acks "+itoa(int64(acks)), req)
	}
	silent := s.produceTo(a, part(0, plain("15").Bytes()))
	silent.Acks = 0
	s.tell("acks 0", silent)
	silent = s.produceTo(s.name("nobody"), part(0, plain("16").Bytes()))
	silent.Acks = 0
	s.tell("acks 0, no such topic", silent)
	now := s.produceTo(a, part(0, plain("17").Bytes()))
	now.TimeoutMillis = 0
	s.ask("no time for it", now)
	now = s.produceTo(a, part(0, plain("18").Bytes()))
	now.TimeoutMillis = -1
	s.ask("less than no time", now)
	txn := s.produceTo(s.topic("c", 1), part(0, plain("19").Bytes()))
	txn.TransactionID = kmsg.StringPtr(s.name("txn"))
	s.ask("a transactional id with a plain batch", txn)
	s.ask("what is there", fetchOf(s, a, 0, 0))
	s.ask("what is there in partition 1", fetchOf(s, a, 1, 0))
	s.ask("what is there of what was sent twice", fetchOf(s, b, 0, 0))
}

// recordsCase sends batches of every kind to partitions of one topic, and reads each back.
func recordsCase(s *script) {
	if s.version < 3 {
		return // produceCase has these
	}
	type sending struct {
		name    string
		records []byte
	}
	two, seq := plain("a", "b"), wire.Sequenced(77_000, 0, 0, "a", "b")
	cat := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	now := time.Now()
	gz := plain("a", "b")
	gz.Attributes, gz.Payload = 1, gzipped(gz.Uncompressed())
	delta := wire.Plain(aTime, wire.Record{Value: []byte("a"), TimestampDelta: 5}, wire.Record{Value: []byte("b"), TimestampDelta: 3})
	keyed := wire.Plain(aTime, wire.Record{Key: []byte("k"), Headers: []kmsg.Header{{Key: "h", Value: []byte("v")}, {Key: "h"}}})
	huge := wire.Plain(aTime, wire.Record{Value: bytes.Repeat([]byte("x"), 1<<20)})
	sends := []sending{
		{"two records", two.Bytes()},
		{"key, headers and a null value", keyed.Bytes()},
		{"gzip", gz.Bytes()},
		{"times in no order", delta.Bytes()},
		{"base offset 7", edited(two, put64(atBaseOffset, 7))},
		{"base offset -1", edited(two, put64(atBaseOffset, -1))},
		{"leader epoch 9", edited(two, put32(12, 9))},
		{"checksum wrong", func() []byte { b := two.Bytes(); b[atCRC]++; return b }()},
		{"magic 0", edited(two, func(b []byte) { b[atMagic] = 0 })},
		{"magic 1", edited(two, func(b []byte) { b[atMagic] = 1 })},
		{"magic 3", edited(two, func(b []byte) { b[atMagic] = 3 })},
		{"magic -1", edited(two, func(b []byte) { b[atMagic] = 255 })},
		{"count 3 of 2", edited(two, put32(atCount, 3))},
		{"count 1 of 2", edited(two, put32(atCount, 1))},
		{"count 0 of 2", edited(two, put32(atCount, 0))},
		{"count -1", edited(two, put32(atCount, -1))},
		{"count and last delta 2 of 2", edited(two, func(b []byte) { put32(atCount, 3)(b); put32(atLastDelta, 2)(b) })},
		{"last delta 2 of 1", edited(two, put32(atLastDelta, 2))},
		{"last delta 0 of 1", edited(two, put32(atLastDelta, 0))},
		{"last delta -1", edited(two, put32(atLastDelta, -1))},
		{"no records", plain().Bytes()},
		{"no records, last delta 0", edited(plain(), put32(atLastDelta, 0))},
		{"control", edited(two, put16(atAttributes, 1<<5))},
		{"transactional", edited(seq, put16(atAttributes, 1<<4))},
		{"transactional without a producer", edited(two, put16(atAttributes, 1<<4))},
		{"log append time", edited(two, put16(atAttributes, 1<<3))},
		{"delete horizon", edited(two, put16(atAttributes, 1<<6))},
		{"unknown attribute", edited(two, put16(atAttributes, 1<<7))},
		{"codec 5", edited(two, put16(atAttributes, 5))},
		{"codec 7", edited(two, put16(atAttributes, 7))},
		{"gzip that is none", edited(two, put16(atAttributes, 1))},
		{"snappy that is none", edited(two, put16(atAttributes, 2))},
		{"lz4 that is none", edited(two, put16(atAttributes, 3))},
		{"zstd that is none", edited(two, put16(atAttributes, 4))},
		{"gzip, count 3 of 2", edited(gz, func(b []byte) { put32(atCount, 3)(b); put32(atLastDelta, 2)(b) })},
		{"gzip, last delta 5 of 1", edited(gz, put32(atLastDelta, 5))},
		{"gzip cut off", func() []byte { b := gz; b.Payload = b.Payload[:len(b.Payload)-9]; return b.Bytes() }()},
		{"gzip, bytes behind", func() []byte { b := gz; b.Payload = append(bytes.Clone(b.Payload), 0, 1, 2); return b.Bytes() }()},
		{"a record cut off", func() []byte {
			b := two
			b.Payload = b.Uncompressed()
			b.Payload = b.Payload[:len(b.Payload)-1]
			return b.Bytes()
		}()},
		{"bytes behind the records", func() []byte { b := two; b.Payload = append(b.Uncompressed(), 0); return b.Bytes() }()},
		{"a record's length wrong", edited(two, func(b []byte) { b[atRecords] += 2 })},
		{"a record's attributes", edited(two, func(b []byte) { b[atRecords+1] = 1 })},
		{"offset deltas 0, 0", edited(two, func(b []byte) { b[atRecords+8+3] = 0 })},
		{"offset deltas 0, 2", edited(two, func(b []byte) { b[atRecords+8+3] = 4 })},
		{"offset deltas 1, 1", edited(two, func(b []byte) { b[atRecords+3] = 2 })},
		{"length too small", edited(two, put32(atLength, 20))},
		{"length too large", func() []byte { b := two.Bytes(); put32(atLength, 500)(b); return b }()},
		{"length 0", edited(two, put32(atLength, 0))},
		{"length -1", edited(two, put32(atLength, -1))},
		{"cut off in its header", two.Bytes()[:40]},
		{"11 bytes", two.Bytes()[:11]},
		{"1 byte", []byte{0}},
		{"two batches", cat(two.Bytes(), two.Bytes())},
		{"two batches, the second cut off", cat(two.Bytes(), two.Bytes()[:50])},
		{"two batches, the second's checksum wrong", cat(two.Bytes(), func() []byte { b := two.Bytes(); b[atCRC]++; return b }())},
		{"bytes behind the batch", cat(two.Bytes(), []byte{0, 0, 0})},
		{"too large", huge.Bytes()},
		{"first time 0", wire.Plain(0, values("a")...).Bytes()},
		{"first time -1", wire.Plain(-1, values("a")...).Bytes()},
		{"first time -2", wire.Plain(-2, values("a")...).Bytes()},
		{"lowest time", wire.Plain(-1<<63, values("a")...).Bytes()},
		{"highest time", wire.Plain(1<<63-1, values("a")...).Bytes()},
		{"half an hour ahead", wire.Plain(now.Add(30*time.Minute).UnixMilli(), values("a")...).Bytes()},
		{"two hours ahead", wire.Plain(now.Add(2*time.Hour).UnixMilli(), values("a")...).Bytes()},
		{"max time below first", edited(two, put64(atMaxTime, aTime-5))},
		{"max time beyond all", edited(two, put64(atMaxTime, aTime+5))},
		{"max time -1", edited(two, put64(atMaxTime, -1))},
		{"producer without an epoch", edited(seq, put16(atEpoch, -1))},
		{"producer without a sequence", edited(seq, put32(atSequence, -1))},
		{"epoch without a producer", edited(two, put16(atEpoch, 0))},
		{"sequence without a producer", edited(two, put32(atSequence, 0))},
		{"producer -2", edited(seq, put64(43, -2))},
	}
	for magic := range int8(2) {
		sends = append(sends, sending{"a message of magic " + itoa(int64(magic)), message(magic, "a")})
	}
	two4 := plain("a", "b")
	two4.Attributes = 3
	lz := func(flags byte, frames int) []byte { // stored blocks, so that nothing depends on a compressor
		b := two4
		for range frames {
			b.Payload = append(b.Payload, lz4Frame(flags, two4.Uncompressed())...)
		}
		return b.Bytes()
	}
	many := wire.Plain(aTime, wire.Record{Headers: make([]kmsg.Header, 1<<16+1)})
	noTime := plain("a")
	sends = append(sends,
		sending{"lz4", lz(0x60, 1)},
		sending{"lz4 in two frames", lz(0x60, 2)},
		sending{"lz4, bytes behind", func() []byte { b := two4; b.Payload = append(lz4Frame(0x60, b.Uncompressed()), 0, 1); return b.Bytes() }()},
		sending{"lz4 whose blocks depend", lz(0x40, 1)},
		sending{"a key of -2 bytes", edited(two, func(b []byte) { b[atRecords+4] = 3 })},
		sending{"a length in 6 bytes", func() []byte {
			b := two
			plain := b.Uncompressed()
			b.Payload = append([]byte{plain[0] | 0x80, 0x80, 0x80, 0x80, 0x80, 0}, plain[1:]...)
			return b.Bytes()
		}()},
		sending{"a negative header count", edited(two, func(b []byte) { b[atRecords+7] = 1 })},
		sending{"65,537 headers", many.Bytes()},
		sending{"log append time and no time", edited(noTime, func(b []byte) { put16(atAttributes, 1<<3)(b); put64(atMaxTime, -1)(b) })},
		sending{"log append time and another time", edited(noTime, func(b []byte) { put16(atAttributes, 1<<3)(b); put64(atMaxTime, aTime+5)(b) })},
		sending{"gzip, max time -1", edited(gz, put64(atMaxTime, -1))},
	)
	t := s.topic("records", int32(len(sends)))
	for i, c := range sends {
		s.ask(c.name, s.produceTo(t, part(int32(i), c.records)))
	}
	for i, c := range sends {
		s.ask(c.name+", read", fetchOf(s, t, int32(i), 0))
	}
}

// lz4Frame is a frame of one stored block: with flags 0x60 of independent blocks, with 0x40 of dependent ones.
func lz4Frame(flags byte, plain []byte) []byte {
	frame := []byte{0x04, 0x22, 0x4d, 0x18, flags, 0x40}
	frame = append(frame, byte(xxHash32(frame[4:])>>8))
	frame = binary.LittleEndian.AppendUint32(frame, uint32(len(plain))|1<<31)
	return append(append(frame, plain...), 0, 0, 0, 0)
}

// xxHash32 is the checksum of LZ4 frames, seed 0, of less than four bytes.
func xxHash32(src []byte) uint32 {
	const p1, p2, p3, p5 = 2654435761, 2246822519, 3266489917, 374761393
	h := uint32(p5) + uint32(len(src))
	for _, c := range src {
		h = bits.RotateLeft32(h+uint32(c)*p5, 11) * p1
	}
	h = (h ^ h>>15) * p2
	h = (h ^ h>>13) * p3
	return h ^ h>>16
}

// message is a set of one message from before Kafka 0.11.
func message(magic int8, value string) []byte {
	rest := []byte{byte(magic), 0} // no attributes
	if magic == 1 {
		rest = binary.BigEndian.AppendUint64(rest, aTime)
	}
	rest = binary.BigEndian.AppendUint32(rest, 1<<32-1) // no key
	rest = append(binary.BigEndian.AppendUint32(rest, uint32(len(value))), value...)
	set := binary.BigEndian.AppendUint64(nil, 0) // its offset
	set = binary.BigEndian.AppendUint32(set, uint32(4+len(rest)))
	return append(binary.BigEndian.AppendUint32(set, crc32.ChecksumIEEE(rest)), rest...)
}

// sequencesCase is about idempotent producers.
func sequencesCase(s *script) {
	if s.version < 3 {
		return // produceCase has these
	}
	t := s.topic("t", 6)
	send := func(name string, partition int32, batches ...wire.Batch) {
		var raw []byte
		for _, b := range batches {
			raw = append(raw, b.Bytes()...)
		}
		s.ask(name, s.produceTo(t, part(partition, raw)))
	}
	id := s.producerID()
	at := func(epoch int16, sequence int32, texts ...string) wire.Batch {
		return wire.Sequenced(id, epoch, sequence, texts...)
	}
	send("the first batch", 0, at(0, 0, "a", "b"))
	send("it again", 0, at(0, 0, "a", "b"))
	send("the next", 0, at(0, 2, "c"))
	send("the first again", 0, at(0, 0, "a", "b"))
	send("a part of the first", 0, at(0, 0, "a"))
	send("the second record of the first", 0, at(0, 1, "b"))
	send("a gap", 0, at(0, 9, "x"))
	for i := range int32(6) {
		send("one of many: "+itoa(int64(i)), 0, at(0, 3+i, "m"))
	}
	send("the first, long ago", 0, at(0, 0, "a", "b"))
	send("the next epoch, not from 0", 0, at(1, 9, "x"))
	send("the next epoch", 0, at(1, 0, "y"))
	send("the old epoch", 0, at(0, 9, "x"))
	send("epoch 5", 0, at(5, 0, "z"))
	send("not from 0, in an empty partition", 3, at(0, 5, "a"))
	send("somebody's record", 1, plain("0"))
	send("not from 0", 1, at(0, 5, "a"))
	send("and on", 1, at(0, 6, "b"))
	send("before it", 1, at(0, 4, "b"))
	send("epoch 3 first", 2, at(3, 0, "a"))
	send("then epoch 2", 2, at(2, 0, "a"))
	send("two batches", 3, at(0, 0, "a"), at(0, 1, "b"))
	send("somebody's record again", 4, plain("0"))
	send("near the highest sequence", 4, at(0, 1<<31-2, "a"))
	send("over the highest sequence", 4, at(0, 1<<31-1, "b", "c"))
	send("after the highest sequence", 4, at(0, 1, "d"))
	send("sequence -2", 5, at(0, -2, "a"))
	stranger := wire.Sequenced(1<<40, 0, 0, "a")
	send("a producer that nobody has met", 5, stranger)
	for i := range int32(6) {
		s.ask("partition "+itoa(int64(i)), fetchOf(s, t, i, 0))
	}
}

// producerID asks for one.
func (s *script) producerID() int64 {
	req := kmsg.NewPtrInitProducerIDRequest()
	req.ProducerID, req.ProducerEpoch = -1, -1
	resp := s.do(req).(*kmsg.InitProducerIDResponse)
	require.Zero(s, resp.ErrorCode)
	return resp.ProducerID
}

func initProducerIDCase(s *script) {
	ask := func(name string, id int64, epoch int16) {
		req := kmsg.NewPtrInitProducerIDRequest()
		req.ProducerID, req.ProducerEpoch = id, epoch
		s.ask(name, req)
	}
	ask("a new one", -1, -1)
	ask("another", -1, -1)
	if s.version >= 3 { // before, there is no id in the request
		have := s.producerID()
		ask("with an id", have, 0)
		ask("an id without an epoch", have, -1)
		ask("an epoch without an id", -1, 0)
		ask("ids below -1", -5, -5)
	}
	empty := kmsg.NewPtrInitProducerIDRequest()
	empty.TransactionalID = kmsg.StringPtr("")
	s.ask("an empty transactional id", empty)
}

// topicRecordsCase sends records to topics whose configs say what may be sent.
func topicRecordsCase(s *script) {
	if s.version < 3 {
		return
	}
	s.hide["Configs"] = true
	send := func(name string, b wire.Batch, configs ...string) {
		topic := strings.ReplaceAll(name, " ", "-")
		s.ask(name+": the topic", createTopics(newTopic(s.name(topic), 1, configs...)))
		s.ask(name, s.produceTo(s.name(topic), part(0, b.Bytes())))
		s.ask(name+": read", fetchOf(s, s.name(topic), 0, 0))
	}
	now := time.Now().UnixMilli()
	gz := plain("a", "b")
	gz.Attributes, gz.Payload = 1, gzipped(gz.Uncompressed())
	keyed := wire.Plain(aTime, wire.Record{Key: []byte("k"), Value: []byte("v")}, wire.Record{Key: []byte("k")})
	send("log append time", plain("a", "b"), "message.timestamp.type", "LogAppendTime")
	stamped := plain("a")
	stamped.Attributes = 1 << 3
	send("log append time said by the producer", stamped, "message.timestamp.type", "LogAppendTime")
	send("log append time gzipped", gz, "message.timestamp.type", "LogAppendTime")
	send("too old", plain("a"), "message.timestamp.before.max.ms", "1000")
	send("no time and a limit", wire.Plain(-1, values("a")...), "message.timestamp.before.max.ms", "1000")
	send("not too old", wire.Plain(now, values("a")...), "message.timestamp.before.max.ms", "3600000")
	send("too new", wire.Plain(now+600_000, values("a")...), "message.timestamp.after.max.ms", "1000")
	send("one of two too new", wire.Plain(now, wire.Record{Value: []byte("a")}, wire.Record{Value: []byte("b"), TimestampDelta: 600_000}), "message.timestamp.after.max.ms", "1000")
	send("too new for log append time", wire.Plain(now+600_000, values("a")...), "message.timestamp.after.max.ms", "1000", "message.timestamp.type", "LogAppendTime")
	send("as large as may be", plain("a"), "max.message.bytes", itoa(int64(len(plain("a").Bytes()))))
	send("a byte too large", plain("a"), "max.message.bytes", itoa(int64(len(plain("a").Bytes())-1)))
	send("two replicas in sync", plain("a"), "min.insync.replicas", "2")
	send("compacted with keys", keyed, "cleanup.policy", "compact")
	send("compacted without keys", plain("a"), "cleanup.policy", "compact")
	send("uncompressed wanted", gz, "compression.type", "uncompressed")
	send("gzip wanted and sent", gz, "compression.type", "gzip")
}
