package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/kafka/wire"
	"streamhouse/log"
)

// fetchResponse is the answer to a Fetch, for versions that the request table
// has. It is encoded here and not by kmsg, so that the records need not be copied together first. Its fields are those of
// Kafka's FetchResponse.json without what is always the same. An error code has the name that [errorFields] looks for.
type fetchResponse struct {
	version   int16
	readAll   bool // isolation level read_uncommitted
	ErrorCode int16
	Topics    []fetchedTopic
}

// fetchedTopic has the name up to version 12, and from 13 on the id (KIP-516).
type fetchedTopic struct {
	name       string
	id         [16]byte
	Partitions []fetchedPartition
}

type fetchedPartition struct {
	index     int32
	ErrorCode int16
	unread    bool // the error was found before anything was read
	log.ReadResult
}

func (r *fetchResponse) Key() int16       { return int16(kmsg.Fetch) }
func (r *fetchResponse) IsFlexible() bool { return r.version >= 12 }

// AppendTo encodes the whole answer into one piece.
func (r *fetchResponse) AppendTo(dst []byte) []byte {
	var p wire.Pieces
	r.AppendPieces(&p)
	for _, piece := range p.List() {
		dst = append(dst, piece...)
	}
	return dst
}

// AppendPieces encodes the answer with the records by reference. They are the engine's, shared by all readers, and never change.
func (r *fetchResponse) AppendPieces(p *wire.Pieces) {
	flexible := r.IsFlexible()
	p.Int32(0) // throttle time
	if r.version >= 7 {
		p.Int16(r.ErrorCode)
		p.Int32(0) // session id: none
	}
	p.Length(flexible, len(r.Topics))
	for i := range r.Topics {
		t := &r.Topics[i]
		if r.version >= 13 {
			p.UUID(t.id)
		} else {
			p.String(flexible, t.name)
		}
		p.Length(flexible, len(t.Partitions))
		for j := range t.Partitions {
			r.appendPartition(p, &t.Partitions[j])
		}
		p.NoTags(flexible)
	}
	p.NoTags(flexible)
}

func (r *fetchResponse) appendPartition(p *wire.Pieces, f *fetchedPartition) {
	flexible := r.IsFlexible()
	p.Int32(f.index)
	p.Int16(f.ErrorCode)
	p.Int64(f.HighWatermark)
	p.Int64(f.LastStable)
	if r.version >= 5 {
		p.Int64(f.LogStart)
	}
	aborted := -1 // null: nobody asked
	if !r.readAll && f.ErrorCode == 0 || f.unread {
		aborted = 0
	}
	p.Length(flexible, aborted)
	if r.version >= 11 {
		p.Int32(-1) // preferred replica: none
	}
	// No records are empty and never null, which librdkafka takes for a broken answer.
	p.Length(flexible, f.Bytes)
	for _, piece := range f.Records {
		p.Splice(piece)
	}
	p.NoTags(flexible)
}
