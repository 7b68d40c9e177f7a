package meta

import (
	"encoding/binary"
	"fmt"
)

// bucket is a bbolt bucket of the metadata file; doc.go describes them.
type bucket int

const (
	inPosition bucket = iota
	inTopics
	inPartitions
	inExtents
	inProducers
	inSegments
	inOffsets
	inNames
)

var buckets = [...]string{"position", "topics", "partitions", "extents", "producers", "segments", "offsets", "names"}

// fileVersion is the format of the metadata file.
const fileVersion = 1

var positionKey = []byte("position")

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
	if v := r.uvarint(); r.err == nil && v != fileVersion {
		return fmt.Errorf("%w: metadata file version %d, this program reads %d", ErrVersion, v, fileVersion)
	}
	s.Cluster, s.Epoch, s.Seq = r.id(), uint32(r.max(1<<32-1)), r.uvarint()
	s.SeqEpoch, s.Time, s.lastExpiry = uint32(r.max(1<<32-1)), r.varint(), r.varint()
	s.nextProducer = r.int64()
	return r.end()
}

func (t *Topic) appendValue(dst []byte) []byte {
	dst = binary.AppendVarint(appendString(dst, t.Name), t.CreatedAt)
	return appendConfigs(binary.AppendUvarint(dst, uint64(len(t.Partitions))), t.Configs)
}

func (s *State) readTopic(k, r *reader) {
	t := &Topic{ID: k.id(), Name: r.string(), CreatedAt: r.varint()}
	n := r.max(maxPartitions)
	t.Configs = r.configs()
	if r.end() == nil && k.end() == nil {
		s.addTopic(t)
		s.growTopic(t, int32(n))
	}
}

func appendPartitionKey(dst []byte, p PartitionID) []byte {
	return binary.BigEndian.AppendUint32(append(dst, p.Topic[:]...), uint32(p.Index))
}

// fixed32 and fixed64 read the big-endian numbers of a key.
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

// keyPartition reads the partition of a key; it must exist.
func (s *State) keyPartition(k *reader) *Partition {
	id := PartitionID{k.id(), int32(k.fixed32())}
	p, err := s.findPartition(id)
	if err != nil {
		k.fail("a key of partition %d of topic %x: %v", id.Index, id.Topic, err)
		return &Partition{}
	}
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

func (s *State) readPartition(k, r *reader) {
	p := s.keyPartition(k)
	p.LogStart, p.HighWatermark = r.int64(), r.int64()
	if n := r.count(2); n > 0 {
		p.Epochs = make([]EpochStart, n)
	}
	for i := range p.Epochs {
		p.Epochs[i] = EpochStart{r.int32(), r.int64()}
	}
}

func appendExtentKey(dst []byte, k extentKey) []byte {
	return binary.BigEndian.AppendUint64(appendPartitionKey(dst, k.partition), uint64(k.base))
}

func (e *Extent) appendValue(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(e.Count))
	dst = binary.AppendUvarint(dst, e.Segment)
	dst = binary.AppendUvarint(dst, uint64(e.Pos))
	dst = binary.AppendUvarint(dst, uint64(e.Len))
	dst = binary.AppendUvarint(dst, uint64(e.From))
	dst = binary.AppendUvarint(dst, uint64(e.To))
	return binary.AppendVarint(dst, e.MaxTimestamp)
}

// readExtent relies on the order of the keys: a partition's extents come ascending.
func (s *State) readExtent(k, r *reader) {
	p := s.keyPartition(k)
	e := Extent{Base: int64(k.fixed64()), Count: r.int32(), Segment: r.uvarint(), Pos: r.int64(), Len: r.int32(), From: r.int32(), To: r.int32(), MaxTimestamp: r.varint()}
	g := s.segments[e.Segment]
	if g == nil {
		r.fail("extent %d of %x/%d is in segment %d, which is unknown", e.Base, p.ID.Topic, p.ID.Index, e.Segment)
		return
	}
	g.Extents++
	p.Extents = append(p.Extents, e)
}

func appendProducerKey(dst []byte, k producerKey) []byte {
	return binary.BigEndian.AppendUint64(appendPartitionKey(dst, k.partition), uint64(k.id))
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

func (s *State) readProducer(k, r *reader) {
	part := s.keyPartition(k)
	p := &Producer{ID: int64(k.fixed64()), Epoch: int16(r.max(1<<15 - 1)), LastTime: r.varint()}
	n := r.max(rememberedBatches)
	if n == 0 {
		r.fail("producer %d has no batch", p.ID)
		return
	}
	for range n {
		p.Batches = append(p.Batches, ProducerBatch{r.int32(), r.int32(), r.int64(), r.varint()})
	}
	if part.Producers == nil {
		part.Producers = make(map[int64]*Producer)
	}
	part.Producers[p.ID] = p
}

func (g *Segment) appendValue(dst []byte) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(g.Epoch)), uint64(g.Size))
}

func (s *State) readSegment(k, r *reader) {
	g := &Segment{ID: k.fixed64(), Epoch: uint32(r.max(1<<32 - 1)), Size: r.int64()}
	s.segments[g.ID] = g
}

func appendOffsetKey(dst []byte, k offsetKey) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(k.group)))
	return appendPartitionKey(append(dst, k.group...), k.partition)
}

func (o *GroupOffset) appendValue(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(o.Offset))
	dst = binary.AppendUvarint(dst, uint64(o.LeaderEpoch+1))
	return binary.AppendVarint(appendString(dst, o.Metadata), o.CommittedAt)
}

func (s *State) readOffset(k, r *reader) {
	var n uint16
	if b := k.bytes(2); b != nil {
		n = binary.BigEndian.Uint16(b)
	}
	group := string(k.bytes(uint64(n)))
	p := s.keyPartition(k)
	o := GroupOffset{r.int64(), int32(r.max(1<<31-1)) - 1, r.string(), r.varint()}
	if s.groups[group] == nil {
		s.groups[group] = make(map[PartitionID]GroupOffset)
	}
	s.groups[group][p.ID] = o
}

func (n namedProducer) appendValue(dst []byte) []byte {
	return binary.AppendVarint(binary.AppendUvarint(dst, uint64(n.ID)), n.Asked)
}

func (s *State) readName(k, r *reader) {
	s.producers[string(k.bytes(uint64(len(k.src))))] = namedProducer{r.int64(), r.varint()}
}
