package meta

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// bucket is a bbolt bucket of the metadata file; doc.go describes them.
type bucket int

const (
	inTopics bucket = iota
	inPartitions
	inExtents
	inProducers
	inSegments
	inOffsets
	inNames
)

var buckets = [...]string{"topics", "partitions", "extents", "producers", "segments", "offsets", "names"}

// fileVersion is the format of all values of the metadata file. A file of another
// version is built anew from the journal or, where that is too slow one day, converted. Version 1 is
// read as it is: version 2 only adds the mark of extents whose largest timestamp is not known, version 3 the replicas of topics.
const (
	fileVersion       = 3
	oldestFileVersion = 1
)

func (s *State) appendPosition(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, fileVersion)
	dst = append(dst, s.Cluster[:]...)
	dst = binary.AppendUvarint(dst, uint64(s.Epoch))
	dst = binary.AppendUvarint(dst, s.Seq)
	dst = binary.AppendUvarint(dst, uint64(s.SeqEpoch))
	dst = binary.AppendVarint(dst, s.Time)
	dst = binary.AppendVarint(dst, s.lastExpiry)
	return binary.AppendUvarint(dst, uint64(s.nextProducer))
}

func (s *State) readPosition(r *reader) error {
	if v := r.uvarint(); r.err == nil && (v < oldestFileVersion || v > fileVersion) {
		return fmt.Errorf("%w: format %d, this program reads %d to %d", ErrVersion, v, oldestFileVersion, fileVersion)
	}
	s.Cluster, s.Epoch, s.Seq = r.id(), uint32(r.max(maxEpoch)), r.uvarint()
	s.SeqEpoch, s.Time, s.lastExpiry = uint32(r.max(maxEpoch)), r.varint(), r.varint()
	s.nextProducer = r.int64()
	return r.end()
}

// appendValue begins with a 0, as long as no name is, and the replicas where some were asked for.
func (t *Topic) appendValue(dst []byte) []byte {
	if t.Replicas > 0 {
		dst = binary.AppendUvarint(append(dst, 0), uint64(t.Replicas))
	}
	dst = binary.AppendVarint(appendString(dst, t.Name), t.CreatedAt)
	return appendConfigs(binary.AppendUvarint(dst, uint64(len(t.Partitions))), t.Configs)
}

func (l *loader) readTopic(k, r *reader) {
	t := &Topic{ID: k.id(), Name: r.string()}
	if t.Name == "" {
		if t.Replicas, t.Name = int32(r.max(maxReplicas)), r.string(); t.Replicas == 0 {
			r.fail("topic %q has replicas, and none", t.Name)
		}
	}
	t.CreatedAt = r.varint()
	n := int32(r.max(maxPartitions))
	t.Configs = r.configs()
	switch {
	case r.end() != nil || k.end() != nil:
	case n == 0 || t.Name == "" || l.byName[t.Name] != nil:
		r.fail("topic %q with %d partitions", t.Name, n)
	default:
		l.addTopic(t)
		l.growTopic(t, n)
		l.partitions += int(n)
	}
}

func appendPartitionKey(dst []byte, p PartitionID) []byte {
	return binary.BigEndian.AppendUint32(append(dst, p.Topic[:]...), uint32(p.Index))
}

// fixed16, fixed32 and fixed64 read the big-endian numbers of a key.
func (r *reader) fixed16() uint16 {
	if b := r.bytes(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) fixed32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) fixed64() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// keyPartition reads the partition of a key; it must exist. The result is valid even
// after an error.
func (l *loader) keyPartition(k *reader) *Partition {
	id := PartitionID{k.id(), int32(k.fixed32())}
	if id == l.last.ID {
		return l.last // neighbours mostly share it
	}
	p := l.Partition(id)
	if p == nil {
		k.fail("there is no partition %d of topic %x", id.Index, id.Topic)
		return &Partition{}
	}
	l.last = p
	return p
}

func (p *Partition) appendValue(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(p.LogStart))
	dst = binary.AppendUvarint(dst, uint64(p.HighWatermark))
	dst = binary.AppendUvarint(dst, uint64(len(p.Epochs)))
	for _, e := range p.Epochs {
		dst = binary.AppendUvarint(dst, uint64(e.Epoch))
		dst = binary.AppendUvarint(dst, uint64(e.Start))
	}
	return dst
}

func (l *loader) readPartition(k, r *reader) {
	p := l.keyPartition(k)
	p.LogStart, p.HighWatermark = r.int64(), r.int64()
	if n := r.count(2); n > 0 {
		p.Epochs = make([]EpochStart, n)
	}
	for i := range p.Epochs {
		p.Epochs[i] = EpochStart{r.int32(), r.int64()}
	}
	l.partitions--
}

func appendExtentKey(dst []byte, p PartitionID, base int64) []byte {
	return binary.BigEndian.AppendUint64(appendPartitionKey(dst, p), uint64(base))
}

// appendValue begins with a 0, which no count is, where a largest timestamp is not known.
func (e *Extent) appendValue(dst []byte) []byte {
	if e.TimeUnknown {
		dst = append(dst, 0)
	}
	dst = binary.AppendUvarint(dst, uint64(e.Count))
	dst = binary.AppendUvarint(dst, e.Segment)
	dst = binary.AppendUvarint(dst, uint64(e.Pos))
	dst = binary.AppendUvarint(dst, uint64(e.Len))
	dst = binary.AppendUvarint(dst, uint64(e.From))
	dst = binary.AppendUvarint(dst, uint64(e.To))
	return binary.AppendVarint(dst, e.MaxTimestamp)
}

// readExtent relies on the order of the keys: the extents of a partition come one
// after the other, ascending. They are collected, to be stored in one piece.
func (l *loader) readExtent(k, r *reader) {
	p := l.keyPartition(k)
	if p != l.extentsOf {
		l.storeExtents()
		l.extentsOf = p
	}
	count := r.int32()
	unknown := count == 0
	if unknown {
		count = r.int32()
	}
	e := Extent{
		Base: int64(k.fixed64()), Count: count, TimeUnknown: unknown, Segment: r.uvarint(), Pos: r.int64(), Len: r.int32(),
		From: r.int32(), To: r.int32(), MaxTimestamp: r.varint(),
	}
	g := l.Segment(e.Segment)
	if g == nil {
		r.fail("extent %d is in segment %d, which is unknown", e.Base, e.Segment)
		return
	}
	g.Extents++
	l.extents = append(l.extents, e)
}

func (l *loader) storeExtents() {
	if l.extentsOf != nil {
		x := &l.extentsOf.Extents
		x.list = slices.Clone(l.extents)
		for i := range x.list {
			x.bytes += x.list[i].bytes()
		}
	}
	l.extents = l.extents[:0]
}

func appendProducerKey(dst []byte, p PartitionID, id int64) []byte {
	return binary.BigEndian.AppendUint64(appendPartitionKey(dst, p), uint64(id))
}

func (p *Producer) appendValue(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(p.Epoch))
	dst = binary.AppendVarint(dst, p.LastTime)
	dst = binary.AppendUvarint(dst, uint64(len(p.Batches)))
	for _, b := range p.Batches {
		dst = binary.AppendUvarint(dst, uint64(b.FirstSeq))
		dst = binary.AppendUvarint(dst, uint64(b.LastSeq))
		dst = binary.AppendUvarint(dst, uint64(b.Base))
		dst = binary.AppendVarint(dst, b.Timestamp)
	}
	return dst
}

func (l *loader) readProducer(k, r *reader) {
	p := l.keyPartition(k)
	w := &Producer{ID: int64(k.fixed64()), Epoch: int16(r.max(math.MaxInt16)), LastTime: r.varint()}
	n := r.max(rememberedBatches)
	if w.ID < 0 || n == 0 {
		r.fail("producer %d with %d batches", w.ID, n)
		return
	}
	w.Batches = make([]ProducerBatch, 0, rememberedBatches)
	for range n {
		w.Batches = append(w.Batches, ProducerBatch{r.int32(), r.int32(), r.int64(), r.varint()})
	}
	if p.Producers == nil {
		p.Producers = make(map[int64]*Producer)
	}
	p.Producers[w.ID] = w
}

func appendSegmentKey(dst []byte, id uint64) []byte { return binary.BigEndian.AppendUint64(dst, id) }

func (g *Segment) appendValue(dst []byte) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(g.Epoch)), uint64(g.Size))
}

// readSegment relies on the order of the keys, too.
func (l *loader) readSegment(k, r *reader) {
	l.segments = append(l.segments, Segment{ID: k.fixed64(), Epoch: uint32(r.max(maxEpoch)), Size: r.int64()})
}

func appendOffsetKey(dst []byte, k offsetKey) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(k.group)))
	return appendPartitionKey(append(dst, k.group...), k.partition)
}

func (o *GroupOffset) appendValue(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(o.Offset))
	dst = binary.AppendUvarint(dst, uint64(int64(o.LeaderEpoch)+1))
	return binary.AppendVarint(appendString(dst, o.Metadata), o.CommittedAt)
}

func (l *loader) readOffset(k, r *reader) {
	group := string(k.bytes(uint64(k.fixed16())))
	p := l.keyPartition(k)
	o := GroupOffset{r.int64(), r.leaderEpoch(), r.string(), r.varint()}
	if k.err == nil {
		l.setOffset(group, p.ID, o)
	}
}

func (n namedProducer) appendValue(dst []byte) []byte {
	return binary.AppendVarint(binary.AppendUvarint(dst, uint64(n.ID)), n.Asked)
}

func (l *loader) readName(k, r *reader) {
	l.names[string(k.bytes(uint64(len(k.src))))] = namedProducer{r.int64(), r.varint()}
}
