package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// fetchResponse is the answer to a Fetch, for versions that the request table
// has. It is encoded here and not by kmsg, so that the records need not be copied together first.
type fetchResponse struct {
	version   int16
	readAll   bool // isolation level read_uncommitted
	ErrorCode int16
	Topics    []fetchedTopic
}

type fetchedTopic struct {
	name       string
	id         [16]byte
	Partitions []fetchedPartition
}

type fetchedPartition struct {
	index     int32
	ErrorCode int16
	log.ReadResult
}

func (r *fetchResponse) Key() int16       { return int16(kmsg.Fetch) }
func (r *fetchResponse) IsFlexible() bool { return r.version >= 12 }

// AppendTo encodes the whole answer into one piece.
func (r *fetchResponse) AppendTo(dst []byte) []byte {
	p := r.appendPieces(nil)
	for _, piece := range p.list() {
		dst = append(dst, piece...)
	}
	return dst
}

// appendPieces encodes the answer behind what stands in buf.
func (r *fetchResponse) appendPieces(buf []byte) *pieces {
	flexible := r.IsFlexible()
	p := &pieces{buf: buf}
	p.int32(0) // throttle time
	if r.version >= 7 {
		p.int16(r.ErrorCode)
		p.int32(0) // session id: none
	}
	p.length(flexible, len(r.Topics))
	for i := range r.Topics {
		t := &r.Topics[i]
		if r.version >= 13 {
			p.buf = append(p.buf, t.id[:]...)
		} else {
			p.string(flexible, t.name)
		}
		p.length(flexible, len(t.Partitions))
		for j := range t.Partitions {
			r.appendPartition(p, &t.Partitions[j])
		}
		p.noTags(flexible)
	}
	p.noTags(flexible)
	return p
}

func (r *fetchResponse) appendPartition(p *pieces, f *fetchedPartition) {
	flexible := r.IsFlexible()
	p.int32(f.index)
	p.int16(f.ErrorCode)
	p.int64(f.HighWatermark)
	p.int64(f.LastStable)
	if r.version >= 5 {
		p.int64(f.LogStart)
	}
	aborted := 0
	if r.readAll {
		aborted = -1 // null: nobody asked
	}
	p.length(flexible, aborted)
	if r.version >= 11 {
		p.int32(-1) // preferred replica: none
	}
	// No records are empty and never null, which librdkafka takes for a broken answer.
	p.length(flexible, f.Bytes)
	for _, piece := range f.Records {
		p.add(piece)
	}
	p.noTags(flexible)
}
