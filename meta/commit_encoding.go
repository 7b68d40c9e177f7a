package meta

import (
	"encoding/binary"
	"fmt"
)

// commitVersion is the first byte of an encoded commit.
const commitVersion = 1

// kind tells the entries of a commit apart. The numbers are on disk for good.
type kind byte

const (
	kindSeal kind = 1 + iota
	kindCreateTopic
	kindDeleteTopic
	kindCreatePartitions
	kindAlterConfigs
	kindLegacyAppend
	kindDeleteRecords
	kindReserveProducerIDs
	kindNameProducer
	kindCommitOffsets
	kindDeleteOffsets
	kindDeleteGroup
	kindAppend
)

// Kinds from 20 on are about replicas.
const (
	kindCreateReplicated kind = 20 + iota
	kindAlterReplicas
)

var kindNames = [...]string{"none", "seal", "create topic", "delete topic", "create partitions", "alter configs", "legacy append",
	"delete records", "reserve producer ids", "name producer", "commit offsets", "delete offsets", "delete group", "append",
	kindCreateReplicated: "create replicated topic", kindAlterReplicas: "alter replicas"}

func (k kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", byte(k))
}

// AppendCommit appends a commit to dst. This is the specification of its bytes; log/segment/FORMAT.md says where
// in an object they stand:
//
//	version  byte     1
//	epoch    uvarint
//	seq      uvarint
//	time     varint   milliseconds since 1970
//	count    uvarint  of entries
//	entry    kind (byte), length of the payload (uvarint), payload; count times
//
// The payloads, field by field:
//
//	kind                     payload
//	 1 seal                  next epoch uvarint, owner 16 bytes
//	 2 create topic          topic id, name string, partitions uvarint, configs
//	 3 delete topic          topic id
//	 4 create partitions     topic id, count uvarint
//	 5 alter configs         topic id, replace (0 or 1), removed list of strings, configs
//	 6 legacy append         partition, position uvarint, length uvarint, list of batches; no longer written
//	 7 delete records        partition, offset varint (-1: the high watermark)
//	 8 reserve producer ids  count uvarint
//	 9 name producer         name string
//	10 commit offsets        group string, list of offsets
//	11 delete offsets        group string, list of partitions
//	12 delete group          group string
//	13 append                as 6, but the attributes of a batch are a uvarint: 16 bits, and above them 1 where the largest
//	                         timestamp is not known, which is 0 then
//	20 create replicated     as 2, then replicas uvarint, not 0
//	21 alter replicas        topic id, replicas uvarint
//
// Their parts:
//
//	uvarint    unsigned LEB128, in as few bytes as it takes
//	varint     the same of a zigzag number
//	string     length uvarint, bytes
//	list       count uvarint, elements
//	topic id   16 bytes
//	partition  topic id, index uvarint
//	configs    list of name string, value string; ascending by name
//	batch      length uvarint, offsets uvarint (last offset delta + 1), largest timestamp varint, attributes varint,
//	           producer id + 1 uvarint and, unless that is 0, epoch uvarint, base sequence uvarint
//	offset     partition, offset uvarint, leader epoch + 1 uvarint, metadata string
//
// A kind never changes its payload; what needs another gets another kind, which older
// versions refuse. The commit has passed [Commit.Validate].
func AppendCommit(dst []byte, c *Commit) []byte {
	dst = append(dst, commitVersion)
	dst = binary.AppendUvarint(dst, uint64(c.Epoch))
	dst = binary.AppendUvarint(dst, c.Seq)
	dst = binary.AppendVarint(dst, c.Time)
	dst = binary.AppendUvarint(dst, uint64(len(c.Entries)))
	for _, e := range c.Entries {
		dst = appendEntry(dst, e)
	}
	return dst
}

// EntrySize returns how many bytes a valid entry takes in a commit.
func EntrySize(e Entry) int { return len(appendEntry(nil, e)) }

// appendEntry writes the payload behind the place of its length, and moves it
// when the length takes more than the two bytes that it mostly does.
func appendEntry(dst []byte, e Entry) []byte {
	dst = append(dst, byte(e.kind()))
	at := len(dst)
	dst = append(dst, 0, 0)
	dst = e.append(dst)
	var size [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(size[:], uint64(len(dst)-at-2))
	switch {
	case n == 1:
		copy(dst[at+1:], dst[at+2:])
		dst = dst[:len(dst)-1]
	case n > 2:
		dst = append(dst, size[2:n]...) // room
		copy(dst[at+n:], dst[at+2:len(dst)-(n-2)])
	}
	copy(dst[at:], size[:n])
	return dst
}

// DecodeCommit decodes a commit, which src holds from end to end, and validates it.
// It keeps no reference to src, and allocates a small multiple of its length at most.
// Errors wrap ErrCorrupt, or ErrVersion for what a newer version has written. What it
// accepts encodes to the same bytes again.
func DecodeCommit(src []byte) (*Commit, error) {
	if len(src) == 0 || src[0] == 0 {
		return nil, fmt.Errorf("%w: no commit", ErrCorrupt)
	}
	if src[0] != commitVersion {
		return nil, fmt.Errorf("%w: commit version %d, this program reads %d", ErrVersion, src[0], commitVersion)
	}
	r := &reader{src: src[1:]}
	c := &Commit{Epoch: uint32(r.max(1<<32 - 1)), Seq: r.uvarint(), Time: r.varint()}
	if n := r.count(2); n > 0 {
		c.Entries = make([]Entry, n)
	}
	for i := range c.Entries {
		if c.Entries[i] = r.entry(); r.err != nil {
			return nil, r.err
		}
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return c, nil
}

// entry decodes one entry; its payload must be used up.
func (r *reader) entry() Entry {
	var k kind
	if b := r.bytes(1); b != nil {
		k = kind(b[0])
	}
	payload := reader{src: r.bytes(r.uvarint())}
	if r.err != nil {
		return nil
	}
	e := payload.payload(k)
	if err := payload.end(); e != nil && err != nil {
		r.err = fmt.Errorf("%w in an entry of kind %d (%s)", err, k, k)
	} else if e == nil {
		r.err = fmt.Errorf("%w: unknown entry kind %d", ErrVersion, k)
	}
	return e
}

func (r *reader) payload(k kind) Entry {
	switch k {
	case kindSeal:
		return &Seal{Next: uint32(r.max(1<<32 - 1)), Owner: r.id()}
	case kindCreateTopic:
		return r.createTopic(false)
	case kindDeleteTopic:
		return &DeleteTopic{ID: r.id()}
	case kindCreatePartitions:
		return &CreatePartitions{ID: r.id(), Count: r.int32()}
	case kindAlterConfigs:
		return &AlterConfigs{ID: r.id(), Replace: r.bool(), Remove: r.strings(), Set: r.configs()}
	case kindLegacyAppend:
		return r.appendEntry(true)
	case kindDeleteRecords:
		return &DeleteRecords{Partition: r.partition(), Offset: r.varint()}
	case kindReserveProducerIDs:
		return &ReserveProducerIDs{Count: r.int32()}
	case kindNameProducer:
		return &NameProducer{Name: r.string()}
	case kindCommitOffsets:
		return r.commitOffsets()
	case kindDeleteOffsets:
		return r.deleteOffsets()
	case kindDeleteGroup:
		return &DeleteGroup{Group: r.string()}
	case kindAppend:
		return r.appendEntry(false)
	case kindCreateReplicated:
		return r.createTopic(true)
	case kindAlterReplicas:
		return &AlterReplicas{ID: r.id(), Replicas: r.int32()}
	}
	return nil
}

func (r *reader) strings() []string {
	n := r.count(1)
	if n == 0 {
		return nil
	}
	list := make([]string, 0, n)
	for range n {
		list = append(list, r.string())
	}
	return list
}

func appendStrings(dst []byte, list []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, s := range list {
		dst = appendString(dst, s)
	}
	return dst
}
